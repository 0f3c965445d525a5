/* Passes of the reducer that take bytes away. */
#include <string.h>

#include "reduce/reducein.h"

enum {
	SMALL = 400, /* bytes: up to there every width is tried */
	WIDEST = 48,
	BLOCK_AGAIN = 64, /* a width above that gains more than once */
	TOKENS = 16,	  /* at a time */
	PAIRS = 90	  /* tokens that are taken away two by two */
};

void
cuts_one(struct cand *c, size_t pos, size_t n)
{
	c->cut[0] = (struct cut){pos, n};
	c->cuts = 1;
}

/* --- tail, blocks, bytes --- */

static bool
tail_begin(struct state *s, struct cursor *c)
{
	c->d = s->best->len / 2;
	return true;
}

static bool
tail_next(struct state *s, struct cursor *c, struct cand *cand)
{
	if (c->d == 0 || c->d >= s->best->len)
		return false;
	cuts_one(cand, s->best->len - c->d, c->d);
	c->d /= 2;
	return true;
}

static void
tail_took(struct state *s, struct cursor *c)
{
	c->d = c->d ? c->d * 2 : 1;
	while (c->d >= s->best->len && c->d > 0)
		c->d /= 2;
}

static bool
blocks_begin(struct state *s, struct cursor *c)
{
	for (c->d = 1; c->d <= s->best->len / 4;)
		c->d *= 2; /* what is aligned stays so */
	c->pos = s->best->len;
	return s->best->len > 1;
}

static bool
blocks_next(struct state *s, struct cursor *c, struct cand *cand)
{
	if (c->d == 0)
		return false;
	while (c->pos < c->d) {
		if (!c->gained || c->d <= BLOCK_AGAIN)
			c->d /= 2;
		c->gained = false;
		c->pos = s->best->len;
		if (c->d == 0)
			return false;
		if (c->pos < c->d)
			c->d = c->pos;
	}
	c->pos -= c->d;
	cuts_one(cand, c->pos, c->d);
	return true;
}

static bool
bytes_begin(struct state *s, struct cursor *c)
{
	(void)s;
	c->d = WIDEST;
	return true;
}

/* Every offset, forwards. */
static bool
bytes_next(struct state *s, struct cursor *c, struct cand *cand)
{
	if (c->d == 0)
		return false;
	while (c->pos + c->d > s->best->len ||
	       (s->best->len > SMALL && (c->d & (c->d - 1) || c->d > 16))) {
		c->pos = 0;
		if (--c->d == 0 && c->gained) {
			c->gained = false;
			c->d = WIDEST;
		}
		if (c->d == 0 || s->best->len == 0)
			return false;
	}
	cuts_one(cand, c->pos++, c->d);
	return true;
}

static void
bytes_took(struct state *s, struct cursor *c)
{
	(void)s;
	c->pos--;
}

/* --- what a number counts --- */

static bool
bodies_begin(struct state *s, struct cursor *c)
{
	(void)c;
	return s->fields.n > 0;
}

/* Behind d in 64, 48, 32, 24, 16...: elements may have three parts. */
static size_t
less(size_t d)
{
	return d < 3 ? d / 2 : d & (d - 1) ? d / 3 * 2 : d / 4 * 3;
}

/* All of it, with what fills it up; then d bytes, from its end. */
static bool
bodies_next(struct state *s, struct cursor *c, struct cand *cand)
{
	for (; c->i < s->fields.n; c->i++, c->d = c->k = 0) {
		const struct field *v = &s->fields.v[c->i];

		if (v->to <= v->from || v->end <= v->from ||
		    v->to > s->best->len || v->end > s->best->len)
			continue;
		if (c->k++ == 0) {
			cuts_one(cand, v->from, v->end - v->from);
			return true;
		}
		if (c->d == 0) {
			for (c->d = 1; c->d <= (v->to - v->from) / 2;)
				c->d *= 2;
			c->pos = v->to;
		}
		while (
		    c->d > 0 && (c->pos < v->from + c->d || c->pos > v->to)) {
			c->d = less(c->d);
			c->pos = v->to;
		}
		if (c->d == 0)
			continue;
		c->pos -= c->d;
		cuts_one(cand, c->pos, c->d);
		return true;
	}
	return false;
}

/* --- pieces in a row: records, lines, tokens --- */

bool
cuts_begin(struct state *s, struct cursor *c, size_t most)
{
	c->d = s->units.n < most ? s->units.n : most;
	c->i = s->units.n;
	return s->units.n > 1;
}

static bool
lines_begin(struct state *s, struct cursor *c)
{
	if (!reduce_is_text(s))
		return false;
	units_lines(buf_str(s->best), s->best->len, &s->units);
	return cuts_begin(s, c, s->units.n / 2);
}

static bool
tokens_begin(struct state *s, struct cursor *c)
{
	if (!reduce_is_text(s))
		return false;
	units_tokens(buf_str(s->best), s->best->len, &s->units);
	return cuts_begin(s, c, TOKENS);
}

/* Groups of d, from the end. */
bool
cuts_next(struct state *s, struct cursor *c, struct cand *cand)
{
	const struct units *u = &s->units;

	while (c->i < c->d || c->d == 0) {
		if (c->d <= 1)
			return false;
		c->d /= 2;
		c->i = u->n;
	}
	c->i -= c->d;
	cuts_one(cand, u->at[c->i], u->at[c->i + c->d] - u->at[c->i]);
	return true;
}

void
cuts_took(struct state *s, struct cursor *c)
{
	if (c->i > s->units.n)
		c->i = s->units.n;
}

/* --- what begins with the same bytes --- */

static bool
marks_begin(struct state *s, struct cursor *c)
{
	(void)c;
	if (reduce_is_text(s))
		return false;
	s->nmarks =
	    units_marks(buf_str(s->best), s->best->len, s->marks, MARKS);
	s->marked = MARKS;
	return s->nmarks > 0;
}

/* For each of them groups of d pieces, from the end. */
static bool
marks_next(struct state *s, struct cursor *c, struct cand *cand)
{
	for (; c->k < s->nmarks; c->k++, c->d = 0) {
		if (s->marked != c->k)
			units_between(buf_str(s->best), s->best->len,
			    s->marks[c->k], &s->units);
		s->marked = c->k;
		if (s->units.n < 1)
			continue;
		if (c->d == 0) {
			c->d = (s->units.n + 1) / 2;
			c->i = s->units.n;
		}
		if (c->i > s->units.n)
			c->i = s->units.n;
		if (cuts_next(s, c, cand))
			return true;
	}
	return false;
}

static void
marks_took(struct state *s, struct cursor *c)
{
	(void)c;
	s->marked = MARKS;
}

/* Two tokens, whatever lies between them. */
static bool
pairs_begin(struct state *s, struct cursor *c)
{
	if (!reduce_is_text(s))
		return false;
	units_tokens(buf_str(s->best), s->best->len, &s->units);
	c->k = 1;
	return s->units.n <= PAIRS;
}

static bool
pairs_next(struct state *s, struct cursor *c, struct cand *cand)
{
	const struct units *u = &s->units;

	if (c->k >= u->n) {
		c->i++;
		c->k = c->i + 1;
	}
	if (c->k >= u->n)
		return false;
	cand->cut[0] = (struct cut){u->at[c->k], u->at[c->k + 1] - u->at[c->k]};
	cand->cut[1] = (struct cut){u->at[c->i], u->at[c->i + 1] - u->at[c->i]};
	cand->cuts = 2;
	c->k++;
	return true;
}

static void
pairs_took(struct state *s, struct cursor *c)
{
	(void)s;
	c->k = c->i + 1;
}

/* --- the tree of a text --- */

static bool
spans_begin(struct state *s, struct cursor *c)
{
	(void)c;
	if (!reduce_is_text(s))
		return false;
	spans_find(buf_str(s->best), s->best->len, &s->spans);
	return s->spans.n > 0;
}

/* Each whole. */
static bool
drop_next(struct state *s, struct cursor *c, struct cand *cand)
{
	const struct span *v = s->spans.v;

	while (c->i < s->spans.n && v[c->i].to == v[c->i].from)
		c->i++;
	if (c->i >= s->spans.n)
		return false;
	cuts_one(cand, v[c->i].from, v[c->i].to - v[c->i].from);
	c->i++;
	return true;
}

/* Only its inside; or of its parent only it. */
static bool
lift_next(struct state *s, struct cursor *c, struct cand *cand)
{
	while (c->i < 2 * s->spans.n) {
		const struct span *in = &s->spans.v[c->i / 2], *v = in;
		size_t from = in->in, to = in->out;

		if (c->i++ % 2) {
			if (in->parent == SPAN_NONE)
				continue;
			v = &s->spans.v[in->parent];
			from = in->from;
			to = in->to;
		}
		if (from >= to || to - from == v->to - v->from)
			continue;
		cand->cut[0] = (struct cut){to, v->to - to};
		cand->cut[1] = (struct cut){v->from, from - v->from};
		cand->cuts = 2;
		return true;
	}
	return false;
}

const struct pass cuts_tail = {tail_begin, tail_next, tail_took};
const struct pass cuts_marks = {marks_begin, marks_next, marks_took};
const struct pass cuts_bodies = {bodies_begin, bodies_next, NULL};
const struct pass cuts_lines = {lines_begin, cuts_next, cuts_took};
const struct pass cuts_drop = {spans_begin, drop_next, NULL};
const struct pass cuts_lift = {spans_begin, lift_next, NULL};
const struct pass cuts_blocks = {blocks_begin, blocks_next, NULL};
const struct pass cuts_tokens = {tokens_begin, cuts_next, cuts_took};
const struct pass cuts_bytes = {bytes_begin, bytes_next, bytes_took};
const struct pass cuts_pairs = {pairs_begin, pairs_next, pairs_took};
