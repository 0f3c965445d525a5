/*
 * An input made smaller as long as a test says that it still is what it was:
 * the strategy, without any target.
 */
#ifndef LAGO_REDUCE_REDUCE_H
#define LAGO_REDUCE_REDUCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct strs;

enum { REDUCE_WIDTH = 16 }; /* candidates at a time, at most */

/* Now if it is cheap, since there will be others; since nothing comes soon;
 * since it is the last; since a later one was not the same. */
enum reduce_check { CHECK_PERHAPS, CHECK_SOON, CHECK_NOW, CHECK_BACK };

struct reduce {
	/* 1: still the same, 0: not, below 0: stop now.  Of a 1 the candidate
	 * is the input from then on. */
	int (*test)(const void *p, size_t n, void *arg);
	void *arg;

	/* All others may be NULL or 0. */

	/* How many candidates at a time are worth it now, and the test of
	 * several: the number of the first that is the same, -1 when none is,
	 * -2 to stop. */
	size_t (*width)(void *arg);
	int (*tests)(const struct buf *const *v, size_t n, void *arg);
	/* Is what test() let pass really the same?  1 yes, 0 not looked at yet
	 * (only when PERHAPS or SOON), -1 no: earlier ones that passed
	 * are asked about, CHECK_BACK, and the last that is the same is the
	 * input again; -2 to stop.  The original is the same. */
	int (*check)(const struct buf *best, enum reduce_check, void *arg);
	const struct strs *words; /* of a dictionary */
	bool plain; /* then simpler bytes, when no fewer will do */
};

/* best: the input, and whatever became of it.  0 when nothing goes any more, -1
 * when test said stop. */
int reduce_input(const struct reduce *r, struct buf *best);

#endif
