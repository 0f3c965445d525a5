/*
 * What the parts of a pass share: pass.c gathers and writes, passjudge.c asks
 * the engines and judges, passplace.c starts, passcorpus.c moves inputs.
 */
#ifndef LAGO_CLUSTER_PASSIN_H
#define LAGO_CLUSTER_PASSIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/kv.h"
#include "cluster/engine.h"
#include "cluster/nodes.h"
#include "cluster/policy.h"
#include "cluster/queue.h"

struct fail;
struct pass;
struct store;

/* A shard of an active job and its latest run. */
struct item {
	long job, run; /* run 0: none yet */
	long shard;    /* from 1 to shards, those of a job one after another */
	long shards;
	struct kv settings, file, progress;
	struct engine_run engine; /* node NULL: unknown node, or no run */
	bool killed;		  /* somebody wants it to end */
	bool over, waiting, changed;
	bool again; /* the run was lost; the next one of its shard is to come */
};

struct state {
	struct pass *p;
	struct store *store;
	struct nodes nodes;
	struct policy policy;
	struct queue queue; /* jobs that never started; all others are items */
	struct item *items;
	size_t n;
	int64_t now;
	int status; /* the worst so far, first text in *f */
	struct fail *f;
};

/* Remember a failure that concerns one run or node only. */
void pass_note(struct state *s, const struct fail *f);
void pass_say(struct state *s, const struct item *item, const char *what,
    const char *reason);

/* All shards of a job, behind the items there are; or none, noted. */
void pass_gather(struct state *s, long job);

/* The file `run`, when this is no dry pass; noted. */
int pass_write(struct state *s, struct item *item);
/* The rows of what changed. */
int pass_commit(struct state *s, struct fail *f);

/* Ask all engines, judge what they say. */
void passjudge_all(struct state *s);
/* passcorpus.c: what others found, of this job and of earlier ones of its target,
 * for a run that is about to start; what shards found, to the others of their
 * job that live; and what a job that has ended leaves to the next one of its
 * target, before the rows say so, for no later pass looks at it. */
void passcorpus_prime(struct state *s, const struct item *item);
void passcorpus_exchange(struct state *s);
void passcorpus_keep(struct state *s);
/* Start what fits. */
void passplace_all(struct state *s);

#endif
