/*
 * The directory of a slot: what a run gets, and may do with as it likes.
 *
 *	DIR/run/in/NAME		the input
 *	DIR/run/cwd DIR/run/tmp	working directory, TMPDIR
 *
 * All lengths are the same in all slots, for the stack's addresses are.
 */
#ifndef LAGO_TARGET_RUNDIR_H
#define LAGO_TARGET_RUNDIR_H

#include <stdint.h>

#include "base/strs.h"

struct exec_input;
struct fail;

struct rundir {
	char *dir, *run, *input; /* paths; NULL before rundir_name */
	/* ours */
	struct strs tree; /* links: text pairs, where it is and its path */
	uint64_t links;	  /* their names, hashed */
	unsigned bad;	  /* directories that could not be removed */
};

/* Paths below TMPDIR, nothing is made.  file: NAME, NULL is "input".  73. */
int rundir_name(struct rundir *d, const char *file, struct fail *f);
/* Each working directory has links to the entries of this one.  66. */
int rundir_tree(struct rundir *d, const char *tree, struct fail *f);
int rundir_create(struct rundir *d, struct fail *f); /* 73 */
void rundir_remove(struct rundir *d);		     /* and its memory */

/* As new, whatever the last run made of it, without an input.  73. */
int rundir_clean(struct rundir *d, struct fail *f);
/* 66 it cannot be read, 73 or 74 the copy cannot be made. */
int rundir_input(struct rundir *d, const struct exec_input *in, struct fail *f);

#endif
