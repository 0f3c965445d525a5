/*
 * What a text is made of, whatever its language: elements, brackets, strings,
 * items of lists, blocks by their indentation; lines; words.  Pure.
 */
#ifndef LAGO_CORPUS_SPANS_H
#define LAGO_CORPUS_SPANS_H

#include <stdbool.h>
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

/* Pieces without gaps: piece i is at[i] to at[i + 1]. */
struct units {
	size_t *at, n;
};
void units_lines(const char *p, size_t n, struct units *u);
void units_tokens(const char *p, size_t n, struct units *u);
void units_add(struct units *u, size_t at); /* the next border */
void units_shift(struct units *u, size_t pos, size_t d);
void units_release(struct units *u);

bool spans_is_word(char c);

#endif
