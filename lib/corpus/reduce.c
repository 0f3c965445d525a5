/*
 * Numbers that follow what is cut are looked for at the start (fields.h).
 * Cheap gains first: the tail; records of a length chain; bytes inside
 * records, whose lengths follow; blocks; at last every width at every offset,
 * until a whole round gains nothing.
 *
 * A chain may be chance: it is given up after a number of candidates without
 * success, and not looked for in text.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "corpus/fields.h"
#include "corpus/reduce.h"

enum {
	SMALL = 400, /* bytes: up to there every width is tried */
	WIDEST = 48,
	BLOCK_AGAIN = 64, /* a width above that gains more than once */
	CHAIN_START = 64, /* where a chain may begin */
	CHAIN_HEADER = 32,
	CHAIN_PATIENCE = 400,
	SURE = 8,	 /* so many times more successes decide for a way */
	SEALED = 8,	 /* records looked at for check sums */
	PROBES = 16,	 /* tries to find out which numbers follow */
	PROBED = 4,	 /* bytes at the end, to see whether numbers follow */
	CHAIN_EMPTY = 64 /* so many more empty records than others are none */
};

struct state {
	const struct reduce *r;
	struct buf *best, cand;
	unsigned misses; /* candidates since the last success */
	struct fields fields;
	unsigned plain, mended;	 /* successes without and with them */
	struct fields_seal seal; /* of the records */
};

/* The input becomes what is in cand when the test agrees. */
static int
try(struct state *s)
{
	struct buf old;
	int rc = s->r->test(buf_str(&s->cand), s->cand.len, s->r->arg);

	s->misses = rc > 0 ? 0 : s->misses + 1;
	if (rc > 0) {
		old = *s->best;
		*s->best = s->cand;
		s->cand = old;
	}
	return rc;
}

static int
without_plain(struct state *s, size_t from, size_t n)
{
	int rc;

	buf_reset(&s->cand);
	buf_add(&s->cand, buf_str(s->best), from);
	buf_add(&s->cand, buf_str(s->best) + from + n, s->best->len - from - n);
	rc = try(s);
	s->plain += rc > 0;
	return rc;
}

/* With the numbers that follow. */
static int
without_mended(struct state *s, size_t from, size_t n)
{
	int rc;

	if (!fields_cut(
		&s->fields, buf_str(s->best), s->best->len, from, n, &s->cand))
		return 0;
	rc = try(s);
	s->mended += rc > 0;
	return rc;
}

/* Without the bytes from..from + n.  Where there are numbers that may have to
 * follow, both ways, unless one of them proved to be the one. */
static int
without(struct state *s, size_t from, size_t n)
{
	bool numbers = s->fields.n + s->fields.sums > 0, first;
	int rc = 0;

	if (!numbers)
		return without_plain(s, from, n);
	first = s->mended >= s->plain;
	for (int i = 0; i < 2 && rc == 0; i++, first = !first) {
		if (i == 1 && (first ? s->plain : s->mended) >
				  SURE * (1 + (first ? s->mended : s->plain)))
			break;
		rc = (first ? without_mended : without_plain)(s, from, n);
	}
	if (rc > 0)
		fields_shift(&s->fields, from, n);
	return rc;
}

static int
tail(struct state *s)
{
	int rc;

	for (size_t d = s->best->len / 2; d > 0; d /= 2)
		while (d < s->best->len) {
			rc = without(s, s->best->len - d, d);
			if (rc < 0)
				return -1;
			if (rc == 0)
				break;
		}
	return 0;
}

/* --- length chains --- */

static size_t
length_at(const unsigned char *p, unsigned width, bool big)
{
	size_t v = 0;

	for (unsigned i = 0; i < width; i++)
		v = v << 8 | p[big ? i : width - 1 - i];
	return v;
}

static void
length_put(unsigned char *p, unsigned width, bool big, size_t v)
{
	for (unsigned i = 0; i < width; i++, v >>= 8)
		p[big ? width - 1 - i : i] = (unsigned char)v;
}

/* Walks the chain: records when it ends at the end of the input, 0 else.
 * *filled: those with a length. */
static size_t
walk(const unsigned char *p, size_t n, const struct reduce_chain *c,
    size_t *filled)
{
	size_t at = c->start, records = 0, len;

	*filled = 0;
	while (at < n) {
		if (n - at < c->header)
			return 0;
		len = length_at(p + at + c->field, c->width, c->big);
		if (len > n - at - c->header)
			return 0;
		*filled += len > 0;
		at += c->header + len;
		if (++records > 2 * *filled + CHAIN_EMPTY)
			return 0;
	}
	return records;
}

static bool
is_text(const unsigned char *p, size_t n)
{
	size_t plain = 0;

	for (size_t i = 0; i < n; i++) {
		if (!p[i])
			return false;
		plain += (p[i] >= ' ' && p[i] < 127) || p[i] == '\n' ||
			 p[i] == '\t' || p[i] == '\r';
	}
	return plain * 10 > n * 9;
}

static double
score(const struct reduce_chain *c, size_t filled)
{
	return (2 * (double)filled - (double)c->records) *
		   (c->width == 4 ? 1.2 : 1) -
	       0.01 * (double)c->start - 0.001 * c->field + 0.0005 * c->header;
}

bool
reduce_find_chain(const void *p, size_t n, struct reduce_chain *best)
{
	struct reduce_chain c;
	double most = 0, now;
	size_t filled;

	if (is_text(p, n))
		return false;
	for (c.start = 0; c.start <= CHAIN_START && c.start < n; c.start++)
		for (c.header = 2; c.header <= CHAIN_HEADER; c.header++)
			for (unsigned i = 0; i < CHAIN_HEADER * 4; i++) {
				c.field = i / 4;
				c.width = i & 2 ? 4 : 2;
				c.big = i & 1;
				if (c.field + c.width > c.header)
					continue;
				c.records = walk(p, n, &c, &filled);
				if (c.records < 3 ||
				    c.records >= n / (c.header + 1u))
					continue;
				now = score(&c, filled);
				if (now > most) {
					most = now;
					*best = c;
				}
			}
	return most > 0;
}

/* Where the records of the input begin, and its end behind them; how many. */
static size_t
offsets(const struct state *s, const struct reduce_chain *c, size_t **at)
{
	const unsigned char *p = (const unsigned char *)buf_str(s->best);
	size_t n = 0, pos = c->start, filled,
	       records = walk(p, s->best->len, c, &filled);

	*at = mem_grow(*at, records + 1, sizeof **at);
	for (; n < records; n++) {
		(*at)[n] = pos;
		pos +=
		    c->header + length_at(p + pos + c->field, c->width, c->big);
	}
	(*at)[n] = pos;
	return records;
}

/* Check sums that the records end with, when all of them do. */
static void
find_seal(struct state *s, const struct reduce_chain *c)
{
	size_t *at = NULL, n = offsets(s, c, &at);

	for (size_t i = 0; i < n && i < SEALED; i++)
		if (!fields_sealed(buf_str(s->best) + at[i], at[i + 1] - at[i],
			&s->seal)) {
			s->seal.kind = SEAL_NONE;
			break;
		}
	free(at);
}

static bool
give_up(const struct state *s, const struct reduce_chain *c)
{
	size_t most = 4 * c->records;

	return s->misses > (most < CHAIN_PATIENCE ? most : CHAIN_PATIENCE);
}

/* Whole records, in groups, from the end. */
static int
records(struct state *s, const struct reduce_chain *c)
{
	size_t *at = NULL, n = offsets(s, c, &at), i;
	int rc = 0;

	for (size_t group = n / 2; group > 0 && rc >= 0; group /= 2)
		for (i = n; i >= group && rc >= 0 && !give_up(s, c);) {
			rc = without(s, at[i - group], at[i] - at[i - group]);
			i -= group;
			if (rc > 0) {
				n = offsets(s, c, &at);
				if (i > n)
					i = n;
			}
		}
	free(at);
	return rc < 0 ? -1 : 0;
}

/* d bytes at pos of the record at `at`, whose length follows. */
static int
shorten(struct state *s, const struct reduce_chain *c, size_t at, size_t pos,
    size_t d)
{
	unsigned char *p;
	size_t len;

	buf_reset(&s->cand);
	buf_add(&s->cand, buf_str(s->best), pos);
	buf_add(&s->cand, buf_str(s->best) + pos + d, s->best->len - pos - d);
	p = (unsigned char *)s->cand.p + at + c->field;
	len = length_at(p, c->width, c->big);
	length_put(p, c->width, c->big, len - d);
	fields_seal(s->cand.p + at, c->header + len - d, &s->seal);
	return try(s);
}

static int
inside(struct state *s, const struct reduce_chain *c)
{
	size_t *at = NULL, n = offsets(s, c, &at), body, end;
	int rc = 0;

	for (size_t i = n; i-- > 0 && rc >= 0 && !give_up(s, c);)
		for (size_t d = 1024; d > 0 && rc >= 0; d /= 2) {
			offsets(s, c, &at);
			body = at[i] + c->header;
			for (end = at[i + 1];
			     end >= body + d && rc >= 0 && !give_up(s, c);
			     end -= d)
				rc = shorten(s, c, at[i], end - d, d);
		}
	free(at);
	return rc < 0 ? -1 : 0;
}

/* --- numbers that follow --- */

/* Which of the numbers are what they look like: all, or all but one, or one.
 * The last bytes are the question. */
static int
probe(struct state *s, size_t d)
{
	struct fields *f = &s->fields;
	size_t n = s->best->len;
	int rc;

	for (size_t k = 0; k < 2 * f->n + 1 && k < PROBES; k++) {
		for (size_t i = 0; i < f->n; i++)
			f->v[i].on = k == 0	 ? true
				     : k <= f->n ? i != k - 1
						 : i == k - 1 - f->n;
		rc = without_mended(s, n - d, d);
		if (rc > 0)
			fields_shift(f, n - d, d);
		if (rc)
			return rc;
	}
	return 0;
}

static int
numbers(struct state *s)
{
	int rc = 0;

	if (is_text((const void *)buf_str(s->best), s->best->len))
		return 0;
	fields_find(buf_str(s->best), s->best->len, &s->fields);
	for (size_t d = 1;
	     rc == 0 && s->fields.n && d <= PROBED && d < s->best->len; d *= 4)
		rc = probe(s, d);
	if (rc == 0)
		s->fields.n = s->fields.sums = 0;
	return rc < 0 ? -1 : 0;
}

/* --- blocks and bytes --- */

static int
blocks(struct state *s)
{
	bool gained;
	int rc;

	for (size_t d = s->best->len / 2; d > 0; d /= 2)
		do {
			gained = false;
			for (size_t end = s->best->len; end >= d; end -= d) {
				rc = without(s, end - d, d);
				if (rc < 0)
					return -1;
				gained |= rc > 0;
			}
		} while (gained && d > BLOCK_AGAIN);
	return 0;
}

/* Every offset, forwards; 1 when something went. */
static int
slide(struct state *s, size_t d)
{
	int rc, gained = 0;

	for (size_t pos = 0; pos + d <= s->best->len;) {
		rc = without(s, pos, d);
		if (rc < 0)
			return -1;
		if (rc > 0)
			gained = 1;
		else
			pos++;
	}
	return gained;
}

static int
bytes(struct state *s)
{
	int rc, gained = 1;

	while (gained) {
		gained = 0;
		for (size_t d = WIDEST; d > 0; d--) {
			if (s->best->len > SMALL && (d & (d - 1) || d > 16))
				continue;
			if (d > s->best->len)
				continue;
			rc = slide(s, d);
			if (rc < 0)
				return -1;
			gained |= rc;
		}
	}
	return 0;
}

/* After the tail was cut the last record may be a part of one: its length
 * follows, or what is left of its header goes.  As try(). */
static int
mend(struct state *s, const struct reduce_chain *c)
{
	const unsigned char *p = (const unsigned char *)buf_str(s->best);
	size_t at = c->start, n = s->best->len, len;

	if (n <= at)
		return 0;
	while (n - at >= c->header) {
		len = length_at(p + at + c->field, c->width, c->big);
		if (len > n - at - c->header)
			break;
		at += c->header + len;
		if (at == n)
			return 1;
	}
	if (n - at < c->header)
		return without(s, at, n - at);
	buf_reset(&s->cand);
	buf_add(&s->cand, p, n);
	length_put((unsigned char *)s->cand.p + at + c->field, c->width, c->big,
	    n - at - c->header);
	return try(s);
}

static int
chain(struct state *s, const struct reduce_chain *c)
{
	size_t before = s->best->len;
	int rc = mend(s, c);

	if (rc <= 0)
		return rc;
	s->misses = 0;
	if (records(s, c))
		return -1;
	if (s->best->len < before)
		s->misses = 0;
	return inside(s, c);
}

int
reduce_input(const struct reduce *r, struct buf *best)
{
	struct state s = {.r = r, .best = best};
	struct reduce_chain c;
	/* It is whole only in the original. */
	bool found = reduce_find_chain(buf_str(best), best->len, &c);
	int rc;

	if (found)
		find_seal(&s, &c);
	rc = numbers(&s);
	if (rc == 0)
		rc = tail(&s);
	if (rc == 0 && found)
		rc = chain(&s, &c);
	if (rc == 0)
		rc = blocks(&s);
	if (rc == 0)
		rc = bytes(&s);
	buf_release(&s.cand);
	return rc;
}
