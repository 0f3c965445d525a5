#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "corpus/trace.h"

#define TWICE(...) __VA_ARGS__, __VA_ARGS__
#define EIGHT(n) n, n, n, n, n, n, n, n
#define SIXTEEN(n) TWICE(EIGHT(n))
#define MANY(n) TWICE(TWICE(SIXTEEN(n)))

static const uint8_t count_class[256] = {0, 0, 1, 2, 3, 3, 3, 3, EIGHT(4),
    SIXTEEN(5), TWICE(SIXTEEN(6)), MANY(6), TWICE(MANY(7))};

/* Without a branch for each byte: which are zero is hard to foretell. */
uint32_t
trace_tuples(const uint8_t *map, size_t size, bool edges, uint32_t *out)
{
	const uint8_t mask = edges ? 0 : 7;
	uint32_t n = 0;
	uint64_t eight;

	for (size_t i = 0; i < size; i += 8) {
		memcpy(&eight, map + i, sizeof eight);
		if (!eight)
			continue;
		for (size_t k = i; k < i + 8; k++) {
			out[n] = (uint32_t)k * 8 + (count_class[map[k]] & mask);
			n += map[k] != 0;
		}
	}
	return n;
}

bool
trace_holds(const uint8_t *map, size_t size, bool edges, const uint32_t *tuple,
    uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		size_t at = tuple[i] / 8;

		if (at >= size || !map[at] ||
		    (!edges && count_class[map[at]] != tuple[i] % 8))
			return false;
	}
	return true;
}

/* --- packed --- */

uint32_t
trace_pack(const uint32_t *tuple, uint32_t n, uint8_t *out)
{
	uint8_t *to = out;
	uint32_t last = 0, v;

	for (uint32_t i = 0; i < n; last = tuple[i++]) {
		for (v = tuple[i] - last; v >= 0x80; v >>= 7)
			*to++ = (uint8_t)(v | 0x80);
		*to++ = (uint8_t)v;
	}
	return (uint32_t)(to - out);
}

bool
trace_unpack(const uint8_t *packed, uint32_t len, uint32_t *out, uint32_t n)
{
	const uint8_t *p = packed, *end = packed + len;
	uint32_t last = 0, v;

	for (uint32_t i = 0; i < n; i++) {
		unsigned shift = 0;

		for (v = 0; p < end && *p & 0x80 && shift < 28; shift += 7)
			v |= (uint32_t)(*p++ & 0x7f) << shift;
		if (p == end || *p & 0x80)
			return false;
		last += v | (uint32_t)*p++ << shift;
		out[i] = last;
	}
	return p == end;
}

uint64_t
trace_hash(const uint8_t *p, uint32_t len)
{
	uint64_t h = 0x9e3779b97f4a7c15 ^ len, v;

	for (; len; p += len < 8 ? len : 8, len -= len < 8 ? len : 8) {
		v = 0;
		memcpy(&v, p, len < 8 ? len : 8);
		h = (h ^ v) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	h *= 0xc4ceb9fe1a85ec53;
	return h ^ h >> 29;
}

/* --- the set --- */

/* Where the trace is in the table, or the empty place where it belongs. */
static size_t
place(const struct traces *t, const struct trace *one)
{
	size_t at = trace_hash(one->packed, one->len) & (t->slots - 1);
	const struct trace *have;

	for (; t->table[at]; at = (at + 1) & (t->slots - 1)) {
		have = &t->v[t->table[at] - 1];
		if (have->n == one->n && have->len == one->len &&
		    !memcmp(have->packed, one->packed, one->len))
			break;
	}
	return at;
}

static void
grow(struct traces *t)
{
	t->slots = t->slots ? t->slots * 2 : 1024;
	free(t->table);
	t->table = mem_array(t->slots, sizeof *t->table);
	for (size_t i = 0; i < t->n; i++)
		t->table[place(t, &t->v[i])] = (uint32_t)i + 1;
}

static const uint8_t *
store(struct traces *t, const uint8_t *p, uint32_t len)
{
	enum { CHUNK = 1 << 18 };
	uint8_t *to;

	if (len > t->left) {
		t->left = len > CHUNK ? len : CHUNK;
		t->chunk = mem_grow(t->chunk, t->chunks + 1, sizeof *t->chunk);
		t->chunk[t->chunks++] = mem_alloc(t->left);
	}
	/* A chunk is filled from its end. */
	t->left -= len;
	to = t->chunk[t->chunks - 1] + t->left;
	return len ? memcpy(to, p, len) : to;
}

uint32_t
trace_put(struct traces *t, const struct trace *one, bool borrow, bool *fresh)
{
	struct trace *have;
	size_t at;

	if (t->n * 2 >= t->slots)
		grow(t);
	at = place(t, one);
	if (fresh)
		*fresh = !t->table[at];
	if (t->table[at]) {
		have = &t->v[t->table[at] - 1];
		if (one->input < have->input)
			have->input = one->input;
		return t->table[at] - 1;
	}
	if (t->n == t->room) {
		t->room = t->room ? t->room * 2 : 256;
		t->v = mem_grow(t->v, t->room, sizeof *t->v);
	}
	t->v[t->n] = *one;
	if (!borrow)
		t->v[t->n].packed = store(t, one->packed, one->len);
	t->table[at] = (uint32_t)++t->n;
	return (uint32_t)t->n - 1;
}

static uint32_t *
room(struct traces *t, size_t n)
{
	if (n > t->tuples) {
		t->tuples = n;
		t->tuple = mem_grow(t->tuple, n, sizeof *t->tuple);
	}
	return t->tuple;
}

uint32_t
trace_add(struct traces *t, const uint32_t *tuple, uint32_t n, uint32_t input,
    bool *fresh)
{
	/* as tuples, since 5 bytes a tuple fit into 2 of those */
	uint8_t *packed = (uint8_t *)room(t, 2 * (size_t)n + 1);
	struct trace one = {packed, trace_pack(tuple, n, packed), n, input};

	return trace_put(t, &one, false, fresh);
}

const uint32_t *
trace_get(struct traces *t, size_t i)
{
	const struct trace *one = &t->v[i];
	uint32_t *tuple = room(t, (size_t)one->n + 1);

	/* What was not packed by us was checked when it was taken. */
	trace_unpack(one->packed, one->len, tuple, one->n);
	return tuple;
}

void
trace_release(struct traces *t)
{
	for (size_t i = 0; i < t->chunks; i++)
		free(t->chunk[i]);
	free(t->chunk);
	free(t->tuple);
	free(t->v);
	free(t->table);
	memset(t, 0, sizeof *t);
}
