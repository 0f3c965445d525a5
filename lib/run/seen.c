#include "run/seen.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* FNV-1a. */
static uint64_t
hash(const char *s)
{
	uint64_t h = 14695981039346656037ULL;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211ULL;
	return h;
}

static struct seen_one *
place(struct seen_one *slot, size_t size, const char *key)
{
	size_t i = hash(key) & (size - 1);

	while (slot[i].key != NULL && strcmp(slot[i].key, key) != 0)
		i = (i + 1) & (size - 1);
	return &slot[i];
}

static void
grow(struct seen *s)
{
	size_t i, size = s->size > 0 ? 2 * s->size : 64;
	struct seen_one *slot = mem_array(size, sizeof(*slot));

	for (i = 0; i < s->size; i++)
		if (s->slot[i].key != NULL)
			*place(slot, size, s->slot[i].key) = s->slot[i];
	free(s->slot);
	s->slot = slot;
	s->size = size;
}

void **
seen_find(const struct seen *s, const char *key)
{
	struct seen_one *one;

	if (s->size == 0)
		return NULL;
	one = place(s->slot, s->size, key);
	return one->key != NULL ? &one->value : NULL;
}

void **
seen_put(struct seen *s, const char *key)
{
	struct seen_one *one;

	if (2 * (s->n + 1) > s->size)
		grow(s);
	one = place(s->slot, s->size, key);
	if (one->key == NULL) {
		one->key = mem_strdup(key);
		s->n++;
	}
	return &one->value;
}

void
seen_release(struct seen *s)
{
	size_t i;

	for (i = 0; i < s->size; i++)
		free(s->slot[i].key);
	free(s->slot);
	memset(s, 0, sizeof(*s));
}
