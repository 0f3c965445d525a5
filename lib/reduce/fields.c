#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "reduce/fields.h"

enum {
	SEARCHED = 1024, /* bytes that may hold a number */
	FOUND = 24,	 /* of them at a time */
	BEFORE = 4,	 /* what it counts begins so far before it ... */
	BEHIND = 16,	 /* ... or behind it */
	SUMMED = 60,	 /* bytes of a header with a sum */
	DIGITS = 20,
	TAR = 512,
	TAR_SUM = 148
};

void
fields_release(struct fields *f)
{
	free(f->v);
	free(f->sum);
	memset(f, 0, sizeof *f);
}

void
fields_copy(const struct fields *from, struct fields *to)
{
	fields_release(to);
	*to = *from;
	to->v = mem_dup(from->v, from->n * sizeof *from->v);
	to->sum = mem_dup(from->sum, from->sums * sizeof *from->sum);
}

struct field *
fields_add(struct fields *f, size_t at, size_t from, size_t to, unsigned width,
    enum fields_form form)
{
	f->v = mem_grow(f->v, f->n + 1, sizeof *f->v);
	f->v[f->n] = (struct field){
	    at, from, to, to, (uint8_t)width, (uint8_t)form, true};
	return &f->v[f->n++];
}

void
fields_add_sum(
    struct fields *f, size_t at, size_t from, size_t to, enum fields_sum kind)
{
	f->sum = mem_grow(f->sum, f->sums + 1, sizeof *f->sum);
	f->sum[f->sums++] = (struct sum){at, from, to, kind};
}

/* --- numbers --- */

static size_t
binary(const uint8_t *p, unsigned width, bool big)
{
	size_t v = 0;

	for (unsigned i = 0; i < width; i++)
		v = v << 8 | p[big ? i : width - 1 - i];
	return v;
}

static void
put_binary(uint8_t *p, unsigned width, bool big, size_t v)
{
	for (unsigned i = 0; i < width; i++, v >>= 8)
		p[big ? width - 1 - i : i] = (uint8_t)v;
}

static int
base_of(enum fields_form form)
{
	return form == FIELD_OCT ? 8 : form == FIELD_DEC ? 10 : 16;
}

unsigned
fields_varint(const void *bytes, size_t n, size_t *v)
{
	const uint8_t *p = bytes;

	*v = 0;
	for (unsigned i = 0; i < 9 && i < n; i++) {
		*v |= (size_t)(p[i] & 127) << 7 * i;
		if (!(p[i] & 128))
			return i + 1;
	}
	return 0;
}

bool
fields_get(const void *bytes, unsigned width, enum fields_form form, size_t *v)
{
	const uint8_t *p = bytes;
	char text[DIGITS + 1], *end;
	unsigned n = 0;

	if (form <= FIELD_BE) {
		*v = binary(p, width, form == FIELD_BE);
		return true;
	}
	if (form == FIELD_VARINT)
		return fields_varint(p, width, v) == width;
	for (; n < width && n < DIGITS && p[n] >= '0' && p[n] <= 'f'; n++)
		text[n] = (char)p[n];
	text[n] = '\0';
	*v = strtoul(text, &end, base_of(form));
	return n > 0 && *end == '\0';
}

static void
put(uint8_t *p, unsigned width, enum fields_form form, size_t v)
{
	static const char *const format[] = {"%0*zo", "%0*zu", "%0*zx"};
	char text[64];
	unsigned n = 0;

	if (form <= FIELD_BE) {
		put_binary(p, width, form == FIELD_BE, v);
		return;
	}
	if (form == FIELD_VARINT) { /* as many bytes as before */
		for (; n < width; n++, v >>= 7)
			p[n] = (uint8_t)((v & 127) | (n + 1 < width) << 7);
		return;
	}
	while (n < width && n < DIGITS && p[n] >= '0' && p[n] <= 'f')
		n++;
	snprintf(text, sizeof text, format[form - FIELD_OCT], (int)n, v);
	memcpy(p, text, n);
}

/* --- check sums --- */

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

static uint32_t
crc32(const uint8_t *p, size_t n)
{
	static uint32_t table[256];
	uint32_t crc = ~0u;

	if (!table[1])
		for (uint32_t i = 0; i < 256; i++) {
			table[i] = i;
			for (int bit = 0; bit < 8; bit++)
				table[i] = table[i] >> 1 ^
					   (table[i] & 1 ? 0xedb88320 : 0);
		}
	for (size_t i = 0; i < n; i++)
		crc = crc >> 8 ^ table[(crc ^ p[i]) & 255];
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

static unsigned
tar_sum(const uint8_t *p)
{
	unsigned sum = 0;

	for (int i = 0; i < TAR; i++)
		sum += i >= TAR_SUM && i < TAR_SUM + 8 ? ' ' : p[i];
	return sum;
}

static unsigned
sum_width(enum fields_sum kind)
{
	return kind == SUM_TAR ? 8 : kind == SUM_INTERNET ? 2 : 4;
}

void
fields_seal(
    void *bytes, size_t at, size_t from, size_t to, enum fields_sum kind)
{
	uint8_t *p = bytes;
	char text[16];
	uint32_t v;

	switch (kind) {
	case SUM_INTERNET:
		put_binary(p + at, 2, true, 0);
		put_binary(p + at, 2, true,
		    (uint16_t)~internet_sum(p + from, to - from));
		break;
	case SUM_CRC32:
	case SUM_CRC32_BE:
		v = crc32(p + from, to - from);
		put_binary(p + at, 4, kind == SUM_CRC32_BE, v);
		break;
	case SUM_ADLER32:
	case SUM_ADLER32_BE:
		v = adler32(p + from, to - from);
		put_binary(p + at, 4, kind == SUM_ADLER32_BE, v);
		break;
	case SUM_TAR:
		if (to - from != TAR)
			break;
		snprintf(text, sizeof text, "%06o", tar_sum(p + from));
		memcpy(p + at, text, 7);
		break;
	case SUM_NONE:
		break;
	}
}

bool
fields_sealed(
    const void *bytes, size_t at, size_t from, size_t to, enum fields_sum kind)
{
	const uint8_t *p = bytes;
	size_t v;

	switch (kind) {
	case SUM_INTERNET:
		return internet_sum(p + from, to - from) == 0xffff;
	case SUM_CRC32:
	case SUM_CRC32_BE:
		return binary(p + at, 4, kind == SUM_CRC32_BE) ==
		       crc32(p + from, to - from);
	case SUM_ADLER32:
	case SUM_ADLER32_BE:
		return binary(p + at, 4, kind == SUM_ADLER32_BE) ==
		       adler32(p + from, to - from);
	case SUM_TAR:
		return to - from == TAR &&
		       fields_get(p + at, 6, FIELD_OCT, &v) &&
		       v == tar_sum(p + from);
	case SUM_NONE:
		break;
	}
	return false;
}

enum fields_sum
fields_seal_of(const void *p, size_t n, size_t *from)
{
	for (*from = 0; *from <= 12 && *from + 4 < n; *from += 2)
		for (enum fields_sum k = SUM_CRC32; k <= SUM_ADLER32_BE; k++)
			if (fields_sealed(p, n - 4, *from, n - 4, k))
				return k;
	return SUM_NONE;
}

/* At `from` a header of IP, or all that follows as ICMP has it. */
static void
find_sum(const uint8_t *p, size_t end, size_t from, struct fields *f)
{
	size_t len = 4u * (p[from] & 15);

	if (p[from] >> 4 == 4 && len >= 20 && len <= SUMMED &&
	    len <= end - from && internet_sum(p + from, len) == 0xffff)
		fields_add_sum(f, from + 10, from, from + len, SUM_INTERNET);
	else if (end - from >= 8 &&
		 internet_sum(p + from, end - from) == 0xffff)
		fields_add_sum(f, from + 2, from, end, SUM_INTERNET);
}

static void
find_sums(const uint8_t *p, size_t end, size_t first, struct fields *f)
{
	for (size_t i = first; i < f->n; i++) {
		size_t from = f->v[i].from, k;

		for (k = first; k < i && f->v[k].from != from; k++)
			;
		if (k < i || from >= end)
			continue;
		find_sum(p, end, from, f);
		/* behind a header of IP what it carries */
		if (p[from] >> 4 == 4 && (p[from] & 15) >= 5 &&
		    4u * (p[from] & 15) < end - from)
			find_sum(p, end, from + 4u * (p[from] & 15), f);
	}
}

/* --- lengths up to an end --- */

static bool
overlaps(const struct fields *f, size_t at, unsigned width)
{
	for (size_t i = 0; i < f->n; i++)
		if (at < f->v[i].at + f->v[i].width && f->v[i].at < at + width)
			return true;
	return false;
}

static void
find_at(const uint8_t *p, size_t start, size_t end, size_t at, unsigned width,
    struct fields *f)
{
	for (unsigned big = 0; big < 2; big++) {
		size_t v, from;

		if (width > end - at || overlaps(f, at, width))
			return;
		v = binary(p + at, width, big);
		from = end - v;
		if (v == 0 || v > end - start || from + BEFORE < at ||
		    from > at + width + BEHIND)
			continue;
		fields_add(f, at, from, end, width, big ? FIELD_BE : FIELD_LE);
	}
}

void
fields_find(const void *bytes, size_t start, size_t end, struct fields *f)
{
	size_t first = f->n;
	const uint8_t *p = bytes;

	for (unsigned width = 4; width >= 2; width -= 2)
		for (size_t at = start;
		     at < end && at < start + SEARCHED && f->n < first + FOUND;
		     at++)
			find_at(p, start, end, at, width, f);
	find_sums(p, end, first, f);
}

/* --- cuts --- */

/* Where a byte is after the cut. */
static size_t
moved(size_t at, size_t pos, size_t d)
{
	return at <= pos ? at : at >= pos + d ? at - d : pos;
}

/* How many of the bytes that the number counts go. */
static size_t
counted(const struct field *v, size_t pos, size_t d)
{
	return v->to - v->from -
	       (moved(v->to, pos, d) - moved(v->from, pos, d));
}

static bool
is_cut(size_t at, size_t width, size_t pos, size_t d)
{
	return at + width > pos && at < pos + d;
}

static size_t
extent(const struct sum *s)
{
	return s->to - s->from;
}

/* From inside to outside: a sum may be summed. */
static void
mend_all(struct fields *f, uint8_t *p, size_t n, const bool *touched)
{
	size_t done = 0, next;

	for (;; done = next) {
		next = SIZE_MAX;
		for (size_t i = 0; i < f->sums; i++)
			if (touched[i] && extent(&f->sum[i]) > done &&
			    extent(&f->sum[i]) < next)
				next = extent(&f->sum[i]);
		if (next == SIZE_MAX)
			return;
		for (size_t i = 0; i < f->sums; i++) {
			struct sum *s = &f->sum[i];

			if (touched[i] && extent(s) == next && s->to <= n &&
			    s->at + sum_width(s->kind) <= n)
				fields_seal(p, s->at, s->from, s->to, s->kind);
		}
	}
}

static void
touch(const struct fields *f, bool *touched, size_t pos, size_t d)
{
	for (size_t i = 0; i < f->sums; i++)
		if (pos < f->sum[i].to && pos + d > f->sum[i].from)
			touched[i] = true;
}

void
fields_mend(const struct fields *f, void *p, size_t n, size_t pos, size_t d)
{
	struct fields now = *f;
	bool *touched;

	if (!f->sums)
		return;
	touched = mem_alloc(f->sums);
	touch(f, touched, pos, d);
	mend_all(&now, p, n, touched);
	free(touched);
}

bool
fields_cut(const struct fields *f, const void *bytes, size_t n, size_t pos,
    size_t d, struct buf *to)
{
	const uint8_t *p = bytes;
	bool changed = false, *touched = mem_alloc(f->sums + 1);
	struct fields after = {0};

	buf_reset(to);
	buf_add(to, p, n);
	touch(f, touched, pos, d);
	for (size_t i = 0; i < f->n; i++) {
		const struct field *v = &f->v[i];
		size_t less, had;

		if (!v->on || is_cut(v->at, v->width, pos, d) ||
		    !(less = counted(v, pos, d)) ||
		    !fields_get(p + v->at, v->width, v->form, &had) ||
		    had < less)
			continue;
		put((uint8_t *)to->p + v->at, v->width, v->form, had - less);
		touch(f, touched, v->at, v->width);
		changed = true;
	}
	memmove(to->p + pos, to->p + pos + d, n - pos - d);
	to->len = n - d;
	if (f->sums) {
		size_t kept = 0;

		after.sum = mem_dup(f->sum, f->sums * sizeof *f->sum);
		after.sums = f->sums;
		for (size_t i = 0; i < f->sums; i++)
			if (!is_cut(f->sum[i].at, sum_width(f->sum[i].kind),
				pos, d))
				touched[kept++] = touched[i];
		fields_shift(&after, pos, d);
		for (size_t i = 0; i < kept; i++)
			changed |= touched[i];
		mend_all(&after, (uint8_t *)to->p, to->len, touched);
	}
	fields_release(&after);
	free(touched);
	return changed;
}

void
fields_shift(struct fields *f, size_t pos, size_t d)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct field v = f->v[i];

		if (is_cut(v.at, v.width, pos, d))
			continue;
		v.at = moved(v.at, pos, d);
		v.from = moved(v.from, pos, d);
		v.to = moved(v.to, pos, d);
		v.end = moved(v.end, pos, d);
		f->v[n++] = v;
	}
	f->n = n;
	n = 0;
	for (size_t i = 0; i < f->sums; i++) {
		struct sum s = f->sum[i];

		if (is_cut(s.at, sum_width(s.kind), pos, d))
			continue;
		s.from = moved(s.from, pos, d);
		s.to = moved(s.to, pos, d);
		s.at = moved(s.at, pos, d);
		f->sum[n++] = s;
	}
	f->sums = n;
}
