/*
 * A lago home: where it is, its jobs and runs by number, and how new numbers
 * are given out.
 *
 * New directories (jobs/N, jobs/N/runs/M) appear whole or not at all, and a
 * number is never used twice:
 *
 *	home_new_job(&n, &home, f)	jobs/.new.X is made, n.fd is it
 *	... files are written below n.fd ...
 *	home_new_publish(&n, f)		locks jobs/.next, stores the number, syncs
 *					and renames to jobs/N; n.id is N
 *	... the row is inserted, still under the lock ...
 *	home_new_end(&n)		unlocks; what was not published is removed
 *
 * A process that dies between publish and end leaves jobs/N without a row.
 * That can only be the last number, n.before for the next holder, who inserts
 * that row too when it is missing.
 */
#ifndef LAGO_JOB_HOME_H
#define LAGO_JOB_HOME_H

#include <stdbool.h>
#include <stddef.h>

struct fail;
struct kv;

#define HOME_ID_MAX 999999999L

struct home {
	char *path; /* absolute */
	int fd;	    /* of the directory, closed on exec */
};

/* path NULL: paths_home().  create: made (0700) with jobs/ when absent; else
 * absent is 66. */
int home_open(struct home *h, const char *path, bool create, struct fail *f);
void home_close(struct home *h);

/* The home's config; an absent one is empty. */
int home_config(const struct home *h, struct kv *config, struct fail *f);

/* A descriptor of jobs/N or jobs/N/runs/M, closed on exec.  66 when there is
 * none. */
int home_job(const struct home *h, long job, struct fail *f);
int home_run(const struct home *h, long job, long run, struct fail *f);

/* The numbers of all jobs, or of all runs of a job, ascending.  The caller
 * frees.  No such directory: none. */
int home_jobs(const struct home *h, long **ids, size_t *n, struct fail *f);
int home_runs(
    const struct home *h, long job, long **ids, size_t *n, struct fail *f);

/* "7" or "7.1": 0, and *run is 0 in the first case; else -1. */
int home_parse_id(const char *text, long *job, long *run);

struct home_new {
	int fd;		  /* the directory being filled */
	long id;	  /* set by publish */
	long before;	  /* the highest number before it, 0 = none */
	int parent, lock; /* private */
	char name[16];
};

int home_new_job(struct home_new *n, const struct home *h, struct fail *f);
int home_new_run(
    struct home_new *n, const struct home *h, long job, struct fail *f);
/* The same below any directory (of runs), by its descriptor. */
int home_new_in(struct home_new *n, int parent, struct fail *f);
int home_new_publish(struct home_new *n, struct fail *f);
void home_new_end(struct home_new *n); /* may be called twice */

#endif
