/*
 * The fuzzer instances: started on their CPUs, started again when they end,
 * with pauses when they end at once.
 */
#ifndef LAGO_RUN_INSTANCES_H
#define LAGO_RUN_INSTANCES_H

#include <stdbool.h>
#include <stdint.h>

#include "job/plugin.h"

struct buf;
struct life;
struct task;

struct instance {
	unsigned no;
	struct task *task; /* NULL: not running */
	char *log;	   /* what it prints, a path below work/ */
	unsigned starts, quick;
	double next; /* monotonic: not to be started before */
	uint64_t rss;
	char *unit;  /* that it named when it ended last, NULL none */
	double over; /* since when memory is short for it; 0: it is not */
	struct plugin_command command; /* what the driver said last */
	double asked;
};

struct instances {
	struct instance *v; /* life's n of them */
	unsigned alive, restarts;
};

int instances_start(struct life *l);
/* Once a second: restarts.  -1 when they all die at once, again and again. */
int instances_tick(struct life *l);
/* Asks all to end, waits a while, ends them. */
void instances_stop(struct life *l);
void instances_free(struct life *l);
/* The build an instance runs: "target", or with what stands behind its name,
 * "target.san"; the caller frees. */
char *instances_finder(const struct life *l, int no);
/* The first line that holds word, of what a living instance printed, with what
 * stands before it (bounded): the fuzzer's own report.  False: none. */
bool instances_trace(struct life *l, const char *word, struct buf *b);

#endif
