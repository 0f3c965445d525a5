#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
buf_reserve(struct buf *b, size_t n)
{
	size_t want = b->len + n + 1;

	if (want <= b->size)
		return;
	if (want < 2 * b->size)
		want = 2 * b->size;
	b->p = mem_grow(b->p, want, 1);
	b->size = want;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	buf_reserve(b, n);
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addc(struct buf *b, char c)
{
	buf_reserve(b, 1);
	b->p[b->len++] = c;
	b->p[b->len] = '\0';
}

static void
add_number(struct buf *b, const char *prefix, uint64_t v, unsigned base)
{
	char digits[24], *p = digits + sizeof(digits);

	do {
		*--p = "0123456789abcdef"[v % base];
		v /= base;
	} while (v > 0);
	buf_adds(b, prefix);
	buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

void
buf_addu(struct buf *b, uint64_t v)
{
	add_number(b, "", v, 10);
}

void
buf_addx(struct buf *b, uint64_t v)
{
	add_number(b, "0x", v, 16);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	buf_reserve(b, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void
buf_cut(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	b->len -= n;
	memmove(b->p, b->p + n, b->len + 1);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->p != NULL)
		b->p[0] = '\0';
}

void
buf_release(struct buf *b)
{
	free(b->p);
	*b = (struct buf)BUF_INIT;
}

char *
buf_take(struct buf *b)
{
	char *p;

	buf_add(b, "", 0);
	p = b->p;
	*b = (struct buf)BUF_INIT;
	return p;
}

const char *
buf_str(const struct buf *b)
{
	return b->p == NULL ? "" : b->p;
}
