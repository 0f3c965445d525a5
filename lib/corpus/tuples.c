#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "corpus/trace.h"
#include "corpus/tuples.h"

static size_t
slot(const struct tuples *s, uint32_t tuple)
{
	size_t at = (tuple * 0x9e3779b97f4a7c15 >> 32) & (s->slots - 1);

	while (s->table[at] && s->v[s->table[at] - 1] != tuple)
		at = (at + 1) & (s->slots - 1);
	return at;
}

static void
grow(struct tuples *s)
{
	s->slots = s->slots ? s->slots * 2 : 1024;
	free(s->table);
	s->table = mem_array(s->slots, sizeof *s->table);
	s->v = mem_grow(s->v, s->slots / 2, sizeof *s->v);
	for (size_t i = 0; i < s->n; i++)
		s->table[slot(s, s->v[i])] = (uint32_t)i + 1;
}

uint32_t
tuples_add(struct tuples *s, uint32_t tuple)
{
	size_t at;

	if (s->n * 2 >= s->slots)
		grow(s);
	at = slot(s, tuple);
	if (!s->table[at]) {
		s->v[s->n] = tuple;
		s->table[at] = (uint32_t)++s->n;
	}
	return s->table[at] - 1;
}

uint32_t
tuples_find(const struct tuples *s, uint32_t tuple)
{
	/* an empty place gives 0 - 1 */
	return s->n ? s->table[slot(s, tuple)] - 1 : TUPLES_NONE;
}

bool
tuples_has(const struct tuples *s, uint32_t tuple)
{
	return tuples_find(s, tuple) != TUPLES_NONE;
}

void
tuples_add_all(struct tuples *s, struct traces *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const uint32_t *tuple = trace_get(t, i);

		for (uint32_t k = 0; k < t->v[i].n; k++)
			tuples_add(s, tuple[k]);
	}
}

void
tuples_release(struct tuples *s)
{
	free(s->v);
	free(s->table);
	memset(s, 0, sizeof *s);
}
