#include "crash/memo.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crash/arena.h"

enum { SLOTS = 1 << 14, FULL = SLOTS / 2, BYTES = 4 << 20 };

struct slot {
	uint64_t hash; /* 0: free */
	struct str key;
	void *value;
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
	h ^= h >> 32;
	return h != 0 ? h : 1;
}

static void
empty(struct memo *m)
{
	memset(m->slots, 0, sizeof(m->slots));
	m->n = m->bytes = 0;
	arena_release(&m->arena);
}

void *
memo_find(struct memo *m, unsigned kind, struct str key, bool *made)
{
	uint64_t h = hash(kind, key);
	struct slot *s;

	if (m->n >= FULL || m->bytes >= BYTES)
		empty(m);
	for (size_t i = h % SLOTS;; i = (i + 1) % SLOTS) {
		s = &m->slots[i];
		if (s->hash == 0)
			break;
		if (s->hash == h && str_eq(s->key, key)) {
			*made = false;
			return s->value;
		}
	}
	*made = true;
	m->n++;
	m->bytes += key.n + m->value_size;
	s->hash = h;
	s->key = arena_str(&m->arena, key);
	s->value = arena_alloc(&m->arena, m->value_size);
	memset(s->value, 0, m->value_size);
	return s->value;
}

struct str
memo_keep(struct memo *m, struct str s)
{
	m->bytes += s.n;
	return arena_str(&m->arena, s);
}
