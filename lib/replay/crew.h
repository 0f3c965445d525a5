/*
 * Several processes that take items from one queue and write their answers to
 * standard output, whole ones, in the order they are done.
 */
#ifndef LAGO_REPLAY_CREW_H
#define LAGO_REPLAY_CREW_H

#include <stddef.h>

struct crew;
struct fail;

struct crew_job {
	unsigned workers;
	void *arg;
	/* In a process of its own: crew_put() every item.  A status. */
	int (*feed)(struct crew *c, void *arg);
	/* In each worker: crew_take() until NULL.  A status. */
	int (*work)(struct crew *c, unsigned worker, void *arg);
};

/* The worst status of all (fail_worse), 75 when a process was lost; -1: they
 * could not be started.  After a signal of base/sig.h all are gone. */
int crew_run(const struct crew_job *job, struct fail *f);

/* -1: nobody takes it any more. */
int crew_put(struct crew *c, const char *item);
/* The caller frees; NULL: there are no more. */
char *crew_take(struct crew *c);
/* To standard output, in one piece; -1 with errno. */
int crew_answer(struct crew *c, const void *p, size_t n);

#endif
