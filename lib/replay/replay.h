/*
 * One input, several tries, one record: the most frequent bucket is the
 * verdict, of several the earliest.  An input that never shows anything keeps
 * what its finder printed, exit status 101.
 */
#ifndef LAGO_REPLAY_REPLAY_H
#define LAGO_REPLAY_REPLAY_H

#include <stddef.h>

struct exec_target;
struct fail;
struct fast;
struct judge;
struct out;
struct rules;
struct verdict_policy;

enum { REPLAY_LOST = 101 }; /* the exit status of what did not reproduce */

struct replay {
	struct judge *judge;
	struct fast *fast; /* of the judge; NULL: fresh processes only */
	/* For what does not reproduce alone: a directory of inputs that ran
	 * before, or with DIR/SHA256 of an input such a directory for that one;
	 * how they are run and judged.  NULL: nothing is known. */
	const char *before;
	const struct exec_target *run;
	const struct rules *rules;
	const struct verdict_policy *policy;
	int tries;	     /* at least 1 */
	int more;	     /* of them when none crashed, addresses random */
	const char *reports; /* directory for what the target printed, NULL */
	const char *traces;  /* directory with what the finder printed, NULL */
	const char *target;  /* a name for the record, NULL */
};

/* Runs the input and writes its record.  1: it reproduced, 0: it did not, -1:
 * no record (66 no such input, or as exec_run). */
int replay_input(
    const struct replay *r, const char *path, struct out *o, struct fail *f);

#endif
