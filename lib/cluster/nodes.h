/*
 * The machines of a home: the file nodes, one a line,
 *
 *	NAME ENGINE[:ARG] CPUS[/RUN] MEMORY_MB[/RUN] [TAG,TAG] [runs=COUNT]
 *
 * separated by blanks, '#' begins a comment.  /RUN: what a run may have, where a
 * line stands for many machines; runs: how many may be there at once.  No file:
 * one node, local, with
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

enum node_state {
	NODE_ONLINE,
	NODE_DRAINED, /* starts nothing new */
	NODE_OFFLINE, /* and is not asked, so leases end */
	NODE_ASIDE    /* everything failed there, until a time */
};

struct node {
	char *name, *engine, *arg, *tags; /* arg, tags: "" when none */
	int64_t cpus, memory;		  /* MiB */
	int64_t run_cpus, run_memory;	  /* of one run; 0: all there is */
	int64_t cpus_used, memory_used;	  /* by the runs of a pass */
	int64_t runs_most;		  /* at once, 0: any number */
	int64_t runs_used;
	enum node_state state;
	int64_t until;	 /* with NODE_ASIDE: Unix seconds */
	int64_t revived; /* Unix seconds, 0: never */
	char *reason;	 /* of NODE_ASIDE, or why a run failed; NULL none */
	/* of a pass */
	bool silent; /* it was asked and did not answer */
	bool kept;   /* for a run that needs much of it */
	bool failed, worked;
	int64_t failures, failed_at;
};
struct nodes {
	struct node *v;
	size_t n;
	struct node **by_name; /* made by nodes_read; NULL: looked through */
};

/* 78 for a line that is wrong. */
int nodes_read(struct nodes *nodes, const struct home *h, struct fail *f);
/* Their states at that time: what people said with lago-node, and what passes
 * found out. */
int nodes_states(
    struct nodes *nodes, struct store *s, int64_t now, struct fail *f);
/* Does it get new runs? */
bool nodes_open(const struct node *node);
const char *nodes_word(enum node_state state);
struct node *nodes_find(const struct nodes *nodes, const char *name);
void nodes_release(struct nodes *nodes);

#endif
