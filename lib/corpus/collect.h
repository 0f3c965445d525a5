/*
 * Runs inputs and collects what they cover.  Two ways with one shape:
 * collect_forkserver for AFL++ builds and, with loop, for libFuzzer builds
 * (workers, see worker.h), merge_collect (merge.h) for those of the latter that
 * our server does not fit (shards of the target's own merge protocol).  Both run every input in state NEW, set its state and trace
 * and add the traces; what they do not get to by the time `until` stays NEW.
 */
#ifndef LAGO_CORPUS_COLLECT_H
#define LAGO_CORPUS_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;
struct fail;
struct inputs;
struct traces;

struct collect {
	char *const *argv, *const *env; /* the target's */
	const char *dir;  /* private, for inputs and control files */
	const char *file; /* base name of the input file */
	const int *cpu;	  /* the CPUs allowed */
	size_t cpus, workers;
	double timeout;		 /* seconds a run */
	double until;		 /* clock_mono(); 0 no limit */
	unsigned memory;	 /* MiB; 0 no limit */
	const int *crash_status; /* exit statuses that are crashes */
	size_t ncrash_status;
	bool edges;
	bool loop;  /* a libFuzzer build, by our own server in it */
	bool again; /* each input is run: no cache, copies too */
	const struct cache *cache; /* asked before running, NULL none */
	uint64_t execs, cached;	   /* added to: runs, and runs saved by it */
};

/* -1: the target does not work at all (69), or a signal (sig_got). */
int collect_forkserver(
    struct collect *c, struct inputs *in, struct traces *t, struct fail *f);

#endif
