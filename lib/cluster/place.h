/*
 * Which waiting runs start where: a pure function.  Runs in the order of
 * priority, then age (job number); each goes to the fitting node with the most
 * free CPUs, or to its own node when it has one already.  A run that fits
 * nowhere now does not hold up smaller ones behind it.
 */
#ifndef LAGO_CLUSTER_PLACE_H
#define LAGO_CLUSTER_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nodes;
struct node;

struct place_run {
	long job;
	int64_t priority, cpus, memory;
	const char *needs; /* tags the node must have, comma-separated, or "" */
	const char *node;  /* only there, or NULL */
	long shards;	   /* of its job; above 1 they go apart if they can */
	struct node *const *others; /* the nodes of all its shards, or NULL */
	struct node *chosen;	    /* out; NULL: waits */
	void *owner;		    /* the caller's */
};

/* Sorts the runs, chooses, and adds what it gave away to the nodes' cpus_used
 * and memory_used. */
void place_runs(struct place_run *runs, size_t n, struct nodes *nodes);

/* Has a node with these tags all that are needed?  Both comma-separated. */
bool place_tags(const char *have, const char *needs);

#endif
