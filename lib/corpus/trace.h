/*
 * What an input covers: tuples, that is numbers slot * 8 + class of the count
 * (1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more), or with edges only
 * slot * 8.  libFuzzer's features are such numbers too.  Pure but for memory.
 *
 * A trace is kept packed: the differences of its ascending tuples, seven bits
 * a byte, so most tuples take one.  One set of tuples has one packed form.
 */
#ifndef LAGO_CORPUS_TRACE_H
#define LAGO_CORPUS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_PACKED 5 /* bytes of a tuple at most */

/* The tuples of a map into out (room for size of them), ascending.  size is
 * rounded up to 8, so the map must reach there. */
uint32_t trace_tuples(
    const uint8_t *map, size_t size, bool edges, uint32_t *out);
/* Does the map hold all n of these? */
bool trace_holds(const uint8_t *map, size_t size, bool edges,
    const uint32_t *tuple, uint32_t n);

/* Bytes written to out, which has room for n * TRACE_PACKED. */
uint32_t trace_pack(const uint32_t *tuple, uint32_t n, uint8_t *out);
/* Exactly n tuples from len bytes, or false. */
bool trace_unpack(
    const uint8_t *packed, uint32_t len, uint32_t *out, uint32_t n);
uint64_t trace_hash(const uint8_t *packed, uint32_t len);

struct trace {
	const uint8_t *packed;
	uint32_t len, n; /* bytes, tuples */
	uint32_t input;	 /* the first of the inputs that have this trace */
};

/* A set: the same trace twice is one. */
struct traces {
	struct trace *v;
	size_t n, room;
	uint32_t *table; /* open hash of numbers + 1 */
	size_t slots;
	uint8_t **chunk; /* memory of the packed ones */
	size_t chunks, left;
	uint32_t *tuple; /* of trace_get */
	size_t tuples;
};

/* The trace's number; *fresh (may be NULL): it was not there before. The
 * smaller input number wins. */
uint32_t trace_add(struct traces *t, const uint32_t *tuple, uint32_t n,
    uint32_t input, bool *fresh);
/* The same, packed already; borrowed bytes must live as long as the set. */
uint32_t trace_put(
    struct traces *t, const struct trace *packed, bool borrow, bool *fresh);
/* The v[i].n tuples of trace i, until the next call. */
const uint32_t *trace_get(struct traces *t, size_t i);
void trace_release(struct traces *t);

#endif
