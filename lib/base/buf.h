/*
 * A growing string of bytes, NULs allowed.  p is NUL-terminated after every
 * call that adds (the NUL is not counted in len), and may be NULL while empty.
 * BUF_INIT or a zeroed struct is an empty one.
 */
#ifndef LAGO_BASE_BUF_H
#define LAGO_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	char *p;
	size_t len, size;
};

#define BUF_INIT  \
	{         \
		0 \
	}

void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_addu(struct buf *b, uint64_t v);  /* decimal */
void buf_addx(struct buf *b, uint64_t v);  /* "0x2a" */
void buf_reserve(struct buf *b, size_t n); /* room for n more bytes */
void buf_cut(struct buf *b, size_t n);	   /* the first n bytes go */
void buf_reset(struct buf *b);		   /* empty, memory kept */
void buf_release(struct buf *b);
char *buf_take(struct buf *b); /* the string (never NULL); b is empty after */
const char *buf_str(const struct buf *b); /* "" instead of NULL */

#endif
