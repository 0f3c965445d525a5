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
#include "corpus/reduce.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/strs.h"
#include "corpus/chains.h"
#include "corpus/fields.h"
#include "corpus/spans.h"
#include "corpus/units.h"
#include "corpus/zips.h"

enum {
	SMALL = 400, /* bytes: up to there every width is tried */
	WIDEST = 48,
	BLOCK_AGAIN = 64, /* a width above that gains more than once */
	PATIENCE = 128,	  /* failures in a row, in the first round */
	IMPATIENCE = 4,	  /* each round that many times more */
	SURE = 8,	  /* so many times more successes decide for a way */
	PROBES = 40,	  /* tries to find out which numbers follow */
	DEEP = 4,	  /* records inside records */
	REGIONS = 16,	  /* records that are looked into */
	LEAST = 3,	  /* records of a chain; LEAST - 1 inside of one */
	NUMBERED = 1024,  /* records whose lengths follow */
	TOKENS = 16,	  /* at a time */
	PAIRS = 90,	  /* tokens that are taken away two by two */
	WORDS = 300,
	RETURNS = 8,
	AGAIN = 4, /* fewer bytes after simpler ones */
	CUTS = 2,
	QUIET = 48,   /* failures until a look */
	YIELD = 16,   /* successes that have to gain ... */
	SHARE = 64,   /* ... such a part of it, in the first round */
	UNSURE = 128, /* that are not looked at yet, and of so many bytes */
	UNSURE_BYTES = 64 << 20
};

struct cut {
	size_t pos, n;
};

/* Where a pass is; its meaning is the pass's. */
struct cursor {
	size_t i, k, d, pos;
	unsigned way;
	bool gained;
};

struct cand {
	struct buf bytes;
	struct cut cut[CUTS]; /* from behind */
	unsigned cuts;
	bool made;   /* bytes are there already */
	bool mended; /* the numbers follow */
	struct cursor after;
};

/* What the input was, not known yet to be the same, and how it became that. */
struct past {
	struct buf bytes;
	struct cut cut[CUTS];
	unsigned cuts;
};

struct state {
	const struct reduce *r;
	struct buf *best, sure;
	struct fields fields, sure_fields;
	struct past past[UNSURE]; /* since it was sure; the last is best */
	size_t npast, past_bytes;
	bool back;		/* it went back to what was sure */
	unsigned plain, mended; /* successes without and with numbers */
	struct cand cand[REDUCE_WIDTH];
	uint64_t *tried; /* hashes, a table with room for `room` */
	size_t ntried, room;
	size_t misses;	    /* since the last success of this pass ... */
	size_t quiet;	    /* ... of any, or the last look */
	size_t hits, since; /* successes of it, and the size before them */
	struct spans spans; /* of a pass under way; they follow */
	struct units units;
	struct strs words;
	struct zips zips;
};

struct pass {
	/* false: nothing for this one here */
	bool (*begin)(struct state *s, struct cursor *c);
	/* The next candidate, false: no more */
	bool (*next)(struct state *s, struct cursor *c, struct cand *cand);
	/* The last one was taken; may be NULL */
	void (*took)(struct state *s, struct cursor *c);
};

/* Of lengths, in the order in which they are believed (chains.h). */
enum { WIDTHS = 6 };
static const unsigned widths[WIDTHS] = {
    CHAINS_DIGITS, 4, CHAINS_VARINT, 3, 2, 1};

enum { STOP = -1, DONE, CUT_SHORT };

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
one_cut(struct cand *c, size_t pos, size_t n)
{
	c->cut[0] = (struct cut){pos, n};
	c->cuts = 1;
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
static bool
make_mended(const struct state *s, struct cand *c)
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
		return make_mended(s, c);
	make_plain(s, c);
	return true;
}

/* So many of the past are sure, too: what the input was and its numbers then. */
static void
keep_sure(struct state *s, size_t n)
{
	struct fields *f = &s->sure_fields;
	struct past *last = n ? &s->past[n - 1] : NULL;

	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; k < s->past[i].cuts; k++)
			fields_shift(
			    f, s->past[i].cut[k].pos, s->past[i].cut[k].n);
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
static int
check(struct state *s, enum reduce_check how)
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
remember(struct state *s, const struct cand *c)
{
	struct past *p = &s->past[s->npast++];

	buf_reset(&p->bytes);
	buf_add(&p->bytes, buf_str(s->best), s->best->len);
	memcpy(p->cut, c->cut, sizeof p->cut);
	p->cuts = c->cuts;
	s->past_bytes += s->best->len;
}

/* The candidate is the input; 0, or as check() has it. */
static int
take(struct state *s, struct cand *c)
{
	struct buf old = *s->best;
	int rc;

	*s->best = c->bytes;
	c->bytes = old;
	if (!c->made)
		*(c->mended ? &s->mended : &s->plain) += 1;
	for (unsigned i = 0; i < c->cuts; i++)
		shift(s, c->cut[i].pos, c->cut[i].n);
	s->misses = s->quiet = 0;
	s->hits++;
	if (s->r->check)
		remember(s, c);
	rc = check(s, CHECK_PERHAPS);
	return rc < 0 ? rc : 0;
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
	return check(s, CHECK_SOON);
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
static int
run(struct state *s, const struct pass *p, size_t patience)
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
static int
cut(struct state *s, size_t pos, size_t n, unsigned way)
{
	struct cand *c = &s->cand[0];
	int hit;

	c->made = false;
	one_cut(c, pos, n);
	c->mended = way == 0;
	if (c->mended ? !make_mended(s, c) : (make_plain(s, c), false))
		return 0;
	if (!is_new(s, &c->bytes))
		return 0;
	hit = try(s, 1);
	if (hit < 0)
		return hit == -2 ? -1 : 0;
	return take(s, c) < 0 ? STOP : 1;
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
	one_cut(cand, s->best->len - c->d, c->d);
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
	one_cut(cand, c->pos, c->d);
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
	one_cut(cand, c->pos++, c->d);
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

		if (v->to <= v->from)
			continue;
		if (c->k++ == 0) {
			one_cut(cand, v->from, v->end - v->from);
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
		one_cut(cand, c->pos, c->d);
		return true;
	}
	return false;
}

/* --- pieces in a row: records, lines, tokens --- */

static bool
is_text(const struct state *s)
{
	return chains_is_text(buf_str(s->best), s->best->len);
}

static bool
units_begin(struct state *s, struct cursor *c, size_t most)
{
	c->d = s->units.n < most ? s->units.n : most;
	c->i = s->units.n;
	return s->units.n > 1;
}

static bool
lines_begin(struct state *s, struct cursor *c)
{
	if (!is_text(s))
		return false;
	units_lines(buf_str(s->best), s->best->len, &s->units);
	return units_begin(s, c, s->units.n / 2);
}

static bool
tokens_begin(struct state *s, struct cursor *c)
{
	if (!is_text(s))
		return false;
	units_tokens(buf_str(s->best), s->best->len, &s->units);
	return units_begin(s, c, TOKENS);
}

static bool
records_begin(struct state *s, struct cursor *c)
{
	return !s->back && units_begin(s, c, s->units.n / 2);
}

/* Groups of d, from the end. */
static bool
units_next(struct state *s, struct cursor *c, struct cand *cand)
{
	const struct units *u = &s->units;

	while (c->i < c->d || c->d == 0) {
		if (c->d <= 1)
			return false;
		c->d /= 2;
		c->i = u->n;
	}
	c->i -= c->d;
	one_cut(cand, u->at[c->i], u->at[c->i + c->d] - u->at[c->i]);
	return true;
}

static void
units_took(struct state *s, struct cursor *c)
{
	if (c->i > s->units.n)
		c->i = s->units.n;
}

/* Two tokens, whatever lies between them. */
static bool
pairs_begin(struct state *s, struct cursor *c)
{
	if (!is_text(s))
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
	if (!is_text(s))
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
	one_cut(cand, v[c->i].from, v[c->i].to - v[c->i].from);
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

/* --- other bytes in a place --- */

/* p[pos..pos + n) becomes those. */
static void
replace(const struct state *s, struct cand *c, size_t pos, size_t n,
    const char *with, size_t len)
{
	const char *p = buf_str(s->best);

	buf_reset(&c->bytes);
	buf_add(&c->bytes, p, pos);
	buf_add(&c->bytes, with, len);
	buf_add(&c->bytes, p + pos + n, s->best->len - pos - n);
	c->made = true;
	if (len < n)
		one_cut(c, pos + len, n - len);
}

/* All words of two letters and more, each once. */
static bool
rename_begin(struct state *s, struct cursor *c)
{
	const char *p = buf_str(s->best);
	struct units u = {0};

	(void)c;
	strs_release(&s->words);
	if (!is_text(s))
		return false;
	units_tokens(p, s->best->len, &u);
	for (size_t i = 0; i < u.n && s->words.n < WORDS; i++) {
		size_t n = u.at[i + 1] - u.at[i], k = 0;
		char *word;

		if (n < 2 || !units_is_word(p[u.at[i]]))
			continue;
		word = mem_strndup(p + u.at[i], n);
		while (k < s->words.n && strcmp(s->words.v[k], word) != 0)
			k++;
		if (k == s->words.n)
			strs_add(&s->words, word);
		free(word);
	}
	units_release(&u);
	return s->words.n > 0;
}

/* The word is another one wherever it stands; false when it stands once or
 * never. */
static bool
rename_word(struct state *s, const char *word, char to, struct cand *cand)
{
	const char *p = buf_str(s->best);
	struct units u = {0};
	size_t len = strlen(word), times = 0;

	buf_reset(&cand->bytes);
	units_tokens(p, s->best->len, &u);
	for (size_t i = 0; i < u.n; i++) {
		size_t n = u.at[i + 1] - u.at[i];

		if (n == len && !memcmp(p + u.at[i], word, n)) {
			buf_addc(&cand->bytes, to);
			times++;
		} else {
			buf_add(&cand->bytes, p + u.at[i], n);
		}
	}
	units_release(&u);
	cand->made = true;
	return times > 0;
}

static bool
rename_next(struct state *s, struct cursor *c, struct cand *cand)
{
	static const char letters[] = "ab0";

	while (c->i / 3 < s->words.n) {
		const char *word = s->words.v[c->i / 3];
		char to = letters[c->i % 3];

		c->i++;
		if (rename_word(s, word, to, cand))
			return true;
	}
	return false;
}

static bool
atoms_begin(struct state *s, struct cursor *c)
{
	(void)c;
	if (!is_text(s))
		return false;
	units_tokens(buf_str(s->best), s->best->len, &s->units);
	spans_find(buf_str(s->best), s->best->len, &s->spans);
	return true;
}

/* One token, or one piece of the tree, becomes something short. */
static bool
atoms_next(struct state *s, struct cursor *c, struct cand *cand)
{
	static const char *const atom[] = {"0", "a", "1", "\"\"", "{}", " "};
	enum { ATOMS = sizeof atom / sizeof *atom };
	size_t most = ATOMS + (s->r->words ? s->r->words->n : 0);

	for (; c->i < s->spans.n + s->units.n; c->i++, c->k = 0)
		while (c->k < most) {
			const char *with = c->k < ATOMS
					       ? atom[c->k]
					       : s->r->words->v[c->k - ATOMS];
			size_t i = c->i, len = strlen(with), from, to;

			c->k++;
			if (i < s->spans.n) {
				from = s->spans.v[i].from;
				to = s->spans.v[i].to;
			} else {
				from = s->units.at[i - s->spans.n];
				to = s->units.at[i - s->spans.n + 1];
			}
			if (to - from <= len || len == 0)
				continue;
			replace(s, cand, from, to - from, with, len);
			return true;
		}
	return false;
}

/* Blocks of printable or of zero bytes, where there are others. */
static bool
values_begin(struct state *s, struct cursor *c)
{
	for (c->d = 64; c->d > s->best->len && c->d > 1;)
		c->d /= 2;
	return s->r->plain && s->best->len > 0;
}

static bool
values_next(struct state *s, struct cursor *c, struct cand *cand)
{
	const char *p = buf_str(s->best);
	char with[64];

	while (c->d > 0) {
		size_t pos = c->pos;
		bool other = false;

		if (pos + c->d > s->best->len) {
			c->pos = c->k = 0;
			c->d /= 2;
			continue;
		}
		memset(with, c->k ? 0 : '0', c->d);
		/* From others to digits, and from high numbers to none. */
		for (size_t i = 0; i < c->d; i++)
			other |=
			    p[pos + i] != '0' && (p[pos + i] != 0 || !c->k);
		if (is_text(s) ? c->k > 0 : false)
			other = false;
		if (c->k++ > 0) {
			c->k = 0;
			c->pos += c->d;
		}
		if (!other)
			continue;
		replace(s, cand, pos, c->d, with, c->d);
		return true;
	}
	return false;
}

/* --- what is known of the format --- */

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
		rc = cut(s, end - d, d, 0);
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

static const struct pass records = {records_begin, units_next, units_took};

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
	rc = run(s, &records, patience);
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

	for (unsigned i = 0; i < WIDTHS && rc == 0; i++)
		if (chains_find(
			buf_str(s->best), from, end, widths[i], least, &c)) {
			rc = fewer(s, &c, PATIENCE);
			if (rc > 0)
				rc = inside(s, &c, depth, rc == SHORTER);
			if (rc > 0)
				return 0;
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
			int rc =
			    d[k] <= to - from ? cut(s, to - d[k], d[k], 0) : 0;

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
	make_mended(s, cand);
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

	if (is_text(s) && end > 0)
		return 0;
	if (zips_find(buf_str(s->best), end, &s->zips))
		return run(s, &members, SIZE_MAX) == STOP ||
			       run(s, &names, SIZE_MAX) == STOP || s->back
			   ? STOP
			   : 0;
	if (numbers(s, 0, &end))
		return STOP;
	return region(s, 0, s->best->len, LEAST, 0);
}

/* When we went back all that was found out is void, but not what was tried. */
static int
structure(struct state *s)
{
	int rc = 0;

	for (int i = 0; i < RETURNS; i++) {
		s->fields.n = s->fields.sums = 0;
		s->back = false;
		rc = structure_once(s);
		if (rc == 0 && s->npast && check(s, CHECK_SOON) < 0)
			rc = STOP;
		if (rc != STOP || !s->back)
			return rc;
	}
	return 0;
}

/* --- all of it --- */

static const struct pass passes[] = {
    {tail_begin, tail_next, tail_took},
    {bodies_begin, bodies_next, NULL},
    {lines_begin, units_next, units_took},
    {spans_begin, drop_next, NULL},
    {spans_begin, lift_next, NULL},
    {blocks_begin, blocks_next, NULL},
    {tokens_begin, units_next, units_took},
    {rename_begin, rename_next, NULL},
    {bytes_begin, bytes_next, bytes_took},
    {pairs_begin, pairs_next, pairs_took},
    {atoms_begin, atoms_next, NULL},
};
enum { PASSES = sizeof passes / sizeof *passes };
static const struct pass values = {values_begin, values_next, NULL};

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

			rc = run(s, &passes[order[i]], patience);
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
	int rc = structure(s);
	size_t len;

	for (int i = 0; rc == 0 && i < AGAIN; i++) {
		rc = rounds(s, PATIENCE, false);
		if (rc == 0 && run(s, &values, SIZE_MAX) == STOP)
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
		sure = s->npast ? check(s, CHECK_NOW) : 1;
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
	buf_release(&s->sure);
	free(s->tried);
	free(s);
	return rc < 0 || sure == -2 ? -1 : 0;
}
