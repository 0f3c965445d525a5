/*
 * Memory for what is kept of one output: allocated piece by piece, given back
 * all at once, the blocks used again for the next.
 */
#ifndef LAGO_CRASH_ARENA_H
#define LAGO_CRASH_ARENA_H

#include "crash/str.h"

struct arena {
	struct arena_block *first, *now;
};

void *arena_alloc(struct arena *a, size_t n);	     /* aligned, not zeroed */
struct str arena_str(struct arena *a, struct str s); /* a copy */
void arena_reset(struct arena *a);
void arena_release(struct arena *a);

#endif
