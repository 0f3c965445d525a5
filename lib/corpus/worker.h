/*
 * A process with a fork server of its own: worker, server and child share a
 * CPU.  It ends when its work is done, at its parent's death, or at SIGTERM
 * after its run; its server's children end with it.
 */
#ifndef LAGO_CORPUS_WORKER_H
#define LAGO_CORPUS_WORKER_H

#include <stddef.h>
#include <sys/types.h>

struct collect;
struct fail;
struct forkserver;

struct worker {
	pid_t pid;
	int fd; /* a socket to it; -1 when it has ended */
};

/* In the worker; s is NULL and *f says why when there is no server. */
typedef void worker_job(
    struct forkserver *s, struct fail *f, int fd, void *arg);

/* Number `number` of those that c has.  -1: no process. */
int worker_start(struct worker *w, const struct collect *c, size_t number,
    worker_job *job, void *arg);
/* Waits for it. */
void worker_end(struct worker *w);

#endif
