/* Debuggers: gdb, lldb, valgrind. */
#include "crash/reader.h"

#include <signal.h>

#include "crash/kinds.h"
#include "crash/pat.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *name;
	int signo;
} signals[] = {
    {"SIGSEGV", SIGSEGV},
    {"SIGBUS", SIGBUS},
    {"SIGILL", SIGILL},
    {"SIGTRAP", SIGTRAP},
    {"SIGFPE", SIGFPE},
    {"SIGSYS", SIGSYS},
    {"SIGABRT", SIGABRT},
};

static int
signal_of(struct str name)
{
	for (size_t i = 0; i < N(signals); i++)
		if (str_eq(
			name, str_of(signals[i].name, strlen(signals[i].name))))
			return signals[i].signo;
	return 0;
}

static bool
open_signal(struct reader *r, struct str name, const char *tool)
{
	int signo = signal_of(name);

	if (signo == 0)
		return false;
	reader_open(r, kinds_of_signal(signo)->name, tool, true);
	r->now->signal = signo;
	return true;
}

/* Program received signal SIGSEGV, Segmentation fault.
 * Thread 2 "x" received signal SIGSEGV, Segmentation fault. */
static bool
received(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	return pat_match("%{Program%|Thread %N%*%} received signal %(%w%)",
		   line, cap) &&
	       open_signal(r, cap[0], "gdb");
}

/* Program terminated with signal SIGSEGV, Segmentation fault. */
static bool
terminated(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	return pat_match("Program terminated with signal %(%w%)", line, cap) &&
	       open_signal(r, cap[0], "gdb");
}

/* * thread #1, name = 'x', stop reason = signal SIGSEGV: ... */
static bool
stop_reason(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("%*stop reason = signal %(%w%)", line, cap) ||
	    !open_signal(r, cap[0], "gdb"))
		return false;
	r->now->has_address = pat_match("%*address=%(0x%H%)", line, cap) &&
			      frame_hex(&cap[0], false, &r->now->address);
	return true;
}

/* => 0x5555 <f+8>:	movl $0x1,(%rax)   The registers stand above it. */
static bool
arrow(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (r->now == NULL || !pat_match("=> %(0x%H%)", line, cap))
		return false;
	r->now->has_pc = frame_hex(&cap[0], false, &r->now->pc);
	r->now->insn = reader_keep(r, line);
	return true;
}

static bool
valgrind_open(struct reader *r, const char *kind)
{
	reader_open(r, kind, "valgrind", false);
	return true;
}

/* Invalid read of size 1; Invalid free() / delete / delete[] / realloc() */
static bool
vg_invalid(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (pat_match("==%N== Invalid %(%{read%|write%}%) of size %(%N%)", line,
		cap)) {
		valgrind_open(r, "segv");
		r->now->access =
		    cap[0].p[0] == 'r' ? REPORT_READ : REPORT_WRITE;
		frame_number(&cap[1], &r->now->size);
		return true;
	}
	if (pat_match("==%N== Invalid free()", line, NULL))
		return valgrind_open(r, "bad-free");
	if (pat_match("==%N== Mismatched free()", line, NULL))
		return valgrind_open(r, "alloc-dealloc-mismatch");
	return false;
}

static bool
vg_uninit(struct reader *r, struct str line)
{
	return pat_match("==%N== %{Conditional jump or move depends on%|Use of%"
			 "|Syscall param %*%}%*uninitialised",
		   line, NULL) &&
	       valgrind_open(r, "use-of-uninitialized-value");
}

static bool
vg_overlap(struct reader *r, struct str line)
{
	return pat_match("==%N== Source and destination overlap", line, NULL) &&
	       valgrind_open(r, "memcpy-param-overlap");
}

static bool
vg_lost(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	return pat_match("==%N== %*bytes in %*are %(%{definitely%|indirectly%}%"
			 ") lost in loss record",
		   line, cap) &&
	       valgrind_open(
		   r, cap[0].p[0] == 'd' ? "direct-leak" : "indirect-leak");
}

/* What valgrind says of the address decides what an invalid access is. */
static bool
vg_address(struct reader *r, struct str line)
{
	struct report *p = r->now;
	struct str cap[PAT_CAPTURES], about;
	bool inside, freed;

	if (p == NULL ||
	    !pat_match("==%N==%sAddress %(0x%H%) is %(%*%)", line, cap))
		return false;
	p->has_address = frame_hex(&cap[0], false, &p->address);
	about = cap[1];
	inside = pat_match("%N bytes inside a block of size", about, NULL);
	freed = str_ends(about, STR("free'd"));
	if (strcmp(p->kind->name, "bad-free") == 0) {
		if (freed)
			p->kind = kinds_find("double-free");
	} else if (freed && inside)
		p->kind = kinds_find("heap-use-after-free");
	else if (pat_match("%N bytes %{after%|before%} a block", about, NULL) ||
		 inside)
		p->kind = kinds_find("heap-buffer-overflow");
	else if (memmem(about.p, about.n, "on thread", 9) != NULL &&
		 memmem(about.p, about.n, "stack", 5) != NULL)
		p->kind = kinds_find("stack-buffer-overflow");
	reader_heading(r, freed ? REPORT_FREE : REPORT_ALLOC, STR(""));
	return true;
}

static bool
vg_block(struct reader *r, struct str line)
{
	if (r->now == NULL ||
	    !pat_match("==%N==%sBlock was alloc'd", line, NULL))
		return false;
	reader_heading(r, REPORT_ALLOC, STR(""));
	return true;
}

/* The end of it; the invalid access just before tells its direction. */
static bool
vg_terminating(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	enum report_access access;

	if (!pat_match("==%N== Process terminating with default action of "
		       "signal %N (%(%w%)",
		line, cap))
		return false;
	access = r->now != NULL ? r->now->access : REPORT_UNKNOWN;
	if (!open_signal(r, cap[0], "valgrind"))
		return false;
	if (r->now->signal == SIGSEGV || r->now->signal == SIGBUS)
		r->now->access = access;
	return true;
}

static bool
vg_mapped(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (r->now == NULL ||
	    !pat_match("==%N==%s%{Access not within mapped region%|Bad "
		       "permissions for mapped region%|General Protection "
		       "Fault%|Non-existent physical address%}%*at address "
		       "%(0x%H%)",
		line, cap))
		return false;
	r->now->has_address = frame_hex(&cap[0], false, &r->now->address);
	return true;
}

/* ==1==    at 0x1: f (x.c:3) */
static bool
vg_frame(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	struct frame f;

	if (!pat_match("==%N==%S%(%{at%|by%} 0x%*%)", line, cap) ||
	    !frame_valgrind(cap[0], &f))
		return false;
	reader_frame(r, &f);
	return true;
}

bool
readdbg_line(struct reader *r, struct str line, const struct words_set *has)
{
	static const struct reader_rule rules[] = {
	    {W_RECEIVED_SIGNAL, received},
	    {W_PROGRAM_TERMINATED, terminated},
	    {W_STOP_REASON, stop_reason},
	    {W_ARROW, arrow},
	    {W_VALGRIND_INVALID, vg_invalid},
	    {W_VALGRIND_COND, vg_uninit},
	    {W_VALGRIND_OVERLAP, vg_overlap},
	    {W_VALGRIND_LOST, vg_lost},
	    {W_VALGRIND_ADDRESS, vg_address},
	    {W_VALGRIND_BLOCK, vg_block},
	    {W_VALGRIND_TERM, vg_terminating},
	    {W_VALGRIND_MAPPED, vg_mapped},
	    {W_VALGRIND_AT, vg_frame},
	    {W_VALGRIND_BY, vg_frame},
	};

	return reader_rules(r, line, has, rules, N(rules));
}
