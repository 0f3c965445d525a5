/*
 * Which waiting runs start where: a pure function.
 *
 * Owners take turns: the next run is one of the owner whose runs have the
 * fewest CPUs for its weight.  Of an owner's runs the one of the highest
 * priority comes first, where each `ageing` of waiting counts as a point, then
 * the older job.  A run goes to the fitting node with the most free CPUs, or to
 * its own node when it has one already.  It waits for another node than the one
 * it should avoid, when there is one that could hold it, and goes beside no
 * shard of the same job when another node would do.
 *
 * A run that fits nowhere now does not hold up smaller ones behind it, until it
 * has waited for `patience`: then a node that could hold it gets nothing more,
 * so that it will fit some day.
 */
#ifndef LAGO_CLUSTER_PLACE_H
#define LAGO_CLUSTER_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nodes;
struct node;

struct place_run {
	long job, shard;
	int64_t priority, cpus, memory;
	int64_t waited;	   /* seconds */
	const char *owner; /* whose share it takes */
	const char *needs; /* tags the node must have, comma-separated, or "" */
	const char *node;  /* only there, or NULL */
	const char *avoid; /* not there, or NULL */
	long shards;	   /* of its job; above 1 they go apart if they can */
	struct node *const *others; /* the nodes of all its shards, or NULL */
	void *arg;		    /* the caller's */
	struct node *chosen;	    /* out; NULL: waits */
	int64_t points;		    /* private: priority and age */
	size_t turn;		    /* private */
};

struct place_use { /* what runs already */
	const char *owner;
	int64_t cpus;
};

struct place_rules {
	int64_t ageing, patience; /* seconds; ageing 0: age is nothing */
	const char *weights;	  /* OWNER:NUMBER,...; 1 for all others */
	struct place_use *uses;	  /* is sorted */
	size_t n;
};

/* Chooses, and adds what it gave away to the nodes' use.  Their number: these
 * come first in runs then, in the order in which they should start. */
size_t place_runs(const struct place_rules *rules, struct place_run *runs,
    size_t n, struct nodes *nodes);

/* What no node has that it needs, in words; NULL: some node will take it. */
const char *place_lack(const struct nodes *nodes, const struct place_run *run);

/* Has a node with these tags all that are needed?  Both comma-separated. */
bool place_tags(const char *have, const char *needs);

#endif
