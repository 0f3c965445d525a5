#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "corpus/trace.h"
#include "corpus/tuples.h"

static size_t
slot(const struct tuples *s, uint32_t tuple)
{
	size_t at = (tuple * 0x9e3779b97f4a7c15 >> 20) & (s->slots - 1);

	while (s->table[at] && s->table[at] != tuple + 1)
		at = (at + 1) & (s->slots - 1);
	return at;
}

void
tuples_add(struct tuples *s, uint32_t tuple)
{
	struct tuples old = *s;
	size_t at;

	if (s->n * 2 >= s->slots) {
		s->slots = s->slots ? s->slots * 2 : 1024;
		s->table = mem_array(s->slots, sizeof *s->table);
		for (size_t i = 0; i < old.slots; i++)
			if (old.table[i])
				s->table[slot(s, old.table[i] - 1)] =
				    old.table[i];
		free(old.table);
	}
	at = slot(s, tuple);
	s->n += !s->table[at];
	s->table[at] = tuple + 1;
}

bool
tuples_has(const struct tuples *s, uint32_t tuple)
{
	return s->n && s->table[slot(s, tuple)];
}

void
tuples_add_all(struct tuples *s, const struct traces *t)
{
	for (size_t i = 0; i < t->n; i++)
		for (uint32_t k = 0; k < t->v[i].n; k++)
			tuples_add(s, t->v[i].tuple[k]);
}

void
tuples_release(struct tuples *s)
{
	free(s->table);
	memset(s, 0, sizeof *s);
}
