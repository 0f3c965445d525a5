/*
 * What an input covers: tuples, that is numbers slot * 8 + class of the count
 * (1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more), or with edges only
 * slot * 8.  libFuzzer's features are such numbers too.  Pure but for memory.
 */
#ifndef LAGO_CORPUS_TRACE_H
#define LAGO_CORPUS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The tuples of a map into out (room for size of them), ascending.  size is
 * rounded up to 8, so the map must reach there. */
uint32_t trace_tuples(
    const uint8_t *map, size_t size, bool edges, uint32_t *out);

struct trace {
	uint32_t *tuple; /* ascending */
	uint32_t n;
	uint32_t input; /* the first of the inputs that have this trace */
};

/* A set: the same trace twice is one. */
struct traces {
	struct trace *v;
	size_t n, room;
	uint32_t *table; /* open hash of numbers + 1 */
	size_t slots;
};

/* The trace's number; *fresh (may be NULL): it was not there before. The
 * smaller input number wins. */
uint32_t trace_add(struct traces *t, const uint32_t *tuple, uint32_t n,
    uint32_t input, bool *fresh);
void trace_release(struct traces *t);

#endif
