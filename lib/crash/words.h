/*
 * Which words does a line hold?  One pass over the bytes finds them all, and
 * the end of the line too (Aho and Corasick's automaton).
 */
#ifndef LAGO_CRASH_WORDS_H
#define LAGO_CRASH_WORDS_H

#include <stdint.h>

#include "crash/str.h"

enum { WORDS_MAX = 192 };

struct words_set {
	uint64_t bits[WORDS_MAX / 64];
};

struct words;

/* n words of at least one byte each; no copies are kept.  fold: letter case does
 * not count. */
struct words *words_new(const char *const *list, size_t n, bool fold);
void words_free(struct words *w);

/* Look at text up to the first line break (LF CR VT FF FS GS RS NEL LS PS) or
 * its end; returns the line without it.  *set gets the words in it. */
struct str words_line(
    const struct words *w, struct str text, struct words_set *set);
/* The length of the line break at the start of text: CR LF is one. */
size_t words_break(struct str text);
/* Does the text, line breaks and all, hold any of them? */
bool words_any(const struct words *w, struct str text);

static inline bool
words_has(const struct words_set *set, unsigned word)
{
	return set->bits[word / 64] >> (word % 64) & 1;
}

static inline bool
words_none(const struct words_set *set)
{
	return (set->bits[0] | set->bits[1] | set->bits[2]) == 0;
}

#endif
