/* Rows of runs. */
#ifndef LAGO_STORE_STORE_RUN_H
#define LAGO_STORE_STORE_RUN_H

struct fail;
struct kv;
struct store;

/*
 * The row of jobs/JOB/runs/RUN, new or brought up to date, from the keys of
 * its files `run` and `progress` (NULL: none yet).  The job's row must be there.
 * `run` alone says that a run has ended; until then progress shows how far it
 * is.  Inside a transaction.  lago-import looks at the run's files again until
 * it saw the end, and after each call of this.
 */
int store_run_put(struct store *s, long job, long run, const struct kv *file,
    const struct kv *progress, struct fail *f);

#endif
