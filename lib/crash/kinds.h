/* The closed vocabulary of what a crash can be: lago-records(5), "kind". */
#ifndef LAGO_CRASH_KINDS_H
#define LAGO_CRASH_KINDS_H

#include "crash/str.h"

enum {
	KINDS_MESSAGE =
	    1,		  /* the message is part of what tells two bugs apart */
	KINDS_TYPE = 2,	  /* so is the type of the exception */
	KINDS_END = 4,	  /* only says how it ended: what was printed before
			    * (an assertion, a panic) says why */
	KINDS_TARGET = 8, /* the target's name stands for the place */
	KINDS_QUIET = 16  /* the program went on: no bug by itself */
};

struct kinds_kind {
	const char *name;
	const char *class; /* coarse: "memory" "abort" "stack" "uninit" "ub"
			    * "race" "leak" "oom" "timeout" "other" */
	unsigned flags;
};

/* NULL when there is no such kind. */
const struct kinds_kind *kinds_find(const char *name);
/* The kind that a sanitizer's own word or phrase stands for; NULL: none known.
 * word begins with it. */
const struct kinds_kind *kinds_of_sanitizer(struct str word);
/* UBSan: of the text behind "runtime error: "; never NULL. */
const struct kinds_kind *kinds_of_ubsan(struct str reason);
/* UBSan's minimal runtime: of the word behind "ubsan: "; NULL: none. */
const struct kinds_kind *kinds_of_minimal(struct str word);
/* A signal that killed; abort for those that nothing is known of. */
const struct kinds_kind *kinds_of_signal(int signo);
/* The number of "SIGSEGV", of lldb's "EXC_BAD_ACCESS"; 0: none that crashes. */
int kinds_signal(struct str name);

#endif
