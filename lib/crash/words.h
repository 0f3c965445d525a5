/*
 * Which words does a line hold, and where does it end?  Most lines of a log hold
 * none of the some hundred words that tell, so what counts is how fast a line
 * is passed over.
 *
 * The search is that of Wu and Manber (A fast algorithm for multi-pattern
 * searching, 1994), without its shifts, since there are short words: of each
 * word the three bytes that are rarest in logs, and the three that begin one
 * byte behind them, are in a map of hashes.  Of two places next to each other
 * one is even, so that only every other place of the line is looked at.  What the
 * map lets pass is compared with the words that it may be.
 */
#ifndef LAGO_CRASH_WORDS_H
#define LAGO_CRASH_WORDS_H

#include <stdint.h>

#include "crash/str.h"

enum { WORDS_MAX = 256 };

struct words_set {
	uint64_t bits[WORDS_MAX / 64];
};

struct words;

/* n words of at least one byte each; no copies are kept.  fold: letter case does
 * not count. */
struct words *words_new(const char *const *list, size_t n, bool fold);
void words_free(struct words *w);

/* Text up to the first line break (LF CR VT FF FS GS RS NEL LS PS) or its end. */
struct str words_first_line(struct str text);
/* *set gets the words in the line; of more than WORDS_MAX words the rest has no
 * number and is not told.  So many bytes behind it can be read, too. */
void words_in(const struct words *w, struct str line, size_t behind,
    struct words_set *set);
/* The length of the line break at the start of text: CR LF is one. */
size_t words_break(struct str text);
/* Does the text, line breaks and all, hold any of them? */
bool words_any(const struct words *w, struct str text);

static inline bool
words_has(const struct words_set *set, unsigned word)
{
	return set->bits[word / 64] >> (word % 64) & 1;
}

static inline void
words_put(struct words_set *set, unsigned word)
{
	set->bits[word / 64] |= (uint64_t)1 << (word % 64);
}

static inline bool
words_none(const struct words_set *set)
{
	return (set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]) == 0;
}

/* Do they have a word in common? */
static inline bool
words_both(const struct words_set *a, const struct words_set *b)
{
	uint64_t both = 0;

	for (size_t i = 0; i < WORDS_MAX / 64; i++)
		both |= a->bits[i] & b->bits[i];
	return both != 0;
}

#endif
