/*
 * Values in values, as DER has them: a tag, a length of as many bytes as it
 * needs, the contents.  A length that gets shorter makes all around it shorter
 * too.  Guesses, from the bytes alone; pure.
 */
#ifndef LAGO_REDUCE_DERS_H
#define LAGO_REDUCE_DERS_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct ders {
	struct ders_value {
		size_t from, body, end;
		size_t parent; /* DERS_NONE: it lies in none */
		bool holds;    /* its contents are values */
	} * v;		       /* each before what it holds */
	size_t n;
};
#define DERS_NONE ((size_t)-1)

/* False when these bytes are not all of it such values, one in another. */
bool ders_find(const void *p, size_t n, struct ders *d);
/* p[0..n) with other bytes for p[pos..pos + len), which lie in value number
 * `in` (or DERS_NONE), and all lengths right. */
void ders_replace(const void *p, size_t n, const struct ders *d, size_t in,
    size_t pos, size_t len, const void *with, size_t with_len, struct buf *to);
void ders_release(struct ders *d);

#endif
