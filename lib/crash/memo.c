#include "crash/memo.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crash/arena.h"

/* FULL, BYTES: then memo_trim() empties it; there is room for twice as much. */
enum { SLOTS = 1 << 14, FULL = SLOTS / 4, BYTES = 2 << 20 };

struct cell {
	uint64_t hash;
	size_t n;
	char key[]; /* n bytes, then the value, aligned */
};

struct memo {
	struct cell *slots[SLOTS]; /* NULL: free */
	size_t n, bytes, value_size;
	struct arena arena; /* of keys, values and what was kept */
};

struct memo *
memo_new(size_t value_size)
{
	struct memo *m = mem_alloc(sizeof(*m));

	m->value_size = value_size;
	return m;
}

void
memo_free(struct memo *m)
{
	if (m == NULL)
		return;
	arena_release(&m->arena);
	free(m);
}

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15;
	return h ^ h >> 32;
}

/* Sixteen bytes at a time, in two halves that need not wait for each other. */
static uint64_t
hash(struct str s)
{
	uint64_t h = s.n, g = 0, v[2];
	size_t i = 0;

	for (; i + sizeof(v) <= s.n; i += sizeof(v)) {
		memcpy(v, s.p + i, sizeof(v));
		h = mix(h, v[0]);
		g = mix(g, v[1]);
	}
	v[0] = v[1] = 0;
	memcpy(v, s.p + i, s.n - i);
	return mix(mix(h, v[0]), mix(g, v[1]));
}

static void *
value_of(struct cell *c)
{
	const size_t unit = alignof(max_align_t);

	return (char *)c + (sizeof(*c) + c->n + unit - 1) / unit * unit;
}

static struct cell *
new_cell(struct memo *m, uint64_t h, struct str key)
{
	const size_t unit = alignof(max_align_t);
	size_t size = sizeof(struct cell) + key.n + unit + m->value_size;
	struct cell *c = arena_alloc(&m->arena, size);

	c->hash = h;
	c->n = key.n;
	memcpy(c->key, key.p, key.n);
	memset(value_of(c), 0, m->value_size);
	m->n++;
	m->bytes += size;
	return c;
}

void
memo_trim(struct memo *m)
{
	if (m->n < FULL && m->bytes < BYTES)
		return;
	memset(m->slots, 0, sizeof(m->slots));
	m->n = m->bytes = 0;
	arena_release(&m->arena);
}

void *
memo_find(struct memo *m, struct str key, bool *made)
{
	uint64_t h = hash(key);
	struct cell **c;

	for (size_t i = h % SLOTS;; i = (i + 1) % SLOTS) {
		c = &m->slots[i];
		if (*c == NULL)
			break;
		if ((*c)->hash == h &&
		    str_eq(str_of((*c)->key, (*c)->n), key)) {
			*made = false;
			return value_of(*c);
		}
	}
	if (m->n >= 2 * FULL || m->bytes >= 2 * BYTES)
		return NULL;
	*made = true;
	*c = new_cell(m, h, key);
	return value_of(*c);
}

struct str
memo_keep(struct memo *m, struct str s)
{
	m->bytes += s.n;
	return arena_str(&m->arena, s);
}
