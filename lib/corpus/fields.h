/*
 * Numbers in an input that follow when bytes go: lengths of all that comes
 * behind them up to the end, one inside the other as protocols have them, and
 * Internet check sums.  Guesses, from the bytes alone; pure.
 */
#ifndef LAGO_CORPUS_FIELDS_H
#define LAGO_CORPUS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define FIELDS_MAX 24

struct fields {
	struct field {
		size_t at, from; /* of the number; of what it counts */
		uint8_t width;	 /* 2 or 4 bytes */
		bool big, on;	 /* most significant first; it is used */
	} v[FIELDS_MAX];
	size_t n;
	struct sum {
		size_t from, len, at; /* len 0: to the end */
	} sum[FIELDS_MAX];
	size_t sums;
};

void fields_find(const void *p, size_t n, struct fields *f);
/* p without d bytes at pos into to, with the numbers that are on lowered, and
 * the sums right; false when that changes nothing. */
bool fields_cut(const struct fields *f, const void *p, size_t n, size_t pos,
    size_t d, struct buf *to);
/* Where they are after that cut. */
void fields_shift(struct fields *f, size_t pos, size_t d);

/* A check sum at the end of each record, over its bytes from `from` on. */
struct fields_seal {
	enum { SEAL_NONE, SEAL_CRC32, SEAL_ADLER32 } kind;
	bool big;
	size_t from;
};
/* Does it seal this record?  Tells which, for the first one; the others must
 * have the same. */
bool fields_sealed(const void *p, size_t n, struct fields_seal *s);
void fields_seal(void *p, size_t n, const struct fields_seal *s);

#endif
