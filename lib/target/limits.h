/* What one run of a target may use: set before it is executed, watched while
 * it runs. */
#ifndef LAGO_TARGET_LIMITS_H
#define LAGO_TARGET_LIMITS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct limits {
	double wall, cpu;  /* seconds, 0 none */
	uint64_t space;	   /* address space in bytes, 0 none */
	uint64_t resident; /* resident memory in bytes, 0 none */
};

/* In the process that is about to execute the target; only system calls.  No
 * core files, address space, address randomisation on or off.  -1 with errno;
 * *aslr is what came of it. */
int limits_set(const struct limits *l, bool *aslr);

/* Also there: who is short of memory kills it before anybody else. */
void limits_first(void);

struct limits_watch {
	const struct limits *l;
	double start;
	pid_t pid;
	clockid_t clock; /* of the process's CPU time */
	int statm;
	double tick;
};

void limits_watch(struct limits_watch *w, const struct limits *l, pid_t pid);
/* The enum exec_limit that was passed (target/exec.h); else *next is when to
 * ask again: seconds from now, below 0 never. */
int limits_passed(struct limits_watch *w, double *next);
void limits_end(struct limits_watch *w);

#endif
