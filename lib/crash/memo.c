#include "crash/memo.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crash/arena.h"

/* FULL, BYTES: then memo_trim() empties it; there is room for twice as much. */
enum { SLOTS = 1 << 14, FULL = SLOTS / 4, BYTES = 2 << 20 };

/* Small, so that the slots stay in the cache. */
struct slot {
	uint64_t hash;
	struct cell *cell; /* NULL: free */
};

struct cell {
	struct str key;
	alignas(max_align_t) char value[];
};

struct memo {
	struct slot slots[SLOTS];
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

/* Eight bytes at a time: multiply, fold. */
static uint64_t
hash(unsigned kind, struct str s)
{
	const uint64_t prime = 0x9e3779b97f4a7c15;
	uint64_t h = (s.n << 8 | kind) * prime, v;
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8) {
		memcpy(&v, s.p + i, 8);
		h = (h ^ v) * prime;
		h ^= h >> 32;
	}
	v = 0;
	memcpy(&v, s.p + i, s.n - i);
	h = (h ^ v) * prime;
	return h ^ h >> 32;
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
memo_find(struct memo *m, unsigned kind, struct str key, bool *made)
{
	uint64_t h = hash(kind, key);
	struct slot *s;

	for (size_t i = h % SLOTS;; i = (i + 1) % SLOTS) {
		s = &m->slots[i];
		if (s->cell == NULL)
			break;
		if (s->hash == h && str_eq(s->cell->key, key)) {
			*made = false;
			return s->cell->value;
		}
	}
	if (m->n >= 2 * FULL || m->bytes >= 2 * BYTES)
		return NULL;
	*made = true;
	m->n++;
	m->bytes += key.n + m->value_size;
	s->hash = h;
	s->cell = arena_alloc(&m->arena, sizeof(*s->cell) + m->value_size);
	memset(s->cell, 0, sizeof(*s->cell) + m->value_size);
	s->cell->key = arena_str(&m->arena, key);
	return s->cell->value;
}

struct str
memo_keep(struct memo *m, struct str s)
{
	m->bytes += s.n;
	return arena_str(&m->arena, s);
}
