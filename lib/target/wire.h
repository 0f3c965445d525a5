/*
 * What target/keeper.c and lib/exec/keeper.c say to each other, one message a
 * packet of a SOCK_SEQPACKET pair.  Both are of one build: no version.
 *
 * A spawn request carries four descriptors: a memfd that holds a struct
 * wire_spawn, its CPU numbers (int each) and its strings (argv, env, cwd; each
 * ended by a NUL), and the command's standard input, output and error.
 */
#ifndef LAGO_TARGET_WIRE_H
#define LAGO_TARGET_WIRE_H

#include <stdint.h>

enum wire_what {
	WIRE_READY,  /* from the keeper, once: it runs */
	WIRE_SPAWN,  /* answer: value is 0 or an errno */
	WIRE_SIGNAL, /* value is the signal; no answer */
	WIRE_SHRINK, /* answer: value 1, a process was killed, or 0 */
	WIRE_USAGE,  /* answer: value is the number of processes, cpu, bytes */
	WIRE_ENDED   /* from the keeper: value is the wait status */
};

struct wire {
	uint32_t what;
	int32_t id, value;
	double user, sys;
	uint64_t bytes;
};

struct wire_spawn {
	uint32_t nargs, nenv, ncpus;
	int32_t nice, oom_score_adj;
	uint64_t memory, fsize;
};

#define WIRE_FDS 4

#endif
