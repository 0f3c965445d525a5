#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "corpus/contents.h"
#include "corpus/inputs.h"

void
contents_init(struct contents *c, const struct inputs *l)
{
	c->l = l;
	for (c->slots = 1024; c->slots < l->n * 2;)
		c->slots *= 2;
	c->table = mem_array(c->slots, sizeof *c->table);
}

uint32_t
contents_first(struct contents *c, uint32_t i)
{
	const struct input *v = c->l->v;
	uint64_t h;
	size_t at;

	memcpy(&h, v[i].sha, sizeof h);
	for (at = h & (c->slots - 1); c->table[at];
	     at = (at + 1) & (c->slots - 1))
		if (!memcmp(v[c->table[at] - 1].sha, v[i].sha, INPUT_SHA))
			return c->table[at] - 1;
	c->table[at] = i + 1;
	return i;
}

void
contents_release(struct contents *c)
{
	free(c->table);
	c->table = NULL;
}
