/*
 * A crash as the machine sees it: run under ptrace, take signal, address and
 * registers where the process stops, unwind with libdw.  For programs without
 * sanitizer, for reports without frames, and for the stack of a timeout.
 *
 * One struct native serves any number of runs, one at a time; what it knows of
 * the modules is kept as long as they are mapped alike, so address space
 * randomisation off makes it fast.  x86-64 and aarch64; elsewhere there are
 * only signal and address.
 */
#ifndef LAGO_CRASH_NATIVE_H
#define LAGO_CRASH_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "crash/report.h"

struct exec;
struct exec_input;
struct fail;
struct native;
struct symbols;
struct symbols_place;

struct native_frame {
	uint64_t pc; /* in the call, not behind it */
	/* Path; NULL: in none, a bad address.  Valid until the next call. */
	const char *module;
	uint64_t offset;		   /* in the ELF file */
	const struct symbols_place *place; /* never NULL, may be empty */
};

enum { NATIVE_FRAMES = 128, NATIVE_CODE = 16 };

struct native_crash {
	int signal; /* 0: none came */
	int code;   /* si_code */
	/* si_addr of SEGV, BUS, ILL, FPE, TRAP.  For a non-canonical address
	 * the machine tells nothing: known is false. */
	bool known;
	uint64_t address;
	uint64_t pc, sp, bp;
	enum report_access access; /* what the instruction does with memory */
	unsigned char insn[NATIVE_CODE]; /* at pc */
	size_t ninsn;			 /* 0: pc cannot be read */
	struct native_frame v[NATIVE_FRAMES];
	size_t n;
	size_t depth; /* frames in all, counted up to 2,000 */
};

/* symbols stays the caller's. */
struct native *native_new(struct symbols *symbols);
void native_free(struct native *n); /* NULL is fine */

/*
 * exec_run under ptrace: the result is exec_result(e)'s, which also tells
 * whether the program died of it or handled it.  Of several signals the last
 * one counts, but not those that came inside a handler of an earlier one.  -1
 * as exec_run, or 69 when ptrace is not allowed here (the run went on
 * without).  The input's hooks are ours.
 */
int native_run(struct native *n, struct exec *e, const struct exec_input *in,
    struct native_crash *c, struct fail *f);

/* The stack of a running process; it goes on afterwards.  signal is 0.  All
 * threads are looked at and the busiest (else the first) is told. */
int native_sample(
    struct native *n, pid_t pid, struct native_crash *c, struct fail *f);

#endif
