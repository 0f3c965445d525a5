/*
 * One job on several nodes: shards=N in its settings makes N runs of it, all
 * at once where there is room, each on a node of its own where there are that
 * many.  A run's shard, from 1, is a key of its run file; a run without is of
 * shard 1.
 */
#ifndef LAGO_CLUSTER_SHARDS_H
#define LAGO_CLUSTER_SHARDS_H

struct fail;
struct home;
struct kv;
struct nodes;

#define SHARDS_MOST 1000

struct shards {
	long n;
	long *latest; /* [1] to [n]: the shard's latest run, 0 none */
};

/* dir: of the job, open. */
int shards_read(
    struct shards *s, const struct home *h, long job, int dir, struct fail *f);
void shards_release(struct shards *s);

/* A job that wants more CPUs than any node has: as many shards as it takes,
 * its CPUs and memory divided.  Their number, 0 when it stays as it is. */
long shards_split(struct kv *job, const struct nodes *nodes);

#endif
