#include "crash/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#include "base/mem.h"

enum { BLOCK = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	alignas(max_align_t) char data[];
};

static struct arena_block *
add_block(struct arena *a, size_t n)
{
	size_t size = n > BLOCK ? n : BLOCK;
	struct arena_block *b = mem_grow(NULL, 1, sizeof(*b) + size);

	b->size = size;
	b->used = 0;
	b->next = a->now != NULL ? a->now->next : a->first;
	if (a->now != NULL)
		a->now->next = b;
	else
		a->first = b;
	return b;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	const size_t unit = alignof(max_align_t);
	char *p;

	n = (n + unit - 1) / unit * unit;
	if (a->now == NULL || a->now->size - a->now->used < n) {
		struct arena_block *next =
		    a->now != NULL ? a->now->next : a->first;
		if (next == NULL || next->size < n)
			next = add_block(a, n);
		next->used = 0;
		a->now = next;
	}
	p = a->now->data + a->now->used;
	a->now->used += n;
	return p;
}

struct str
arena_str(struct arena *a, struct str s)
{
	char *p;

	if (s.n == 0)
		return str_of("", 0);
	p = arena_alloc(a, s.n);
	memcpy(p, s.p, s.n);
	return str_of(p, s.n);
}

void
arena_reset(struct arena *a)
{
	a->now = NULL;
}

void
arena_release(struct arena *a)
{
	for (struct arena_block *b = a->first, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){0};
}
