#include "reduce/ders.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum {
	HOLDS = 0x20, /* of a tag */
	LONG = 0x80,  /* of a length */
	OCTET_STRING = 4,
	DEEP = 32,
	MOST = 100000, /* values */
	LEAST = 4
};

static bool
value(const uint8_t *p, size_t at, size_t end, struct ders_value *v)
{
	size_t bytes, len;

	if (end - at < 2 || (p[at] & 0x1f) == 0x1f || p[at] == 0)
		return false;
	len = p[at + 1];
	v->from = at;
	v->body = at + 2;
	if (len & LONG) {
		bytes = len & ~(size_t)LONG;
		if (bytes == 0 || bytes > 4 || end - v->body < bytes)
			return false;
		for (len = 0; bytes > 0; bytes--)
			len = len << 8 | p[v->body++];
	}
	if (len > end - v->body)
		return false;
	v->end = v->body + len;
	return true;
}

static bool
values(const uint8_t *p, size_t at, size_t end, size_t parent, int depth,
    struct ders *d)
{
	size_t first = d->n;

	while (at < end) {
		struct ders_value v = {.parent = parent};
		size_t i = d->n;

		if (depth > DEEP || i == MOST || !value(p, at, end, &v)) {
			d->n = first;
			return false;
		}
		if ((i & (i + 1)) == 0) /* room for powers of two */
			d->v = mem_grow(d->v, 2 * (i + 1), sizeof *d->v);
		v.holds = p[at] & HOLDS;
		d->v[d->n++] = v;
		at = v.end;
		if (v.holds && !values(p, v.body, v.end, i, depth + 1, d)) {
			d->n = first;
			return false;
		}
		/* Strings of bytes often hold values, too. */
		if (p[v.from] == OCTET_STRING && v.end - v.body > 2 &&
		    (p[v.body] & HOLDS)) {
			bool holds = values(p, v.body, v.end, i, depth + 1, d);

			d->v[i].holds = holds; /* it may have moved */
		}
	}
	return true;
}

bool
ders_find(const void *bytes, size_t n, struct ders *d)
{
	const uint8_t *p = bytes;

	d->n = 0;
	return n > 2 && (p[0] & HOLDS) && values(p, 0, n, DERS_NONE, 0, d) &&
	       d->n >= LEAST;
}

/* A length; its bytes. */
static size_t
put(uint8_t *to, size_t len)
{
	size_t n = 1;

	to[0] = (uint8_t)len;
	if (len < LONG)
		return 1;
	for (int shift = 24; shift >= 0; shift -= 8)
		if (len >> shift)
			to[n++] = (uint8_t)(len >> shift);
	to[0] = (uint8_t)(LONG | (n - 1));
	return n;
}

void
ders_replace(const void *bytes, size_t n, const struct ders *d, size_t in,
    size_t pos, size_t len, const void *with, size_t with_len, struct buf *to)
{
	const char *p = bytes;
	struct {
		size_t i, bytes;
		uint8_t len[8];
	} around[DEEP + 2];
	size_t depth = 0, at = 0, less = len - with_len;

	/* From inside to outside how long each is then. */
	for (size_t i = in; i != DERS_NONE; i = d->v[i].parent) {
		const struct ders_value *v = &d->v[i];

		around[depth].i = i;
		around[depth].bytes =
		    put(around[depth].len, v->end - v->body - less);
		less += v->body - v->from - 1 - around[depth].bytes;
		depth++;
	}
	buf_reset(to);
	while (depth-- > 0) {
		const struct ders_value *v = &d->v[around[depth].i];

		buf_add(to, p + at, v->from + 1 - at);
		buf_add(to, around[depth].len, around[depth].bytes);
		at = v->body;
	}
	buf_add(to, p + at, pos - at);
	buf_add(to, with, with_len);
	buf_add(to, p + pos + len, n - pos - len);
}

void
ders_release(struct ders *d)
{
	free(d->v);
	memset(d, 0, sizeof *d);
}
