/*
 * The process between lago and a target: a child of ours without exec, small,
 * with nothing open but its socket.  As a subreaper it gets every orphan of
 * the target, so it knows when nothing is left.  target/exec.c is its only
 * user; they talk in packets over a SOCK_SEQPACKET pair.
 */
#ifndef LAGO_TARGET_GUARDIAN_H
#define LAGO_TARGET_GUARDIAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum guardian_what {
	/* orders */
	GUARDIAN_RUN, /* one input */
	GUARDIAN_GO,  /* the answer to STARTS and LIMIT */
	GUARDIAN_KILL,
	/* news */
	GUARDIAN_STARTS, /* said by the process itself before it executes */
	GUARDIAN_LIMIT,	 /* passed; it is killed on GO */
	GUARDIAN_ENDED
};

struct guardian_order {
	int what;
	double wall, cpu;
	bool aslr;
	bool tell_start, tell_limit;
	int late; /* LATE_AT_... of target/late.h; 0: a process of its own */
};

struct guardian_news {
	int what;
	int error;   /* ENDED: errno, the program could not be executed */
	bool silent; /* ENDED: no late fork server came of it */
	int status, limit;
	pid_t pid;
	bool aslr;
	bool asked; /* killed by an order */
	bool left;  /* it was not the last of its processes */
	double wall, cpu;
	uint64_t rss, printed;
};

struct cgroup;
struct guardian {
	const char *program; /* absolute */
	char *const *argv, *const *env;
	/* Of the late fork server; where is a letter in its environment. */
	char *const *late_argv, *const *late_env;
	char *late_where;
	char *const *afl_env; /* with AFL++'s own fork server */
	const char *cwd, *in; /* in: standard input */
	const char *dir;      /* removed at the end */
	uint64_t space, resident, late_resident;
	struct cgroup *group;
	int core;
	/* What the target prints, in memory shared with lago: bytes 0 to head
	 * are the first ones, the rest is a ring. */
	char *out;
	size_t head, ring;
};

/* Serves orders until the other end of the socket closes; ends the run and
 * removes the directory then. */
void guardian_serve(const struct guardian *g, int sock)
    __attribute__((noreturn));

#endif
