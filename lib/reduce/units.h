/* An input as pieces in a row: lines, words and what is between them, records.
 * Pure. */
#ifndef LAGO_REDUCE_UNITS_H
#define LAGO_REDUCE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Without gaps: piece i is at[i] to at[i + 1]. */
struct units {
	size_t *at, n;
};
void units_lines(const char *p, size_t n, struct units *u);
void units_tokens(const char *p, size_t n, struct units *u);
void units_add(struct units *u, size_t at); /* the next border */
/* Four bytes that stand in many places, as what begins a record does: the most
 * frequent, `most` at the most, none of them near another one. */
size_t units_marks(const char *p, size_t n, uint32_t *marks, size_t most);
/* The pieces between them. */
void units_between(const char *p, size_t n, uint32_t mark, struct units *u);
void units_shift(struct units *u, size_t pos, size_t d);
void units_release(struct units *u);

bool units_is_word(char c); /* a letter, a digit, _, or not ASCII */

#endif
