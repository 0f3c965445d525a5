/*
 * A crash input made smaller while it shows the same bug (reduce/oracle.h).
 * The fastest way to run the target answers first (reduce/trier.h); a fresh
 * process and its report are asked now and then, more seldom the longer they
 * agree, and what they do not confirm is taken back.
 */
#ifndef LAGO_REDUCE_SHRINK_H
#define LAGO_REDUCE_SHRINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fail;
struct oracle;
struct strs;

enum shrink_reason { SHRINK_MINIMAL, SHRINK_BUDGET, SHRINK_SIGNAL };

struct shrink {
	/* in */
	char *const *argv, *const *env; /* the target's, "@@" the input */
	const char *dir;		/* private */
	const char *file;		/* base name of the input file */
	const char *out;		/* always holds the smallest so far */
	const char *others; /* directory for other crashes, or NULL */
	double limit;	    /* seconds a run */
	double from, end;   /* clock_mono(); end 0: no limit */
	struct strs *seen;  /* buckets that had their turn, or NULL */
	unsigned memory;    /* MiB; 0 no limit */
	const int *cpu;	    /* those to use */
	size_t cpus, workers;
	const int *crash_status; /* exit statuses that are crashes */
	size_t ncrash_status;
	int by;		    /* enum oracle_by */
	const char *script; /* of ORACLE_SCRIPT */
	unsigned tries,
	    votes; /* so many of so many runs show it; 0: found out */
	const struct strs *words; /* of a dictionary, or NULL */

	/* out */
	enum shrink_reason reason;
	uint64_t bytes_in, bytes, execs, found; /* found: saved in others */
	char bucket[13];
	double reached;	 /* clock_mono() when it was as small */
	const char *way; /* how it was run, for a person */
};

enum { SHRINK_SEEN = 2 };
/* SHRINK_SEEN: its bucket is one of those.  0; 1 when it does not crash (the
 * same way twice): nothing is written. */
int shrink_input(struct shrink *s, const char *path, struct fail *f);
/* What of s is its oracle's, for this command and environment. */
void shrink_oracle(const struct shrink *s, char *const *argv, char *const *env,
    struct oracle *o);

#endif
