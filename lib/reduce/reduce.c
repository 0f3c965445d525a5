/*
 * First what is known of formats: numbers that follow what is cut (fields.h),
 * records, in each other (chains.h).  Then passes, each of which says one
 * candidate after the other, in rounds: a pass that fails too often in a row
 * has to wait for the next round, where it may fail more often, and those come
 * first that gained most for a try.  The end is a round in which all came to
 * theirs and nothing went.  What was tried is not tried again.
 *
 * A pass says its next candidate as if the last one had failed; so several can
 * be tried at a time, and the first success in their order counts: the way does
 * not depend on how many there are.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "reduce/chains.h"
#include "reduce/reducein.h"

enum {
	IMPATIENCE = 4, /* each round that many times more failures */
	SURE = 8,	/* so many times more successes decide for a way */
	AGAIN = 4,	/* fewer bytes after simpler ones */
	QUIET = 48,	/* failures until a look */
	YIELD = 16,	/* successes that have to gain ... */
	SHARE = 64,	/* ... such a part of it, in the first round */
	UNSURE_BYTES = 64 << 20
};

/* --- what was tried --- */

static uint64_t
hash(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint64_t h = n * 0x9e3779b97f4a7c15u, w;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, p, n);
	h = (h ^ w) * 0xc4ceb9fe1a85ec53u;
	h ^= h >> 29;
	return h ? h : 1;
}

static bool
put(uint64_t *table, size_t room, uint64_t h)
{
	size_t i = h & (room - 1);

	while (table[i] && table[i] != h)
		i = (i + 1) & (room - 1);
	if (table[i])
		return false;
	table[i] = h;
	return true;
}

/* False when that was tried before. */
static bool
is_new(struct state *s, const struct buf *b)
{
	if (2 * s->ntried >= s->room) {
		size_t room = s->room ? 2 * s->room : 4096;
		uint64_t *table = mem_array(room, sizeof *table);

		for (size_t i = 0; i < s->room; i++)
			if (s->tried[i])
				put(table, room, s->tried[i]);
		free(s->tried);
		s->tried = table;
		s->room = room;
	}
	if (!put(s->tried, s->room, hash(b->p, b->len)))
		return false;
	s->ntried++;
	return true;
}

/* --- candidates --- */

static void
shift(struct state *s, size_t pos, size_t n)
{
	fields_shift(&s->fields, pos, n);
	spans_shift(&s->spans, pos, n);
	units_shift(&s->units, pos, n);
}

static void
make_plain(const struct state *s, struct cand *c)
{
	const char *p = buf_str(s->best);
	size_t at = 0;

	buf_reset(&c->bytes);
	for (unsigned i = c->cuts; i-- > 0;) {
		buf_add(&c->bytes, p + at, c->cut[i].pos - at);
		at = c->cut[i].pos + c->cut[i].n;
	}
	buf_add(&c->bytes, p + at, s->best->len - at);
}

/* False when there is nothing to follow. */
bool
reduce_mended(const struct state *s, struct cand *c)
{
	struct buf half = BUF_INIT;
	struct fields then = {0};
	bool changed;

	changed = fields_cut(&s->fields, buf_str(s->best), s->best->len,
	    c->cut[0].pos, c->cut[0].n, &c->bytes);
	if (c->cuts > 1) {
		fields_copy(&s->fields, &then);
		fields_shift(&then, c->cut[0].pos, c->cut[0].n);
		half = c->bytes;
		c->bytes = (struct buf)BUF_INIT;
		changed |= fields_cut(&then, buf_str(&half), half.len,
		    c->cut[1].pos, c->cut[1].n, &c->bytes);
		fields_release(&then);
		buf_release(&half);
	}
	return changed;
}

/* One of the two ways did so often more than the other. */
static bool
is_hopeless(const struct state *s, bool mended)
{
	unsigned mine = mended ? s->mended : s->plain;
	unsigned others = mended ? s->plain : s->mended;

	return others > SURE * (1 + mine);
}

/* The bytes of a candidate, by its way 0 or 1; false when there are none. */
static bool
make(struct state *s, struct cand *c, unsigned way)
{
	bool numbers = s->fields.n + s->fields.sums > 0;

	if (c->made) {
		if (numbers && c->cuts == 0)
			fields_mend(&s->fields, c->bytes.p, c->bytes.len, 0,
			    c->bytes.len);
		return way == 0;
	}
	c->mended = numbers && (way == 0) == (s->mended >= s->plain);
	if ((!numbers && way > 0) || (numbers && is_hopeless(s, c->mended)))
		return false;
	if (c->mended)
		return reduce_mended(s, c);
	make_plain(s, c);
	return true;
}

/* So many of the past are sure, too: what the input was and its numbers then. */
static void
keep_sure(struct state *s, size_t n)
{
	struct fields *f = &s->sure_fields;
	struct past *last = n ? &s->past[n - 1] : NULL;

	for (size_t i = 0; i < n; i++) {
		const struct past *p = &s->past[i];

		for (unsigned k = 0; k < p->cuts; k++)
			fields_shift(f, p->cut[k].pos, p->cut[k].n);
		if (p->forgot)
			f->n = f->sums = 0;
	}
	if (last) {
		buf_reset(&s->sure);
		buf_add(&s->sure, buf_str(&last->bytes), last->bytes.len);
	}
	s->npast = s->past_bytes = 0;
}

static void
sure_now(struct state *s)
{
	buf_reset(&s->sure);
	buf_add(&s->sure, buf_str(s->best), s->best->len);
	fields_copy(&s->fields, &s->sure_fields);
	s->npast = s->past_bytes = 0;
}

/* The last of the past is another bug: the latest that is ours, by halves. */
static int
latest(struct state *s, size_t *ours)
{
	size_t others = s->npast;

	*ours = 0; /* are known to be */
	while (others - *ours > 1) {
		size_t half = *ours + (others - *ours) / 2;
		int rc = s->r->check(
		    &s->past[half - 1].bytes, CHECK_BACK, s->r->arg);

		if (rc == -2)
			return -2;
		*(rc > 0 ? ours : &others) = half;
	}
	return -1;
}

/* As check() has it. */
int
reduce_look(struct state *s, enum reduce_check how)
{
	size_t ours = 0;
	int rc;

	if (!s->r->check)
		return 1;
	if (s->npast == UNSURE || s->past_bytes > UNSURE_BYTES)
		how = CHECK_NOW;
	rc = s->r->check(s->best, how, s->r->arg);
	if (rc > 0)
		sure_now(s);
	if (rc >= 0)
		return rc;
	if (rc == -1)
		rc = latest(s, &ours);
	keep_sure(s, ours);
	s->back = rc == -1;
	buf_reset(s->best);
	buf_add(s->best, buf_str(&s->sure), s->sure.len);
	fields_copy(&s->sure_fields, &s->fields);
	return rc;
}

/* Of the candidate that was taken. */
static void
remember(struct state *s, const struct cand *c, bool forgot)
{
	struct past *p = &s->past[s->npast++];

	buf_reset(&p->bytes);
	buf_add(&p->bytes, buf_str(s->best), s->best->len);
	memcpy(p->cut, c->cut, sizeof p->cut);
	p->cuts = c->cuts;
	p->forgot = forgot;
	s->past_bytes += s->best->len;
}

/* The candidate is the input; 0, or as check() has it. */
static int
take(struct state *s, struct cand *c)
{
	struct buf old = *s->best;
	size_t left = old.len;
	int rc;

	*s->best = c->bytes;
	c->bytes = old;
	if (!c->made)
		*(c->mended ? &s->mended : &s->plain) += 1;
	for (unsigned i = 0; i < c->cuts; i++) {
		shift(s, c->cut[i].pos, c->cut[i].n);
		left -= c->cut[i].n;
	}
	/* Bytes came and went elsewhere: nobody knows where numbers are. */
	if (left != s->best->len)
		s->fields.n = s->fields.sums = 0;
	s->misses = s->quiet = 0;
	s->hits++;
	if (s->r->check)
		remember(s, c, left != s->best->len);
	rc = reduce_look(s, CHECK_PERHAPS);
	return rc < 0 ? rc : 0;
}

bool
reduce_is_text(const struct state *s)
{
	return chains_is_text(buf_str(s->best), s->best->len);
}

/* --- a pass --- */

static size_t
width(const struct state *s)
{
	size_t n = s->r->width ? s->r->width(s->r->arg) : 1;

	return n < 1 ? 1 : n > REDUCE_WIDTH ? REDUCE_WIDTH : n;
}

/* Up to n candidates from the cursor on. */
static size_t
fill(struct state *s, const struct pass *p, struct cursor *c, size_t n)
{
	size_t got = 0;

	while (got < n) {
		struct cand *one = &s->cand[got];
		struct cursor at = *c;

		one->cuts = 0;
		one->made = false;
		if (!p->next(s, c, one))
			break;
		if (at.way == 0 && !one->made &&
		    s->fields.n + s->fields.sums > 0) {
			one->after = *c;
			one->after.way = 0;
			*c = at; /* the same again, the other way */
			c->way = 1;
		} else {
			c->way = 0;
			one->after = *c;
		}
		if (make(s, one, at.way) && is_new(s, &one->bytes))
			got++;
	}
	return got;
}

/* The number of the first that is the same, -1, -2. */
static int
try(struct state *s, size_t n)
{
	const struct buf *v[REDUCE_WIDTH];
	int rc;

	if (n > 1 && s->r->tests) {
		for (size_t i = 0; i < n; i++)
			v[i] = &s->cand[i].bytes;
		return s->r->tests(v, n, s->r->arg);
	}
	rc = s->r->test(
	    buf_str(&s->cand[0].bytes), s->cand[0].bytes.len, s->r->arg);
	return rc > 0 ? 0 : rc < 0 ? -2 : -1;
}

/* After so many failures in a row it is time to know; as check() has it. */
static int
missed(struct state *s, size_t n)
{
	s->misses += n;
	s->quiet += n;
	if (s->npast == 0 || s->quiet < QUIET)
		return 0;
	s->quiet = 0;
	return reduce_look(s, CHECK_SOON);
}

/* Has the pass gained enough by its last successes? */
static bool
is_worth_it(struct state *s)
{
	size_t len = s->best->len;
	bool yes = s->since - len >= len / SHARE;

	if (s->hits < YIELD)
		return true;
	s->since = len;
	s->hits = 0;
	return yes;
}

static bool
begin(struct state *s, const struct pass *p, struct cursor *c)
{
	memset(c, 0, sizeof *c);
	s->since = s->best->len;
	s->hits = 0;
	return p->begin(s, c);
}

/* STOP, DONE, or CUT_SHORT after so many failures in a row. */
int
reduce_run(struct state *s, const struct pass *p, size_t patience)
{
	struct cursor c;
	size_t n;
	int hit, rc;

	s->misses = 0;
	if (!begin(s, p, &c))
		return DONE;
	while (patience > PATIENCE || is_worth_it(s)) {
		n = fill(s, p, &c, width(s));
		if (n == 0)
			return DONE;
		hit = try(s, n);
		if (hit == -2)
			return STOP;
		if (hit >= 0)
			c = s->cand[hit].after;
		rc = hit < 0 ? missed(s, n) : take(s, &s->cand[hit]);
		if (rc == -2)
			return STOP;
		if (rc < 0) { /* all of it anew */
			if (!begin(s, p, &c))
				return DONE;
		} else if (hit >= 0) {
			c.gained = true;
			if (p->took)
				p->took(s, &c);
		} else if (s->misses > patience) {
			break;
		}
	}
	return CUT_SHORT;
}

/* One candidate by itself: the cut. 1 taken, 0, STOP, also when we went back. */
int
reduce_cut(struct state *s, size_t pos, size_t n, unsigned way)
{
	struct cand *c = &s->cand[0];
	int hit;

	c->made = false;
	cuts_one(c, pos, n);
	c->mended = way == 0;
	if (c->mended ? !reduce_mended(s, c) : (make_plain(s, c), false))
		return 0;
	if (!is_new(s, &c->bytes))
		return 0;
	hit = try(s, 1);
	if (hit < 0)
		return hit == -2 ? -1 : 0;
	return take(s, c) < 0 ? STOP : 1;
}

/* --- all of it --- */

static const struct pass *const passes[] = {&cuts_tail, &cuts_marks,
    &structure_values, &structure_around, &structure_contents, &cuts_bodies,
    &cuts_lines, &cuts_drop, &cuts_lift, &cuts_blocks, &cuts_tokens,
    &rewrites_rename, &cuts_bytes, &cuts_pairs, &rewrites_atoms};
enum { PASSES = sizeof passes / sizeof *passes };

/* Those first that gained most for a try. */
static void
sort_passes(unsigned order[PASSES], const double paid[PASSES])
{
	for (unsigned i = 1; i < PASSES; i++)
		for (unsigned k = i;
		     k > 0 && paid[order[k]] > paid[order[k - 1]]; k--) {
			unsigned o = order[k];

			order[k] = order[k - 1];
			order[k - 1] = o;
		}
}

/* Until a round of all passes gains nothing, with that patience, or at last
 * with all of it. */
static int
rounds(struct state *s, size_t patience, bool last)
{
	double paid[PASSES] = {0};
	unsigned order[PASSES];
	bool again = true;
	int rc;

	for (unsigned i = 0; i < PASSES; i++)
		order[i] = i;
	while (again) {
		again = false;
		for (unsigned i = 0; i < PASSES; i++) {
			size_t len = s->best->len, tried = s->ntried;

			rc = reduce_run(s, passes[order[i]], patience);
			if (rc == STOP)
				return -1;
			again |=
			    (last && rc == CUT_SHORT) || s->best->len < len;
			paid[order[i]] = ((double)len - (double)s->best->len) /
					 (double)(s->ntried - tried + 1);
		}
		sort_passes(order, paid);
		if (last && patience < SIZE_MAX / IMPATIENCE)
			patience *= IMPATIENCE;
	}
	return 0;
}

/* Fewer bytes, then simpler ones, which may let others go; then the proof, that
 * no fewer will do. */
static int
all(struct state *s)
{
	int rc = structure_find(s);
	size_t len;

	for (int i = 0; rc == 0 && i < AGAIN; i++) {
		rc = rounds(s, PATIENCE, false);
		if (rc == 0 &&
		    reduce_run(s, &rewrites_values, SIZE_MAX) == STOP)
			rc = -1;
		len = s->best->len;
		if (rc == 0)
			rc = rounds(s, IMPATIENCE * PATIENCE, true);
		if (s->best->len == len)
			break;
	}
	return rc;
}

int
reduce_input(const struct reduce *r, struct buf *best)
{
	struct state *s = mem_alloc(sizeof *s);
	int rc, sure;

	s->r = r;
	s->best = best;
	if (r->check)
		sure_now(s);
	do {
		rc = all(s);
		sure = s->npast ? reduce_look(s, CHECK_NOW) : 1;
	} while (rc == 0 && sure == -1);
	for (size_t i = 0; i < REDUCE_WIDTH; i++)
		buf_release(&s->cand[i].bytes);
	for (size_t i = 0; i < UNSURE; i++)
		buf_release(&s->past[i].bytes);
	fields_release(&s->fields);
	fields_release(&s->sure_fields);
	spans_release(&s->spans);
	units_release(&s->units);
	strs_release(&s->words);
	zips_release(&s->zips);
	ders_release(&s->ders);
	buf_release(&s->sure);
	free(s->tried);
	free(s);
	return rc < 0 || sure == -2 ? -1 : 0;
}
