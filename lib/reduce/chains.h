/*
 * A format as records of a header with a length, then that many bytes: where
 * the records are is all that is known of it.  Guesses, from the bytes alone;
 * pure.
 */
#ifndef LAGO_REDUCE_CHAINS_H
#define LAGO_REDUCE_CHAINS_H

#include <stdbool.h>
#include <stddef.h>

struct fields;

struct chain {
	size_t start, end;	     /* of the first record; behind the last */
	unsigned field, width, form; /* a message: FIELD_VARINT, no more */
	/* of the length in one (fields.h) */
	unsigned extra; /* a record has so many bytes more; */
	unsigned align; /* the length is rounded up to that */
	size_t records;
};

enum { CHAINS_DIGITS = 0, CHAINS_VARINT = 7 };
/* The likeliest one with lengths of so many bytes, 1 to 4, or of digits as
 * archives have them, or the fields of a message as protocol buffers have them, that ends where the region p[from..end) does and has at
 * least so many records; false when there is none. */
bool chains_find(const void *p, size_t from, size_t end, unsigned width,
    size_t least, struct chain *c);
/* Walks it over what the bytes are now: *at gets where each record begins, and
 * the end behind them (grown; the caller's).  How many. */
size_t chains_records(
    const void *p, size_t n, const struct chain *c, size_t **at);
/* The lengths and check sums of these records, numbers that follow from now
 * on. */
void chains_fields(const void *p, const struct chain *c, const size_t *at,
    size_t records, struct fields *f);

/* Mostly printable, no zero. */
bool chains_is_text(const void *p, size_t n);

#endif
