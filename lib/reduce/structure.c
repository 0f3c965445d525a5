/* What is known of the format of an input: which numbers follow, records, in
 * each other, and the members of an archive. */
#include <stdlib.h>
#include <string.h>

#include "reduce/chains.h"
#include "reduce/reducein.h"

enum {
	PROBES = 40,	 /* tries to find out which numbers follow */
	DEEP = 4,	 /* records inside records */
	REGIONS = 16,	 /* records that are looked into */
	LEAST = 3,	 /* records of a chain; LEAST - 1 inside of one */
	NUMBERED = 1024, /* records whose lengths follow */
	RETURNS = 8
};

/* Of lengths, in the order in which they are believed (chains.h). */
enum { WIDTHS = 6, MARKED = 3 };
static const unsigned widths[WIDTHS] = {
    CHAINS_DIGITS, 4, CHAINS_VARINT, 3, 2, 1};

/* Which of the numbers from `first` on are what they look like: all, or one, or
 * all but one.  The bytes before `end` are the question. */
static int
probe(struct state *s, size_t first, size_t end, size_t d)
{
	struct fields *f = &s->fields;
	size_t n = f->n - first;
	int rc;

	for (size_t k = 0; k < 2 * n + 1 && k < PROBES; k++) {
		for (size_t i = 0; i < n; i++)
			f->v[first + i].on = k == 0   ? true
					     : k <= n ? i == k - 1
						      : i != k - 1 - n;
		rc = reduce_cut(s, end - d, d, 0);
		if (rc)
			return rc;
	}
	return 0;
}

/* The sizes of the last records that the region may end with. */
static size_t
last_records(const struct state *s, size_t from, size_t end, size_t d[])
{
	const char *p = buf_str(s->best);
	struct chain c;
	size_t *at = NULL, n, found = 0;

	for (unsigned i = 0; i < WIDTHS; i++) {
		if (!chains_find(p, from, end, widths[i], LEAST - 1, &c))
			continue;
		n = chains_records(p, c.end, &c, &at);
		if (n > 0)
			d[found++] = c.end - at[n - 1];
	}
	free(at);
	return found;
}

/* Numbers that count up to there; forgotten when none does. -1: stop. */
static int
numbers(struct state *s, size_t start, size_t *end)
{
	struct fields *f = &s->fields;
	size_t first = f->n, sum = f->sums, d[WIDTHS + 2] = {1, 4}, n, i;
	int rc = 0;

	fields_find(buf_str(s->best), start, *end, f);
	if (f->n == first)
		return 0;
	n = 2 + last_records(s, start, *end, d + 2);
	for (i = 0; rc == 0 && i < n; i++)
		if (d[i] < *end - start)
			rc = probe(s, first, *end, d[i]);
	if (rc == 0) {
		f->n = first;
		f->sums = sum;
	} else if (rc > 0) {
		*end -= d[i - 1];
	}
	return rc < 0 ? -1 : 0;
}

static bool
records_begin(struct state *s, struct cursor *c)
{
	return !s->back && cuts_begin(s, c, s->units.n / 2);
}

static const struct pass records = {records_begin, cuts_next, cuts_took};

static int inside(
    struct state *s, const struct chain *c, unsigned depth, bool sure);

/* Without whole records of the chain: 0, or that, or STOP. */
enum { SHORTER = 1, FEW };

static int
fewer(struct state *s, struct chain *c, size_t patience)
{
	const char *p = buf_str(s->best);
	size_t before = s->best->len, *at = NULL, n;
	int rc;

	n = chains_records(p, c->end, c, &at);
	s->units.n = 0;
	for (size_t i = 0; i <= n; i++)
		units_add(&s->units, at[i]);
	s->units.n--;
	free(at);
	rc = reduce_run(s, &records, patience);
	if (rc == STOP || s->back)
		return STOP;
	if (s->best->len == before && n > REGIONS)
		return 0;
	c->end = s->units.n ? s->units.at[s->units.n] : c->start;
	return s->best->len < before ? SHORTER : FEW;
}

/* Records of the region, and what is in them. */
static int
region(struct state *s, size_t from, size_t end, size_t least, unsigned depth)
{
	struct chain c;
	int rc = 0;

	for (unsigned i = 0; i < WIDTHS && rc == 0; i++) {
		/* What is left are lengths as there are by chance, too. */
		if (depth == 0 && i == MARKED) {
			if (reduce_run(s, &cuts_marks, PATIENCE) == STOP ||
			    s->back)
				return STOP;
			end = s->best->len;
		}
		if (chains_find(
			buf_str(s->best), from, end, widths[i], least, &c)) {
			rc = fewer(s, &c, PATIENCE);
			if (rc > 0)
				rc = inside(s, &c, depth, rc == SHORTER);
			if (rc > 0)
				return 0;
		}
	}
	return rc;
}

/* Does a length follow when its data end earlier, by a byte or by the last of
 * the records in them?  How many bytes went; 0, or STOP. */
static int
follows(struct state *s, size_t first)
{
	for (size_t i = s->fields.n; i-- > first;) {
		size_t d[WIDTHS + 1] = {1}, n, from = s->fields.v[i].from,
				  to = s->fields.v[i].to;

		n = to > from ? 1 + last_records(s, from, to, d + 1) : 0;
		for (size_t k = 0; k < n; k++) {
			int rc = d[k] <= to - from
				     ? reduce_cut(s, to - d[k], d[k], 0)
				     : 0;

			if (rc)
				return rc < 0 ? STOP : (int)d[k];
		}
	}
	return 0;
}

/* Where what its length counts begins in a record; its end: it has none. */
static size_t
body_of(const struct state *s, size_t first, size_t from, size_t end)
{
	for (size_t i = first; i < s->fields.n; i++)
		if (s->fields.v[i].at >= from && s->fields.v[i].at < end)
			return s->fields.v[i].from;
	return end;
}

/* The records that are left: their lengths follow, and what is in them. 0 when
 * they are none, 1, STOP. */
static int
inside(struct state *s, const struct chain *c, unsigned depth, bool sure)
{
	size_t *at = NULL, first = s->fields.n, sums = s->fields.sums,
	       n = chains_records(buf_str(s->best), c->end, c, &at);
	int rc = 1, went = 0;

	s->plain = 0;
	if (n <= NUMBERED)
		chains_fields(buf_str(s->best), c, at, n, &s->fields);
	if (!sure && c->form != FIELD_VARINT)
		rc = went = follows(s, first);
	if (rc == 0) {
		s->fields.n = first;
		s->fields.sums = sums;
	}
	if (went > 0)
		n = chains_records(
		    buf_str(s->best), c->end - (size_t)went, c, &at);
	for (size_t i = n <= REGIONS ? n : 0; i-- > 0 && rc > 0;) {
		size_t from = body_of(s, first, at[i], at[i + 1]),
		       end = at[i + 1];

		if (from >= end)
			continue;
		if (numbers(s, at[i], &end) ||
		    (depth < DEEP &&
			region(s, from, end, LEAST - 1, depth + 1)))
			rc = STOP;
	}
	free(at);
	return rc;
}

/* Members of an archive, in both of its parts. */
static bool
members_begin(struct state *s, struct cursor *c)
{
	if (s->back || !zips_find(buf_str(s->best), s->best->len, &s->zips))
		return false;
	s->fields.n = s->fields.sums = 0;
	zips_fields(buf_str(s->best), &s->zips, &s->fields);
	c->d = (s->zips.n + 1) / 2;
	c->i = s->zips.n;
	return true;
}

/* They lie one behind the other in both. */
static bool
are_together(const struct zips_entry *v, size_t n)
{
	while (n-- > 1)
		if (v[n].local != v[n - 1].local_end)
			return false;
	return true;
}

/* Groups of d, from the end. */
static bool
members_next(struct state *s, struct cursor *c, struct cand *cand)
{
	const struct zips_entry *v, *last;

	do {
		while (c->i < c->d || c->d == 0) {
			if (c->d <= 1)
				return false;
			c->d /= 2;
			c->i = s->zips.n;
		}
		c->i -= c->d;
		v = &s->zips.v[c->i];
	} while (!are_together(v, c->d));
	last = v + c->d - 1;
	cand->cut[0] = (struct cut){v->central, last->central_end - v->central};
	cand->cut[1] = (struct cut){v->local, last->local_end - v->local};
	cand->cuts = 2;
	reduce_mended(s, cand);
	zips_lower(
	    cand->bytes.p, s->zips.end - cand->cut[0].n - cand->cut[1].n, c->d);
	cand->made = true;
	return true;
}

static void
members_took(struct state *s, struct cursor *c)
{
	if (!zips_find(buf_str(s->best), s->best->len, &s->zips))
		s->zips.n = 0;
	if (c->i > s->zips.n)
		c->i = s->zips.n;
}

static bool
names_begin(struct state *s, struct cursor *c)
{
	bool found = members_begin(s, c);

	memset(c, 0, sizeof *c);
	return found;
}

/* d bytes of a name, from its end, in both. */
static bool
names_next(struct state *s, struct cursor *c, struct cand *cand)
{
	for (; c->i < s->zips.n; c->i++, c->d = 0) {
		const struct zips_entry *e = &s->zips.v[c->i];

		if (c->d == 0)
			c->d = c->pos = e->name;
		while (c->d > 0 && (c->pos < c->d || c->pos > e->name)) {
			c->d /= 2;
			c->pos = e->name;
		}
		if (c->d == 0)
			continue;
		c->pos -= c->d;
		cand->cut[0] = (struct cut){e->at[1] + c->pos, c->d};
		cand->cut[1] = (struct cut){e->at[0] + c->pos, c->d};
		cand->cuts = 2;
		return true;
	}
	return false;
}

static void
names_took(struct state *s, struct cursor *c)
{
	(void)c;
	if (!zips_find(buf_str(s->best), s->best->len, &s->zips))
		s->zips.n = 0;
}

static const struct pass names = {names_begin, names_next, names_took};
static const struct pass members = {members_begin, members_next, members_took};

static int
structure_once(struct state *s)
{
	size_t end = s->best->len;

	if (reduce_is_text(s) && end > 0)
		return 0;
	if (zips_find(buf_str(s->best), end, &s->zips))
		return reduce_run(s, &members, SIZE_MAX) == STOP ||
			       reduce_run(s, &names, SIZE_MAX) == STOP ||
			       s->back
			   ? STOP
			   : 0;
	if (ders_find(buf_str(s->best), end, &s->ders))
		return reduce_run(s, &structure_values, SIZE_MAX) == STOP ||
			       s->back
			   ? STOP
			   : 0;
	if (numbers(s, 0, &end))
		return STOP;
	return region(s, 0, s->best->len, LEAST, 0);
}

/* When we went back all that was found out is void, but not what was tried. */
/* --- values in values --- */

static bool
ders_begin(struct state *s, struct cursor *c)
{
	(void)c;
	return ders_find(buf_str(s->best), s->best->len, &s->ders);
}

static void
ders_took(struct state *s, struct cursor *c)
{
	(void)c;
	if (!ders_find(buf_str(s->best), s->best->len, &s->ders))
		s->ders.n = 0;
}

static void
der_cut(const struct state *s, struct cand *cand, size_t in, size_t pos,
    size_t len, const char *with, size_t with_len)
{
	ders_replace(buf_str(s->best), s->best->len, &s->ders, in, pos, len,
	    with, with_len, &cand->bytes);
	cand->made = true;
}

/* The values that number i holds, into s->units; how many. */
static size_t
held(struct state *s, size_t i)
{
	const struct ders_value *v = s->ders.v;

	s->units.n = 0;
	for (size_t k = i + 1; k < s->ders.n && v[k].from < v[i].end; k++)
		if (v[k].parent == i)
			units_add(&s->units, v[k].from);
	units_add(&s->units, v[i].end);
	return --s->units.n;
}

/* Of each, from outside to inside, groups of d of what it holds. */
static bool
values_next(struct state *s, struct cursor *c, struct cand *cand)
{
	for (; c->i < s->ders.n; c->i++, c->d = 0) {
		size_t n, *at;

		if (!s->ders.v[c->i].holds || !(n = held(s, c->i)))
			continue;
		at = s->units.at;
		if (c->d == 0) {
			c->d = (n + 1) / 2;
			c->k = n;
		}
		if (c->k > n)
			c->k = n;
		while (c->d > 0 && c->k < c->d) {
			c->d /= 2;
			c->k = n;
		}
		if (c->d == 0)
			continue;
		c->k -= c->d;
		der_cut(
		    s, cand, c->i, at[c->k], at[c->k + c->d] - at[c->k], "", 0);
		return true;
	}
	return false;
}

/* Instead of one what it lies in. */
static bool
around_next(struct state *s, struct cursor *c, struct cand *cand)
{
	while (c->i < s->ders.n) {
		const struct ders_value *v = &s->ders.v[c->i++], *out;

		if (v->parent == DERS_NONE)
			continue;
		out = &s->ders.v[v->parent];
		der_cut(s, cand, out->parent, out->from, out->end - out->from,
		    buf_str(s->best) + v->from, v->end - v->from);
		return true;
	}
	return false;
}

/* d bytes of what holds none, from its end. */
static bool
contents_next(struct state *s, struct cursor *c, struct cand *cand)
{
	for (; c->i < s->ders.n; c->i++, c->d = 0) {
		const struct ders_value *v = &s->ders.v[c->i];

		if (v->holds)
			continue;
		if (c->d == 0) {
			c->d = v->end - v->body;
			c->pos = v->end;
		}
		while (
		    c->d > 0 && (c->pos < v->body + c->d || c->pos > v->end)) {
			c->d /= 2;
			c->pos = v->end;
		}
		if (c->d == 0)
			continue;
		c->pos -= c->d;
		der_cut(s, cand, c->i, c->pos, c->d, "", 0);
		return true;
	}
	return false;
}

const struct pass structure_values = {ders_begin, values_next, ders_took};
const struct pass structure_around = {ders_begin, around_next, ders_took};
const struct pass structure_contents = {ders_begin, contents_next, ders_took};

int
structure_find(struct state *s)
{
	int rc = 0;

	for (int i = 0; i < RETURNS; i++) {
		s->fields.n = s->fields.sums = 0;
		s->back = false;
		rc = structure_once(s);
		if (rc == 0 && s->npast && reduce_look(s, CHECK_SOON) < 0)
			rc = STOP;
		if (rc != STOP || !s->back)
			return rc;
	}
	return 0;
}
