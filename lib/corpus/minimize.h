/*
 * A corpus to its smallest subset that covers the same: run every input once
 * (or ask the cache), choose, run the choice again, deliver.  Nothing that was
 * not run (no time) is left out; what crashes or hangs is set aside.
 */
#ifndef LAGO_CORPUS_MINIMIZE_H
#define LAGO_CORPUS_MINIMIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "corpus/collect.h"
#include "corpus/cover.h"
#include "corpus/inputs.h"
#include "corpus/trace.h"

struct fail;
struct inputs;

enum minimize_result {
	MINIMIZE_DIR,	/* out: a directory, SHA-256 names */
	MINIMIZE_NAMES, /* the same with the inputs' own names */
	MINIMIZE_PLACE, /* inputs that are not needed are removed */
	MINIMIZE_SYNC,	/* out: a peer's directory, see publish.h */
	MINIMIZE_KEPT	/* only `kept` says it */
};

struct minimize {
	/* in */
	struct collect collect; /* but for until, cache, counts */
	bool merge; /* by libFuzzer's merge protocol; set when loop fails */
	bool joint; /* shrink what is kept; DIR and NAMES */
	enum minimize_result result;
	enum cover_goal goal;
	double end; /* clock_mono(); 0 no limit */
	const char *out;
	const char *quarantine; /* directory, or NULL */
	const char *cache;	/* directory, or NULL */

	/* out */
	uint64_t files, bytes; /* of the result */
	uint64_t tuples;       /* of the inputs */
	uint64_t lost;	       /* tuples that the result was not seen to have */
	uint64_t unstable; /* tuples that come and go, and it does not have */
	uint64_t count[INPUT_STATES]; /* inputs; what is NEW still is kept */
	bool *kept;		      /* of each input */
	struct traces traces;
	struct cache *from; /* owns some of them */
};

int minimize_corpus(struct minimize *m, struct inputs *in, struct fail *f);
void minimize_release(struct minimize *m);

#endif
