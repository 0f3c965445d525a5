/*
 * A corpus to its smallest subset that covers the same: run every input once,
 * choose, write, prove by running what was written.  Nothing that was not run
 * (no time) is left out; what crashes or hangs is set aside.
 */
#ifndef LAGO_CORPUS_MINIMIZE_H
#define LAGO_CORPUS_MINIMIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "corpus/collect.h"
#include "corpus/cover.h"

struct fail;
struct inputs;

struct minimize {
	/* in */
	struct collect collect; /* but for until and execs */
	bool merge;		/* a libFuzzer target */
	enum cover_goal goal;
	double end;		/* clock_mono(); 0 no limit */
	const char *out;	/* directory */
	const char *quarantine; /* directory, or NULL */

	/* out */
	uint64_t files, bytes; /* of the result */
	uint64_t tuples;       /* of the inputs */
	uint64_t lost;	       /* tuples that the result was not seen to have */
	uint64_t unstable;     /* tuples that no input showed when run again */
	uint64_t unrun;	       /* inputs kept because there was no time */
	uint64_t crashed, hung, gone;
};

int minimize_corpus(struct minimize *m, struct inputs *in, struct fail *f);

#endif
