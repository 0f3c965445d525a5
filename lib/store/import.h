/* Reading a home's files into its database. */
#ifndef LAGO_STORE_IMPORT_H
#define LAGO_STORE_IMPORT_H

#include <stdbool.h>

struct fail;
struct home;
struct store;

struct import {
	/* in */
	struct store *store;
	const struct home *home;
	bool all; /* forget all rows, read every file from its beginning */
	/* What was skipped and why, a line; how far -a is. NULL: not told. */
	void (*warn)(const char *text);
	void (*progress)(long done, long jobs);
	/* out: what was read */
	long crashes, events, bad;
	/* private */
	double begun;
	long batch;
	int crash_dir;
};

/*
 * Jobs without a row, runs that are not known to be over, new lines of events.
 * A kill at any moment loses nothing: how far a file was read is committed with
 * its rows.  With all, one transaction.
 */
int import_home(struct import *im, struct fail *f);

/* One job and all its runs, also those that are over. */
int import_job(struct import *im, long job, struct fail *f);

/*
 * Bugs that became new, reopened or fixed: fn gets a row of v_bug for each, all
 * are printed by then; after it the event is written that keeps them from being
 * told again.  A pass that is killed in between tells them twice rather than
 * never.
 */
struct sqlite3_stmt;
int import_news(struct import *im, void (*fn)(struct sqlite3_stmt *row),
    int (*flush)(struct fail *f), struct fail *f);

/* For the parts: warn; commit and begin again after enough records or time. */
void import_warn(struct import *im, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int import_pause(struct import *im, struct fail *f);

#endif
