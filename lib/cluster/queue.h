/*
 * The jobs that never started and may now, from their rows alone: a pass reads
 * no file of a job before it is that job's turn.
 */
#ifndef LAGO_CLUSTER_QUEUE_H
#define LAGO_CLUSTER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fail;
struct home;
struct store;

struct queue_job {
	long id, shards;
	int64_t cpus, memory, priority;
	int64_t since;	 /* Unix seconds: submitted, or due */
	int64_t expires; /* Unix seconds, 0: never */
	char *needs, *owner;
	bool taken;   /* the caller's: it is none of the queue any more, */
	size_t first; /* but there among the items */
};
struct queue {
	struct queue_job *v;
	size_t n, shards; /* shards: of all together */
};

int queue_read(struct queue *q, struct store *s, const struct home *h,
    int64_t now, struct fail *f);
void queue_release(struct queue *q);

/* A job that is older than it may get: the wish to end it is written to its
 * events, then its row.  In a transaction. */
int queue_expire(
    struct store *s, const struct home *h, long id, struct fail *f);

#endif
