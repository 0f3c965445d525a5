#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "corpus/trace.h"

static unsigned
count_class(uint8_t count)
{
	static const uint8_t small[] = {0, 0, 1, 2, 3, 3, 3, 3};

	if (count < 8)
		return small[count];
	return count < 16 ? 4 : count < 32 ? 5 : count < 128 ? 6 : 7;
}

uint32_t
trace_tuples(const uint8_t *map, size_t size, bool edges, uint32_t *out)
{
	uint32_t n = 0;
	uint64_t eight;

	for (size_t i = 0; i < size; i += 8) {
		memcpy(&eight, map + i, sizeof eight);
		if (!eight)
			continue;
		for (size_t k = i; k < i + 8; k++)
			if (map[k])
				out[n++] = (uint32_t)k * 8 +
					   (edges ? 0 : count_class(map[k]));
	}
	return n;
}

static uint64_t
hash_of(const uint32_t *tuple, uint32_t n)
{
	uint64_t h = 0x9e3779b97f4a7c15 ^ n;

	for (uint32_t i = 0; i < n; i++) {
		h = (h ^ tuple[i]) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	return h;
}

/* Where the trace is in the table, or the empty place where it belongs. */
static size_t
place(const struct traces *t, const uint32_t *tuple, uint32_t n)
{
	size_t at = hash_of(tuple, n) & (t->slots - 1);
	const struct trace *have;

	for (; t->table[at]; at = (at + 1) & (t->slots - 1)) {
		have = &t->v[t->table[at] - 1];
		if (have->n == n &&
		    !memcmp(have->tuple, tuple, n * sizeof *tuple))
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
		t->table[place(t, t->v[i].tuple, t->v[i].n)] = (uint32_t)i + 1;
}

uint32_t
trace_add(struct traces *t, const uint32_t *tuple, uint32_t n, uint32_t input,
    bool *fresh)
{
	struct trace *have;
	size_t at;

	if (t->n * 2 >= t->slots)
		grow(t);
	at = place(t, tuple, n);
	if (fresh)
		*fresh = !t->table[at];
	if (t->table[at]) {
		have = &t->v[t->table[at] - 1];
		if (input < have->input)
			have->input = input;
		return t->table[at] - 1;
	}
	if (t->n == t->room) {
		t->room = t->room ? t->room * 2 : 256;
		t->v = mem_grow(t->v, t->room, sizeof *t->v);
	}
	t->v[t->n++] =
	    (struct trace){mem_dup(tuple, n * sizeof *tuple), n, input};
	t->table[at] = (uint32_t)t->n;
	return (uint32_t)t->n - 1;
}

void
trace_release(struct traces *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].tuple);
	free(t->v);
	free(t->table);
	memset(t, 0, sizeof *t);
}
