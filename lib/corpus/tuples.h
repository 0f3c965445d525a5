/* A set of tuples; a zeroed one is empty. */
#ifndef LAGO_CORPUS_TUPLES_H
#define LAGO_CORPUS_TUPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct traces;

struct tuples {
	uint32_t *table; /* tuple + 1; 0 empty (the largest tuple is never) */
	size_t slots, n;
};
void tuples_add(struct tuples *s, uint32_t tuple);
bool tuples_has(const struct tuples *s, uint32_t tuple);
void tuples_add_all(struct tuples *s, const struct traces *t);
void tuples_release(struct tuples *s);

#endif
