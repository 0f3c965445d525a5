/*
 * Workers on a list of names whose answers come out in the order of the list.
 * The names are dealt out in small batches, one worker after the other; what a
 * batch prints is held back until the batch before it is out.  Who may print is
 * told by a byte that goes around in pipes from worker to worker, so that a
 * worker that dies ends those behind it, and nothing is ever out of order.
 */
#ifndef LAGO_REPLAY_INORDER_H
#define LAGO_REPLAY_INORDER_H

#include <stdio.h>

struct fail;

struct inorder_job {
	unsigned workers;
	/* The next name, valid until the next call; NULL: no more. */
	char *(*next)(void *arg);
	/* In a worker: prints to out.  An exit status. */
	int (*one)(void *arg, const char *name, FILE *out);
	void *arg;
};

/* The worst exit status of all; -1 when no workers can be started.  A list that
 * is one batch, or has one worker, is done in this process. */
int inorder_run(const struct inorder_job *job, struct fail *f);

#endif
