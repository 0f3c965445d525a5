/*
 * The smallest choice of traces that covers every tuple: pure, no files, no
 * clock but the one given.  Tuples that lie in the same traces are one class;
 * a trace alone with a class is essential; the rest is a greedy weighted cover
 * without redundant members, bettered by local search.  Never loses a tuple:
 * the first cover is complete and only complete ones replace it.
 */
#ifndef LAGO_CORPUS_COVER_H
#define LAGO_CORPUS_COVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cover_trace {
	const uint32_t *tuple; /* any numbers, each at most once */
	uint32_t n;
	uint64_t size;	 /* bytes of the file, the price */
	uint32_t micros; /* of its run, the price of COVER_TIME */
	bool before;	 /* an earlier choice had it: where search may start */
};

enum cover_goal { COVER_FILES, COVER_BYTES, COVER_TIME };

struct cover_opts {
	enum cover_goal goal;
	unsigned rounds; /* of local search; 0 none */
	double seconds;	 /* of CPU for it, the same on a busy machine; 0: any */
	double until;	 /* clock_mono() at which it stops; 0 no limit */
	uint64_t seed;
};

/* Sets keep[i] for each trace chosen; returns how many.  The same input,
 * rounds and seed give the same answer (without until). */
size_t cover_choose(const struct cover_trace *t, size_t n,
    const struct cover_opts *o, bool *keep);

#endif
