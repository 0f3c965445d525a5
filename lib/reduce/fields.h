/*
 * Numbers in an input that follow when bytes go: lengths of what comes behind
 * them, one inside the other as formats have them, and check sums.  Guesses,
 * from the bytes alone; pure.
 */
#ifndef LAGO_REDUCE_FIELDS_H
#define LAGO_REDUCE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Binary, least or most significant byte first, digits, or 7 bits a byte. */
enum fields_form {
	FIELD_LE,
	FIELD_BE,
	FIELD_OCT,
	FIELD_DEC,
	FIELD_HEX,
	FIELD_VARINT /* 7 bits a byte, the lowest first */
};
enum fields_sum {
	SUM_NONE,
	SUM_INTERNET, /* 2 bytes, as IP has it */
	SUM_CRC32,    /* 4 bytes, least significant first, and most */
	SUM_CRC32_BE,
	SUM_ADLER32,
	SUM_ADLER32_BE,
	SUM_TAR /* of a header of 512 bytes, in octal digits */
};

struct fields {
	struct field {
		size_t at, from, to; /* of the number; of what it counts */
		size_t end;	     /* of what that is filled up to */
		uint8_t width;
		uint8_t form; /* enum fields_form */
		bool on;      /* it is used */
	} * v;
	size_t n;
	struct sum {
		size_t at, from, to;
		enum fields_sum kind;
	} * sum;
	size_t sums;
};

void fields_release(struct fields *f);
void fields_copy(const struct fields *from, struct fields *to);
struct field *fields_add(struct fields *f, size_t at, size_t from, size_t to,
    unsigned width, enum fields_form form);
void fields_add_sum(
    struct fields *f, size_t at, size_t from, size_t to, enum fields_sum kind);

/* The number there; false when it is none of that form. */
bool fields_get(
    const void *p, unsigned width, enum fields_form form, size_t *v);

/* How many bytes of n such a number of 7 bits a byte has; 0: it is none. */
unsigned fields_varint(const void *p, size_t n, size_t *v);

/* Adds what may count up to `end`, in the bytes from `start` on, 24 at most,
 * and Internet check sums there. */
void fields_find(const void *p, size_t start, size_t end, struct fields *f);
/* The check sum that a record ends with, over its bytes from *from on. */
enum fields_sum fields_seal_of(const void *p, size_t n, size_t *from);
/* Makes that one right. */
void fields_seal(
    void *p, size_t at, size_t from, size_t to, enum fields_sum kind);
bool fields_sealed(
    const void *p, size_t at, size_t from, size_t to, enum fields_sum kind);

/* p without d bytes at pos into to, with the numbers that are on lowered, and
 * the sums right; false when that changes nothing. */
bool fields_cut(const struct fields *f, const void *p, size_t n, size_t pos,
    size_t d, struct buf *to);
/* The sums over these bytes, which were changed. */
void fields_mend(
    const struct fields *f, void *p, size_t n, size_t pos, size_t d);
/* Where they are after that cut. */
void fields_shift(struct fields *f, size_t pos, size_t d);

#endif
