/*
 * The corpora of targets, which accumulate over jobs: below corpus/TARGET of a
 * home
 *
 *	SHA256			an input
 *	added			lines SHA256 TAB seconds TAB job: when it came
 *	sets/BUILD.DRIVER	a line "# seconds JOB tuples", then the inputs of
 *				that build's minimal set, a line each
 *	quarantine/BUILD	those that crash or hang there, a line each
 *
 * Files appear whole, lists are written whole or appended to before what they
 * name is there; everything may be done twice.
 */
#ifndef LAGO_JOB_CORPORA_H
#define LAGO_JOB_CORPORA_H

#include <stddef.h>

struct fail;
struct home;
struct kv;

/* What a job with these settings begins with, into foreign/ of its run's
 * directory: of its target, and of those that corpus_from names, the newest
 * minimal set of the driver and what came later, without what this build has
 * in quarantine.  Nothing when corpus_reuse is 0. */
void corpora_lend(const struct home *h, const struct kv *settings, int dir);

struct corpora_run {
	int dir;
	long tuples; /* that its minimal corpus covers; 0: nobody knows */
};

/*
 * What the runs of a job that has ended leave: the minimal corpora, or the queue
 * of a run without one, become inputs of its target; together the minimal
 * corpora become the set of its build, unless they cover less than the one
 * before: of another build less than nine tenths.  Then 1, and why is in text,
 * which the caller frees; else 0 or -1.
 */
int corpora_keep(const struct home *h, long job, const struct kv *settings,
    const struct corpora_run *runs, size_t n, char **text, struct fail *f);

/* All corpora of another home (the directory, open), each input by its hash. */
int corpora_merge(const struct home *h, int other, struct fail *f);

#endif
