#include <stdlib.h>

#include "base/mem.h"
#include "corpus/inputs.h"
#include "corpus/select.h"
#include "corpus/trace.h"
#include "corpus/tuples.h"

#define NONE UINT32_MAX

struct choice {
	const struct inputs *in;
	struct traces *t;
	const struct cover_opts *o;
	bool *yes;
	uint32_t *best;	 /* input of each trace; NONE: of no use */
	uint32_t *order; /* numbers of the traces that are of use */
	size_t n;
	bool *before; /* traces of what was chosen before */

	struct tuples tuples;
	uint32_t *only; /* of each tuple: its trace + 1; 0 has several */
	size_t room;
	bool *covered;
	uint32_t *rest; /* room */
};

static uint64_t
price(const struct choice *c, uint32_t i)
{
	const struct input *in = &c->in->v[i];

	return c->o->goal == COVER_TIME ? in->micros : in->size;
}

static int
by_input(const void *a, const void *b, void *arg)
{
	const uint32_t *best = arg;
	uint32_t x = best[*(const uint32_t *)a], y = best[*(const uint32_t *)b];

	return x < y ? -1 : x > y;
}

/* In the order of inputs, not in the one in which workers answered: the same
 * inputs give the same choice. */
static void
candidates(struct choice *c)
{
	const struct inputs *in = c->in;

	c->best = mem_array(c->t->n, sizeof *c->best);
	c->order = mem_array(c->t->n, sizeof *c->order);
	c->before = mem_array(c->t->n, sizeof *c->before);
	for (size_t i = 0; i < c->t->n; i++)
		c->best[i] = NONE;
	for (uint32_t i = 0; i < in->n; i++) {
		uint32_t *best = &c->best[in->v[i].trace];

		if (in->v[i].state != INPUT_TRACED || in->v[i].base)
			continue;
		if (*best == NONE || price(c, i) < price(c, *best))
			*best = i;
		c->before[in->v[i].trace] |= in->v[i].chosen >> c->o->goal & 1;
	}
	for (uint32_t i = 0; i < c->t->n; i++)
		if (c->best[i] != NONE)
			c->order[c->n++] = i;
	if (c->n)
		qsort_r(c->order, c->n, sizeof *c->order, by_input, c->best);
}

static void
cover_by(struct choice *c, uint32_t trace)
{
	const uint32_t *tuple = trace_get(c->t, trace);

	for (uint32_t k = 0; k < c->t->v[trace].n; k++) {
		uint32_t at = tuples_find(&c->tuples, tuple[k]);

		if (at != TUPLES_NONE)
			c->covered[at] = true;
	}
}

/* Numbers the tuples of a trace, and notes who has one alone. */
static void
note(struct choice *c, uint32_t trace, uint32_t as)
{
	const uint32_t *tuple = trace_get(c->t, trace);

	for (uint32_t k = 0; k < c->t->v[trace].n; k++) {
		size_t had = c->tuples.n;
		uint32_t at = tuples_add(&c->tuples, tuple[k]);

		if (at >= c->room) {
			c->room = c->room ? c->room * 2 : 4096;
			c->only = mem_grow(c->only, c->room, sizeof *c->only);
		}
		c->only[at] = at == had ? as + 1 : 0;
	}
}

/* What the base covers, and what need not be. */
static void
given(struct choice *c, const struct tuples *except)
{
	const struct inputs *in = c->in;
	bool *done = mem_array(c->t->n, sizeof *done);

	for (size_t i = 0; i < in->n; i++) {
		uint32_t trace = in->v[i].trace;

		if (!in->v[i].base || in->v[i].state != INPUT_TRACED ||
		    done[trace])
			continue;
		done[trace] = true;
		cover_by(c, trace);
	}
	for (size_t i = 0; i < except->n; i++) {
		uint32_t at = tuples_find(&c->tuples, except->v[i]);

		if (at != TUPLES_NONE)
			c->covered[at] = true;
	}
	free(done);
}

static void
essentials(struct choice *c)
{
	for (size_t at = 0; at < c->tuples.n; at++) {
		uint32_t trace = c->only[at] ? c->order[c->only[at] - 1] : NONE;

		if (trace == NONE || c->covered[at] || c->yes[c->best[trace]])
			continue;
		c->yes[c->best[trace]] = true;
		cover_by(c, trace);
	}
}

/* The tuples of the trace that are not covered yet; NULL none. */
static uint32_t *
rest_of(struct choice *c, uint32_t trace, uint32_t *n)
{
	const uint32_t *tuple = trace_get(c->t, trace);
	uint32_t *rest = mem_grow(c->rest, c->t->v[trace].n + 1, sizeof *rest);

	c->rest = rest;
	*n = 0;
	for (uint32_t k = 0; k < c->t->v[trace].n; k++) {
		uint32_t at = tuples_find(&c->tuples, tuple[k]);

		if (!c->covered[at])
			rest[(*n)++] = at;
	}
	return *n ? mem_dup(rest, *n * sizeof *rest) : NULL;
}

static void
cover_rest(struct choice *c)
{
	struct cover_trace *v = mem_array(c->n, sizeof *v);
	uint32_t *from = mem_array(c->n, sizeof *from);
	bool *keep = mem_array(c->n, sizeof *keep);
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		uint32_t trace = c->order[i], input = c->best[trace];

		v[n].tuple = rest_of(c, trace, &v[n].n);
		if (!v[n].tuple)
			continue;
		v[n].size = c->in->v[input].size;
		v[n].micros = c->in->v[input].micros;
		v[n].before = c->before[trace];
		from[n++] = input;
	}
	cover_choose(v, n, c->o, keep);
	for (size_t i = 0; i < n; i++) {
		c->yes[from[i]] |= keep[i];
		free((uint32_t *)v[i].tuple);
	}
	free(v);
	free(from);
	free(keep);
}

void
select_inputs(const struct inputs *in, struct traces *t,
    const struct tuples *except, const struct cover_opts *o, bool *yes)
{
	struct choice c = {.in = in, .t = t, .o = o, .yes = yes};

	for (size_t i = 0; i < in->n; i++)
		yes[i] = false;
	candidates(&c);
	for (uint32_t i = 0; i < c.n; i++)
		note(&c, c.order[i], i);
	c.covered = mem_array(c.tuples.n, sizeof *c.covered);
	given(&c, except);
	essentials(&c);
	cover_rest(&c);
	tuples_release(&c.tuples);
	free(c.only);
	free(c.covered);
	free(c.rest);
	free(c.best);
	free(c.order);
	free(c.before);
}

uint32_t *
select_alone(struct traces *t)
{
	uint32_t *alone = mem_array(t->n + 1, sizeof *alone);
	struct choice c = {.t = t};

	for (uint32_t i = 0; i < t->n; i++)
		note(&c, i, i);
	for (size_t i = 0; i < c.tuples.n; i++)
		if (c.only[i])
			alone[c.only[i] - 1]++;
	tuples_release(&c.tuples);
	free(c.only);
	return alone;
}
