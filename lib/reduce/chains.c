#include "reduce/chains.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "reduce/fields.h"

enum {
	EMPTY = 64,   /* so many more empty records than others are none */
	SEALED = 8,   /* records looked at for check sums */
	SEAL = 4,     /* bytes of one at a record's end */
	TAR_SUM = 148 /* in a header of 512 bytes */
};

/* Where lengths of so many bytes are looked for: of short ones there are by
 * chance everywhere. */
static const struct number {
	unsigned width, start, field, extra;
} numbers[] = {
    {4, 64, 32, 32}, {3, 64, 32, 32}, {2, 64, 32, 32}, {1, 8, 8, 16}};

/* Those whose numbers are digits: ustar and ar. */
static const struct known {
	size_t magic_at;
	const char *magic;
	struct chain c;
} known[] = {
    {257, "ustar", {0, 0, 124, 11, FIELD_OCT, 512, 512, 0}},
    {0, "!<arch>\n", {8, 0, 48, 10, FIELD_DEC, 60, 2, 0}},
};

bool
chains_is_text(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	size_t plain = 0;

	for (size_t i = 0; i < n; i++) {
		if (!p[i])
			return false;
		plain += (p[i] >= ' ' && p[i] < 127) || p[i] == '\n' ||
			 p[i] == '\t' || p[i] == '\r';
	}
	return plain * 10 > n * 9;
}

static size_t
rounded(size_t v, unsigned align)
{
	return (v + align - 1) / align * align;
}

/* The size of a field of a message; *at and *width of its length, if any. */
static size_t
message_size(const uint8_t *p, size_t left, size_t *at, unsigned *width)
{
	size_t key, v, size = fields_varint(p, left, &key);

	*width = 0;
	if (size == 0 || key >> 3 == 0)
		return 0;
	*at = size;
	switch (key & 7) {
	case 0:
		*width = fields_varint(p + size, left - size, &v);
		size = *width ? size + *width : 0;
		*width = 0;
		break;
	case 1:
		size += 8;
		break;
	case 2:
		*width = fields_varint(p + size, left - size, &v);
		size = *width && v <= left ? size + *width + v : 0;
		break;
	case 5:
		size += 4;
		break;
	default:
		return 0;
	}
	return size <= left ? size : 0;
}

/* The size of the record there; 0 when it is none. */
static size_t
record_size(const uint8_t *p, size_t left, const struct chain *c, size_t *len)
{
	size_t size;
	unsigned width;

	*len = 1;
	if (c->form == FIELD_VARINT)
		return message_size(p, left, &size, &width);
	if (left < c->field + c->width || left < c->extra ||
	    !fields_get(p + c->field, c->width, c->form, len) || *len > left)
		return 0;
	size = c->extra + rounded(*len, c->align);
	/* The last one need not be filled up. */
	if (size > left && c->extra + *len <= left)
		size = left;
	return size >= c->field + c->width && size <= left ? size : 0;
}

/* How many records, when they end at the end; *filled: those with a length. */
static size_t
walk(const uint8_t *p, const struct chain *c, size_t *filled)
{
	size_t at = c->start, records = 0, len, size;

	*filled = 0;
	while (at < c->end) {
		size = record_size(p + at, c->end - at, c, &len);
		if (!size)
			return 0;
		*filled += len > 0;
		at += size;
		if (++records > 2 * *filled + EMPTY)
			return 0;
	}
	return records;
}

static double
score(const struct chain *c, size_t from, size_t filled)
{
	return 2 * (double)filled - (double)c->records -
	       0.01 * (double)(c->start - from) - 0.001 * c->field -
	       0.02 * (c->align > 1) + 0.0005 * c->extra;
}

/* All extra sizes and roundings of a length at one place. */
static void
look(const uint8_t *p, size_t from, size_t least, unsigned extra,
    struct chain *c, double *most, struct chain *best)
{
	size_t v, filled;
	double now;

	fields_get(p + c->start + c->field, c->width, c->form, &v);
	if (v == 0 || v > c->end - c->start)
		return;
	for (c->align = 1; c->align <= 4; c->align *= 2)
		for (c->extra = 0; c->extra <= extra; c->extra++) {
			if (c->align > 1 && c->extra % c->align)
				continue;
			c->records = walk(p, c, &filled);
			if (c->records < least)
				continue;
			now = score(c, from, filled);
			if (now > *most) {
				*most = now;
				*best = *c;
			}
		}
}

static bool
find_known(const uint8_t *p, size_t from, size_t end, struct chain *best)
{
	size_t len, size;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const struct known *k = &known[i];

		if (end - from < k->magic_at + strlen(k->magic) ||
		    memcmp(p + from + k->magic_at, k->magic,
			strlen(k->magic)) != 0)
			continue;
		*best = k->c;
		best->start = best->end = from + k->c.start;
		while (best->end < end &&
		       (size = record_size(
			    p + best->end, end - best->end, best, &len)) != 0) {
			best->end += size;
			best->records++;
		}
		return best->records > 0;
	}
	return false;
}

bool
chains_find(const void *bytes, size_t from, size_t end, unsigned width,
    size_t least, struct chain *best)
{
	struct chain c = {.end = end, .width = width};
	const struct number *n = numbers;
	const uint8_t *p = bytes;
	double most = 0;
	size_t filled;

	if (end <= from)
		return false;
	if (width == CHAINS_DIGITS)
		return find_known(p, from, end, best);
	if (width == CHAINS_VARINT) {
		c.form = FIELD_VARINT;
		c.start = from;
		c.align = 1;
		c.records = walk(p, &c, &filled);
		*best = c;
		return c.records > 0; /* and all of them well formed */
	}
	if (chains_is_text(p + from, end - from))
		return false;
	while (n->width != width)
		n++;
	for (c.start = from; c.start <= from + n->start; c.start++)
		for (c.form = FIELD_LE; c.form <= FIELD_BE; c.form++)
			for (c.field = 0; c.field < n->field; c.field++)
				if (c.start + c.field + width <= end)
					look(p, from, least, n->extra, &c,
					    &most, best);
	return most > 0;
}

size_t
chains_records(const void *bytes, size_t n, const struct chain *c, size_t **at)
{
	const uint8_t *p = bytes;
	size_t pos = c->start, records = 0, len, size;

	for (;;) {
		*at = mem_grow(*at, records + 1, sizeof **at);
		(*at)[records] = pos;
		if (pos >= n ||
		    (size = record_size(p + pos, n - pos, c, &len)) == 0)
			return records;
		pos += size;
		records++;
	}
}

/* The check sum that all of the records end with. */
static enum fields_sum
seal_of(const uint8_t *p, const size_t *at, size_t records, size_t *from)
{
	enum fields_sum kind = SUM_NONE;

	for (size_t i = 0; i < records && i < SEALED; i++) {
		size_t n = at[i + 1] - at[i];

		if (i == 0)
			kind = fields_seal_of(p + at[0], n, from);
		else if (n < *from + SEAL || !fields_sealed(p + at[i], n - SEAL,
						 *from, n - SEAL, kind))
			kind = SUM_NONE;
		if (kind == SUM_NONE)
			break;
	}
	return kind;
}

/* The lengths in a message. */
static void
message_fields(
    const uint8_t *p, const size_t *at, size_t records, struct fields *f)
{
	size_t where;
	unsigned width;

	for (size_t i = 0; i < records; i++)
		if (message_size(
			p + at[i], at[i + 1] - at[i], &where, &width) &&
		    width > 0)
			fields_add(f, at[i] + where, at[i] + where + width,
			    at[i + 1], width, FIELD_VARINT);
}

void
chains_fields(const void *bytes, const struct chain *c, const size_t *at,
    size_t records, struct fields *f)
{
	const uint8_t *p = bytes;
	size_t skip = 0, len, from;
	enum fields_sum kind;

	if (c->form == FIELD_VARINT) {
		message_fields(p, at, records, f);
		return;
	}
	kind = seal_of(p, at, records, &skip);
	for (size_t i = 0; i < records; i++) {
		if (!fields_get(p + at[i] + c->field, c->width, c->form, &len))
			continue;
		/* A sum behind the data is not in front of it. */
		from = at[i] + c->extra - (kind != SUM_NONE ? SEAL : 0);
		fields_add(
		    f, at[i] + c->field, from, from + len, c->width, c->form);
		if (kind == SUM_NONE)
			f->v[f->n - 1].end = at[i + 1];
		else
			fields_add_sum(f, at[i + 1] - SEAL, at[i] + skip,
			    at[i + 1] - SEAL, kind);
		if (c->extra == 512 && fields_sealed(p, at[i] + TAR_SUM, at[i],
					   at[i] + c->extra, SUM_TAR))
			fields_add_sum(f, at[i] + TAR_SUM, at[i],
			    at[i] + c->extra, SUM_TAR);
	}
}
