/*
 * An input made smaller as long as a test says that it still is what it was:
 * the strategy, without any target.
 */
#ifndef LAGO_CORPUS_REDUCE_H
#define LAGO_CORPUS_REDUCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct reduce {
	/* 1: still the same, 0: not, below 0: stop now.  A 1 must be final:
	 * the candidate is the input from then on. */
	int (*test)(const void *p, size_t n, void *arg);
	void *arg;
};

/* best: the input, and whatever became of it.  0 when nothing goes any more, -1
 * when test said stop. */
int reduce_input(const struct reduce *r, struct buf *best);

/* A format as records of a header with a length, then that many bytes, from
 * start to the end of the input. */
struct reduce_chain {
	size_t start;	       /* of the first header */
	unsigned header;       /* its bytes */
	unsigned field, width; /* of the length in it, 2 or 4 bytes */
	bool big;	       /* its bytes: most significant first */
	size_t records;
};
/* The likeliest one, false when there is none; pure. */
bool reduce_find_chain(const void *p, size_t n, struct reduce_chain *c);

#endif
