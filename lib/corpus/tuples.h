/*
 * A set of tuples that numbers them densely, in the order they came; a zeroed
 * one is empty.
 */
#ifndef LAGO_CORPUS_TUPLES_H
#define LAGO_CORPUS_TUPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct traces;

#define TUPLES_NONE UINT32_MAX

struct tuples {
	uint32_t *v;	 /* the tuples */
	uint32_t *table; /* number + 1; 0 empty */
	size_t slots, n;
};
uint32_t tuples_add(struct tuples *s, uint32_t tuple); /* its number */
uint32_t tuples_find(const struct tuples *s, uint32_t tuple);
bool tuples_has(const struct tuples *s, uint32_t tuple);
void tuples_add_all(struct tuples *s, struct traces *t);
void tuples_release(struct tuples *s);

#endif
