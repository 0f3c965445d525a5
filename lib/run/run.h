/*
 * One run, from the bundle to its results, in the foreground; what lago-run(1)
 * says.  Everything is below the run's directory, which can be gone on with
 * after the process was killed at any moment.
 */
#ifndef LAGO_RUN_RUN_H
#define LAGO_RUN_RUN_H

#include <stdbool.h>

struct cpus;
struct fail;
struct kv;

struct run_config {
	const char *path; /* of the run directory, absolute */
	int dir;	  /* it, open */
	int lock;	  /* of rundir_lock; run_go takes it over */
	const struct kv *job;
	const char *bundle;	 /* path of the archive */
	const struct cpus *cpus; /* to choose from; NULL: all allowed */
	double wait;		 /* seconds for free cores; below 0: for ever */
	double budget;		 /* seconds for this call; 0: none */
	bool allow_network, allow_no_sandbox;
	/* Lines for a person: about the run, and (now and then) how it
	 * stands. */
	void (*say)(const char *text);
	void (*show)(const char *text);
};

/*
 * 0: it is over, done or ended by the stop file, now or before this call.
 * -1: f says why not.  75 and sig_got: interrupted, the same call goes on.
 */
int run_go(const struct run_config *c, struct fail *f);

#endif
