/*
 * A crash input made smaller while it shows the same bug: same bucket, kind,
 * access, security and severity (crash/verdict.h).  A target with a fork
 * server answers the cheap question first (the same signal?), so that a fresh
 * process and its report are needed only for candidates about to be taken.
 */
#ifndef LAGO_CORPUS_SHRINK_H
#define LAGO_CORPUS_SHRINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fail;

enum shrink_reason { SHRINK_MINIMAL, SHRINK_BUDGET, SHRINK_SIGNAL };

struct shrink {
	/* in */
	char *const *argv, *const *env; /* the target's, "@@" the input */
	const char *dir;		/* private */
	const char *file;		/* base name of the input file */
	const char *out;		/* always holds the smallest so far */
	const char *others; /* directory for other crashes, or NULL */
	double limit;	    /* seconds a run */
	double end;	    /* clock_mono(); 0 no limit */
	unsigned memory;    /* MiB; 0 no limit */
	int cpu;
	const int *crash_status; /* exit statuses that are crashes */
	size_t ncrash_status;

	/* out */
	enum shrink_reason reason;
	uint64_t bytes_in, bytes, execs, found; /* found: saved in others */
	char bucket[13];
};

/* 0; 1 when it does not crash (the same way twice): nothing is written. */
int shrink_input(struct shrink *s, const char *path, struct fail *f);

#endif
