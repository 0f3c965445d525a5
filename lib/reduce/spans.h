/*
 * What a text is made of, whatever its language: elements, brackets, strings,
 * items of lists, blocks by their indentation.  Pure.
 */
#ifndef LAGO_REDUCE_SPANS_H
#define LAGO_REDUCE_SPANS_H

#include <stddef.h>

struct span {
	size_t from, to, in, out; /* out: end of its inside */
	size_t parent;		  /* SPAN_NONE: it lies in none */
};
#define SPAN_NONE ((size_t)-1)

struct spans {
	struct span *v; /* the longest first */
	size_t n;
};

void spans_find(const char *p, size_t n, struct spans *s);
void spans_shift(struct spans *s, size_t pos, size_t d);
void spans_release(struct spans *s);

#endif
