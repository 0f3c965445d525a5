/*
 * A slice: n bytes at p that somebody else owns, no NUL at the end.  All
 * readers of target output work on these.
 */
#ifndef LAGO_CRASH_STR_H
#define LAGO_CRASH_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

static inline struct str
str_of(const char *p, size_t n)
{
	return (struct str){p, n};
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
str_starts(struct str s, struct str with)
{
	return s.n >= with.n && memcmp(s.p, with.p, with.n) == 0;
}

static inline bool
str_ends(struct str s, struct str with)
{
	return s.n >= with.n && memcmp(s.p + s.n - with.n, with.p, with.n) == 0;
}

/* What is behind the first n bytes. */
static inline struct str
str_from(struct str s, size_t n)
{
	return n < s.n ? str_of(s.p + n, s.n - n) : str_of(s.p + s.n, 0);
}

#endif
