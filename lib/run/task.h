/*
 * Commands of the run, started below the keeper; and the one place where this
 * process sleeps.
 */
#ifndef LAGO_RUN_TASK_H
#define LAGO_RUN_TASK_H

#include <stdbool.h>

#include "target/keeper.h"

struct buf;
struct fail;
struct life;
struct strs;

struct task {
	int id;	       /* the keeper's */
	char *what;    /* its name in the log */
	int out, err;  /* what it prints, memfds; -1: goes elsewhere */
	double start;  /* monotonic */
	double end_by; /* then it gets KILL; 0: never */
	bool ended;
	bool overdue; /* it was ended by end_by */
	struct keeper_event ev;
};

/* out and err of cmd as given; what goes to -1 is kept: out for task_read, err
 * until task_free writes it to the log.  seconds: its time limit, 0 none. */
struct task *task_start(struct life *l, const char *what,
    struct keeper_cmd *cmd, double seconds, struct fail *f);
void task_signal(struct life *l, struct task *t, int sig);
/* Sleep until something happened, at most so long; notes what ended. */
void task_sleep(struct life *l, double seconds);
/* Until it ended, or life's end_by: then it is killed. */
void task_wait(struct life *l, struct task *t);
/* What it printed, from an offset on and at most max bytes, added to b. */
void task_read(const struct task *t, size_t from, size_t max, struct buf *b);
/* The last line it wrote to err, for a message; "" if none.  Valid until the
 * next call. */
const char *task_complaint(const struct task *t);
/* Forget it (killed when it lives).  NULL is fine. */
void task_free(struct life *l, struct task *t);

#endif
