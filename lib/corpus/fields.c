#include <string.h>

#include "base/buf.h"
#include "corpus/fields.h"

enum {
	SEARCHED = 1024, /* bytes that may hold a number */
	BEFORE = 4,	 /* what it counts begins so far before it ... */
	BEHIND = 16,	 /* ... or behind it */
	SUMMED = 60	 /* bytes of a header with a sum */
};

static uint32_t
get(const uint8_t *p, unsigned width, bool big)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < width; i++)
		v = v << 8 | p[big ? i : width - 1 - i];
	return v;
}

static void
put(uint8_t *p, unsigned width, bool big, uint32_t v)
{
	for (unsigned i = 0; i < width; i++, v >>= 8)
		p[big ? width - 1 - i : i] = (uint8_t)v;
}

/* --- Internet check sums --- */

static uint16_t
internet_sum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void
sum_found(struct fields *f, size_t from, size_t len, size_t at)
{
	if (f->sums < FIELDS_MAX)
		f->sum[f->sums++] = (struct sum){from, len, at};
}

/* At `from` a header of IP, or all that follows as ICMP has it. */
static void
find_sum(const uint8_t *p, size_t n, size_t from, struct fields *f)
{
	size_t len = 4u * (p[from] & 15);

	if (p[from] >> 4 == 4 && len >= 20 && len <= SUMMED &&
	    len <= n - from && internet_sum(p + from, len) == 0xffff)
		sum_found(f, from, len, from + 10);
	else if (n - from >= 8 && internet_sum(p + from, n - from) == 0xffff)
		sum_found(f, from, 0, from + 2);
}

static void
find_sums(const uint8_t *p, size_t n, struct fields *f)
{
	for (size_t i = 0; i < f->n; i++) {
		size_t from = f->v[i].from, k;

		for (k = 0; k < i && f->v[k].from != from; k++)
			;
		if (k < i || from >= n)
			continue;
		find_sum(p, n, from, f);
		/* behind a header of IP what it carries */
		if (p[from] >> 4 == 4 && (p[from] & 15) >= 5 &&
		    4u * (p[from] & 15) < n - from)
			find_sum(p, n, from + 4u * (p[from] & 15), f);
	}
}

static void
mend_sums(const struct fields *f, size_t pos, size_t d, uint8_t *p, size_t n)
{
	struct fields now = *f;

	fields_shift(&now, pos, d);
	/* What lies inside first. */
	for (size_t i = now.sums; i-- > 0;) {
		const struct sum *s = &now.sum[i];
		size_t len = s->len ? s->len : n - s->from;

		if (s->from > n || len > n - s->from || s->at + 2 > n)
			continue;
		put(p + s->at, 2, true, 0);
		put(p + s->at, 2, true,
		    (uint16_t)~internet_sum(p + s->from, len));
	}
}

/* --- lengths --- */

static bool
overlaps(const struct fields *f, size_t at, unsigned width)
{
	for (size_t i = 0; i < f->n; i++)
		if (at < f->v[i].at + f->v[i].width && f->v[i].at < at + width)
			return true;
	return false;
}

static void
find_at(const uint8_t *p, size_t n, size_t at, unsigned width, struct fields *f)
{
	for (unsigned big = 0; big < 2; big++) {
		uint32_t v;
		size_t from;

		if (width > n - at || f->n == FIELDS_MAX ||
		    overlaps(f, at, width))
			return;
		v = get(p + at, width, big);
		from = n - v;
		if (v == 0 || v > n || from + BEFORE < at ||
		    from > at + width + BEHIND)
			continue;
		f->v[f->n++] =
		    (struct field){at, from, (uint8_t)width, big, true};
	}
}

void
fields_find(const void *bytes, size_t n, struct fields *f)
{
	const uint8_t *p = bytes;

	memset(f, 0, sizeof *f);
	for (unsigned width = 4; width >= 2; width -= 2)
		for (size_t at = 0; at < n && at < SEARCHED; at++)
			find_at(p, n, at, width, f);
	find_sums(p, n, f);
}

/* How many of the bytes pos..pos + d the number counts. */
static size_t
counted(const struct field *v, size_t pos, size_t d)
{
	if (pos >= v->from)
		return d;
	return pos + d > v->from ? pos + d - v->from : 0;
}

bool
fields_cut(const struct fields *f, const void *bytes, size_t n, size_t pos,
    size_t d, struct buf *to)
{
	const uint8_t *p = bytes;
	bool changed = false;

	buf_reset(to);
	buf_add(to, p, n);
	for (size_t i = 0; i < f->n; i++) {
		const struct field *v = &f->v[i];
		uint32_t had = get(p + v->at, v->width, v->big);
		size_t less = counted(v, pos, d);

		if (!v->on || !less || had < less ||
		    (v->at + v->width > pos && v->at < pos + d))
			continue;
		put((uint8_t *)to->p + v->at, v->width, v->big,
		    had - (uint32_t)less);
		changed = true;
	}
	memmove(to->p + pos, to->p + pos + d, n - pos - d);
	to->len = n - d;
	mend_sums(f, pos, d, (uint8_t *)to->p, to->len);
	return changed || f->sums;
}

/* Where a byte is after the cut. */
static size_t
moved(size_t at, size_t pos, size_t d)
{
	return at <= pos ? at : at >= pos + d ? at - d : pos;
}

void
fields_shift(struct fields *f, size_t pos, size_t d)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct field v = f->v[i];

		if (v.at + v.width > pos && v.at < pos + d)
			continue;
		v.at = moved(v.at, pos, d);
		v.from = moved(v.from, pos, d);
		f->v[n++] = v;
	}
	f->n = n;
	n = 0;
	for (size_t i = 0; i < f->sums; i++) {
		struct sum s = f->sum[i];

		if (s.at + 2 > pos && s.at < pos + d)
			continue;
		if (s.len)
			s.len = moved(s.from + s.len, pos, d) -
				moved(s.from, pos, d);
		s.from = moved(s.from, pos, d);
		s.at = moved(s.at, pos, d);
		f->sum[n++] = s;
	}
	f->sums = n;
}

/* --- sealed records --- */

static uint32_t
crc32(const uint8_t *p, size_t n)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static uint32_t
adler32(const uint8_t *p, size_t n)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < n; i++) {
		a = (a + p[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static uint32_t
seal_of(const uint8_t *p, size_t n, const struct fields_seal *s)
{
	return (s->kind == SEAL_CRC32 ? crc32 : adler32)(
	    p + s->from, n - 4 - s->from);
}

static bool
matches(const uint8_t *p, size_t n, const struct fields_seal *s)
{
	return n >= s->from + 4 &&
	       get(p + n - 4, 4, s->big) == seal_of(p, n, s);
}

bool
fields_sealed(const void *bytes, size_t n, struct fields_seal *s)
{
	const uint8_t *p = bytes;
	struct fields_seal try;

	if (s->kind != SEAL_NONE)
		return matches(p, n, s);
	for (try.from = 0; try.from <= 12 && try.from + 4 <= n; try.from += 2)
		for (int how = 0; how < 4; how++) {
			try.kind = how & 1 ? SEAL_CRC32 : SEAL_ADLER32;
			try.big = how & 2;
			if (matches(p, n, &try)) {
				*s = try;
				return true;
			}
		}
	return false;
}

void
fields_seal(void *bytes, size_t n, const struct fields_seal *s)
{
	uint8_t *p = bytes;

	if (s->kind != SEAL_NONE && n >= s->from + 4)
		put(p + n - 4, 4, s->big, seal_of(p, n, s));
}
