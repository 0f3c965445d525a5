/*
 * The machines of a home: the file nodes, one a line,
 *
 *	NAME ENGINE[:ARG] CPUS[/RUN] MEMORY_MB[/RUN] [TAG,TAG]
 *
 * separated by blanks, '#' begins a comment.  /RUN: what a run may have, where a
 * line stands for many machines.  No file: one node, local, with
 * the CPUs and the memory of this machine.
 */
#ifndef LAGO_CLUSTER_NODES_H
#define LAGO_CLUSTER_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fail;
struct home;
struct store;

struct node {
	char *name, *engine, *arg, *tags; /* arg, tags: "" when none */
	int64_t cpus, memory;		  /* MiB */
	int64_t run_cpus, run_memory;	  /* of one run; 0: all there is */
	int64_t cpus_used, memory_used;	  /* by the runs of a pass */
	bool drained;			  /* starts nothing new */
	bool kept;			  /* for a run that needs much of it */
};
struct nodes {
	struct node *v;
	size_t n;
	struct node **by_name; /* made by nodes_read; NULL: looked through */
};

/* 78 for a line that is wrong. */
int nodes_read(struct nodes *nodes, const struct home *h, struct fail *f);
/* What people said of them with lago-node: sets drained. */
int nodes_states(struct nodes *nodes, struct store *s, struct fail *f);
struct node *nodes_find(const struct nodes *nodes, const char *name);
void nodes_release(struct nodes *nodes);

#endif
