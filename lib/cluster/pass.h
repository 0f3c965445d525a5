/*
 * One pass over the queue of a home: poll what runs, judge what ended, start
 * what fits.  Short, and safe to be killed anywhere: the run directory is the
 * claim (made whole by rename, under the dispatch lock), so the next pass sees
 * whatever this one did.
 */
#ifndef LAGO_CLUSTER_PASS_H
#define LAGO_CLUSTER_PASS_H

#include <stdbool.h>
#include <stddef.h>

struct fail;
struct home;

/* What a pass did to one run; the strings stay until the call returns. */
struct pass_event {
	long job, run;	  /* 0: of a node, or the whole job */
	const char *what; /* start done failed killed lost retry push aside */
	const char *node;
	const char *reason; /* "" when there is none */
};

struct pass {
	/* in */
	struct home *home;
	bool dry;  /* start and write nothing, only say */
	long most; /* start at most that many, below 0: any number */
	void (*say)(const struct pass_event *, void *arg);
	void (*warn)(const char *text); /* what a node did wrong */
	void *arg;
	/* out */
	size_t active; /* jobs queued or running after the pass */
};

/* 75 another pass is on; 74 too little disk (polled all the same); 78
 * configuration, another machine's home. A node or a run that fails does not
 * stop the pass; the worst is in *f and -1 comes back in the end. */
int pass_run(struct pass *p, double wait, struct fail *f);

#endif
