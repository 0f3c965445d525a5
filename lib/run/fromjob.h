/*
 * Ids instead of inputs and a command: lago-triage and lago-minimize without
 * "--".  The inputs are those that a home keeps; command, environment and limits
 * are the driver's of their job, whose bundle is unpacked for as long as it
 * takes.
 *
 *	fromjob_open(&j, home, f);
 *	fromjob_crashes(&j, id, f);		for each id
 *	sig_init();
 *	while ((rc = fromjob_next(&j, words, &status, f)) != 0)
 *		...
 *	fromjob_close(&j);
 *	sig_raise();
 */
#ifndef LAGO_RUN_FROMJOB_H
#define LAGO_RUN_FROMJOB_H

#include <stddef.h>

#include "job/home.h"

struct fail;
struct store;
struct strs;

struct fromjob_input {
	long job, run;
	const char *build; /* that runs it, a literal: "target" or "san" */
	char *path;	   /* NULL: it had its turn */
};

struct fromjob {
	struct home home;
	struct store *store;
	struct fromjob_input *v;
	size_t n;
};

/* home as in home_open.  66: there is none, or no database. */
int fromjob_open(struct fromjob *j, const char *home, struct fail *f);
/* Add all crash inputs of a crash, bug, job or run.  66: no such id, or the
 * input of that crash is no longer kept. */
int fromjob_crashes(struct fromjob *j, const char *id, struct fail *f);
/* Add one crash input: of a crash, or the smallest of a bug. */
int fromjob_crash(struct fromjob *j, const char *id, struct fail *f);
/* Add one operand for lago-minimize: the input of a crash, the smallest of a
 * bug that reproduces, the corpus of a run, the newest corpus of a job. */
int fromjob_one(struct fromjob *j, const char *id, struct fail *f);

/* The option again, when its path (may be NULL) is a relative one. */
void fromjob_path(struct strs *words, const char *option, const char *path);

/*
 * Of the next job all inputs: the command words[0], which lies beside this
 * one, with the options behind it, which win over the job's own; paths in them
 * are absolute, it runs in the unpacked bundle.  1: *status is its exit status;
 * 0: none is left, or a signal of base/sig.h came; -1: that job cannot be run
 * here, the next may (69 provision.sh or driver of its own, 65 bundle, 73).
 */
int fromjob_next(
    struct fromjob *j, const struct strs *words, int *status, struct fail *f);
void fromjob_close(struct fromjob *j); /* what was unpacked is gone then */

#endif
