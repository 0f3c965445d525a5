/*
 * Running a helper program (a plug-in, a command of our own) whose output is
 * data: started with exec, no shell; its own process group; nothing above
 * descriptor 2 is left open; standard input from /dev/null unless given.
 * For fuzz targets see target/.
 */
#ifndef LAGO_BASE_CHILD_H
#define LAGO_BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct fail;

struct child {
	/* in */
	char *const *argv;
	char *const *env; /* NULL: ours */
	const char *cwd;  /* NULL: ours */
	int in, out, err; /* descriptors for the child; -1 = /dev/null, for err
			   * and out also 1 and 2 = inherited */
	bool tied;	  /* it gets TERM when we die */
	/* out */
	pid_t pid;
};

/* Start; -1 with a message (69 when the program is not there). The caller waits
 * with child_wait. */
int child_start(struct child *c, struct fail *f);
/* Wait status, or -1 at the deadline (seconds from now; below 0: for ever). */
int child_wait(struct child *c, double seconds, int *status);
/* TERM to its group, KILL after grace seconds, reaped. */
void child_stop(struct child *c, double grace);

/* Run to the end and take standard output, at most max bytes (more, or the time
 * limit: stopped and an error 69).  *status is the wait status.  Standard error
 * is ours.  in/inlen is written to its standard input. */
int child_run(char *const *argv, char *const *env, const char *cwd,
    const void *in, size_t inlen, double seconds, size_t max, struct buf *out,
    int *status, struct fail *f);

#endif
