/*
 * Everything after the first pass works on classes: dense numbers, the traces
 * of each class, the classes of each trace.  A class's signature is the sum of
 * mixed trace numbers, so equal signatures mean the same traces but for odds
 * of pairs / 2^64.
 *
 * count[c] is how many chosen traces hold class c, gain[t] how many classes
 * with count 0 trace t would add.  choose() and drop() keep both true, so the
 * local search costs only what it changes.
 *
 * First the table is reduced: a trace that alone has a class is essential; one
 * whose rest another one has too, for no higher price, is of no use; and again,
 * until nothing changes.  A fifth of the traces or less are left to search.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "corpus/cover.h"

enum {
	PATIENCE = 2000, /* rounds that bring nothing */
	COMPARISONS =
	    50 * 1000 * 1000 /* of classes, to find traces of no use */
};

/* Which members a set has: list[at[i]] to list[at[i + 1]]. */
struct lists {
	uint32_t *list;
	size_t *at;
};

struct cover {
	const struct cover_trace *trace;
	size_t traces, classes, left; /* left: classes not covered */
	struct lists of_trace, of_class;
	bool *essential, *chosen;
	uint32_t *count, *gain, *order;
	uint32_t *use, uses; /* traces that are neither essential nor useless */
	double *cost;
	uint64_t random;
};

static uint64_t
mix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static double
uniform(struct cover *c)
{
	c->random += 0x9e3779b97f4a7c15;
	return (double)(mix64(c->random) >> 11) * 0x1p-53;
}

/* --- numbers for keys: an open hash table that only grows --- */

struct numbers {
	uint64_t *key;
	uint32_t *number; /* + 1; 0 empty */
	size_t size, n;
};

static void
numbers_grow(struct numbers *h)
{
	struct numbers old = *h;

	h->size = old.size ? old.size * 2 : 1024;
	h->key = mem_array(h->size, sizeof *h->key);
	h->number = mem_array(h->size, sizeof *h->number);
	for (size_t i = 0; i < old.size; i++) {
		size_t at = mix64(old.key[i]) & (h->size - 1);

		if (!old.number[i])
			continue;
		while (h->number[at])
			at = (at + 1) & (h->size - 1);
		h->key[at] = old.key[i];
		h->number[at] = old.number[i];
	}
	free(old.key);
	free(old.number);
}

static uint32_t
numbers_of(struct numbers *h, uint64_t key)
{
	size_t at;

	if (h->n * 2 >= h->size)
		numbers_grow(h);
	at = mix64(key) & (h->size - 1);
	while (h->number[at] && h->key[at] != key)
		at = (at + 1) & (h->size - 1);
	if (!h->number[at]) {
		h->key[at] = key;
		h->number[at] = (uint32_t)++h->n;
	}
	return h->number[at] - 1;
}

static void
numbers_release(struct numbers *h)
{
	free(h->key);
	free(h->number);
}

/* --- the table --- */

/* The class of every tuple of every trace, in order; number of classes. */
static size_t
classify(const struct cover_trace *t, size_t n, uint32_t *class)
{
	struct numbers tuples = {0}, classes = {0};
	uint64_t *sign;
	size_t at = 0, all;

	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < t[i].n; k++)
			class[at++] = numbers_of(&tuples, t[i].tuple[k]);
	all = at;
	sign = mem_array(tuples.n, sizeof *sign);
	at = 0;
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < t[i].n; k++)
			sign[class[at++]] += mix64(i + 1);
	for (at = 0; at < all; at++)
		class[at] = numbers_of(&classes, sign[class[at]]);
	free(sign);
	all = classes.n;
	numbers_release(&tuples);
	numbers_release(&classes);
	return all;
}

/* The classes of each trace, each once; then the other way round. */
static void
tabulate(struct cover *c, const uint32_t *class)
{
	struct lists *t = &c->of_trace, *k = &c->of_class;
	size_t *seen = mem_array(c->classes, sizeof *seen), at = 0, n = 0;

	for (size_t i = 0; i < c->traces; i++) {
		t->at[i] = n;
		for (uint32_t j = 0; j < c->trace[i].n; j++, at++)
			if (seen[class[at]] != i + 1) {
				seen[class[at]] = i + 1;
				t->list[n++] = class[at];
			}
	}
	t->at[c->traces] = n;
	for (size_t i = 0; i < n; i++)
		k->at[t->list[i] + 1]++;
	for (size_t i = 0; i < c->classes; i++)
		k->at[i + 1] += k->at[i];
	for (size_t i = 0; i < c->classes; i++)
		seen[i] = k->at[i];
	for (size_t i = 0; i < c->traces; i++)
		for (size_t j = t->at[i]; j < t->at[i + 1]; j++)
			k->list[seen[t->list[j]]++] = (uint32_t)i;
	free(seen);
}

static double
cost_of(const struct cover_trace *t, enum cover_goal goal)
{
	switch (goal) {
	case COVER_BYTES:
		return (double)t->size + 1;
	case COVER_TIME:
		return t->micros + 1 + 1e-9 * (double)t->size;
	default:
		return 1 + 1e-9 * (double)t->size;
	}
}

static void
cover_init(struct cover *c, const struct cover_trace *t, size_t n,
    const struct cover_opts *o)
{
	size_t all = 0;
	uint32_t *class;

	memset(c, 0, sizeof *c);
	for (size_t i = 0; i < n; i++)
		all += t[i].n;
	c->trace = t;
	c->traces = n;
	c->random = o->seed;
	class = mem_array(all, sizeof *class);
	c->classes = c->left = classify(t, n, class);
	c->of_trace.list = mem_array(all, sizeof *class);
	c->of_class.list = mem_array(all, sizeof *class);
	c->of_trace.at = mem_array(n + 1, sizeof(size_t));
	c->of_class.at = mem_array(c->classes + 2, sizeof(size_t));
	c->essential = mem_array(n, sizeof(bool));
	c->chosen = mem_array(n, sizeof(bool));
	c->count = mem_array(c->classes, sizeof *c->count);
	c->gain = mem_array(n, sizeof *c->gain);
	c->order = mem_array(n, sizeof *c->order);
	c->use = mem_array(n, sizeof *c->use);
	c->cost = mem_array(n, sizeof *c->cost);
	tabulate(c, class);
	free(class);
	for (size_t i = 0; i < n; i++) {
		c->gain[i] =
		    (uint32_t)(c->of_trace.at[i + 1] - c->of_trace.at[i]);
		c->cost[i] = cost_of(&t[i], o->goal);
	}
}

static void
cover_release(struct cover *c)
{
	free(c->of_trace.list);
	free(c->of_class.list);
	free(c->of_trace.at);
	free(c->of_class.at);
	free(c->essential);
	free(c->chosen);
	free(c->count);
	free(c->gain);
	free(c->order);
	free(c->use);
	free(c->cost);
}

/* --- choosing --- */

static void
gains(struct cover *c, uint32_t class, uint32_t by)
{
	for (size_t i = c->of_class.at[class]; i < c->of_class.at[class + 1];
	     i++)
		c->gain[c->of_class.list[i]] += by;
}

static void
choose(struct cover *c, size_t t)
{
	c->chosen[t] = true;
	for (size_t i = c->of_trace.at[t]; i < c->of_trace.at[t + 1]; i++)
		if (c->count[c->of_trace.list[i]]++ == 0) {
			c->left--;
			gains(c, c->of_trace.list[i], (uint32_t)-1);
		}
}

static void
drop(struct cover *c, size_t t)
{
	c->chosen[t] = false;
	for (size_t i = c->of_trace.at[t]; i < c->of_trace.at[t + 1]; i++)
		if (--c->count[c->of_trace.list[i]] == 0) {
			c->left++;
			gains(c, c->of_trace.list[i], 1);
		}
}

static bool
redundant(const struct cover *c, size_t t)
{
	for (size_t i = c->of_trace.at[t]; i < c->of_trace.at[t + 1]; i++)
		if (c->count[c->of_trace.list[i]] < 2)
			return false;
	return true;
}

/* --- reducing --- */

struct reduction {
	struct cover *c;
	bool *useless;
	uint32_t *holders; /* of each class: traces that are not useless */
	uint64_t *sign;	   /* of each trace: bits of its classes */
	uint64_t left;	   /* comparisons */
};

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t
sign_of(const struct cover *c, size_t t)
{
	uint64_t sign = 0;

	for (size_t i = c->of_trace.at[t]; i < c->of_trace.at[t + 1]; i++)
		if (!c->count[c->of_trace.list[i]])
			sign |= 1ull << (mix64(c->of_trace.list[i]) & 63);
	return sign;
}

static bool
has_class(const struct cover *c, size_t t, uint32_t class)
{
	size_t low = c->of_trace.at[t], high = c->of_trace.at[t + 1], mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (c->of_trace.list[mid] < class)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->of_trace.at[t + 1] && c->of_trace.list[low] == class;
}

/* Has u all that t would add, for no higher price? */
static bool
serves(struct reduction *r, size_t u, size_t t)
{
	const struct cover *c = r->c;

	if (u == t || r->useless[u] || c->gain[u] < c->gain[t] ||
	    r->sign[t] & ~r->sign[u] || c->cost[u] > c->cost[t] ||
	    (c->cost[u] == c->cost[t] && c->gain[u] == c->gain[t] && u > t))
		return false;
	for (size_t i = c->of_trace.at[t]; i < c->of_trace.at[t + 1]; i++) {
		if (c->count[c->of_trace.list[i]])
			continue;
		r->left -= r->left > 0;
		if (!has_class(c, u, c->of_trace.list[i]))
			return false;
	}
	return true;
}

/* The class that fewest other traces have, of those it would add. */
static uint32_t
rarest(const struct reduction *r, size_t t)
{
	const struct cover *c = r->c;
	uint32_t best = UINT32_MAX, class;

	for (size_t i = c->of_trace.at[t]; i < c->of_trace.at[t + 1]; i++) {
		class = c->of_trace.list[i];
		if (!c->count[class] &&
		    (best == UINT32_MAX ||
			r->holders[class] < r->holders[best]))
			best = class;
	}
	return best;
}

static void
set_useless(struct reduction *r, size_t t)
{
	const struct cover *c = r->c;

	r->useless[t] = true;
	for (size_t i = c->of_trace.at[t]; i < c->of_trace.at[t + 1]; i++)
		r->holders[c->of_trace.list[i]]--;
}

/* True when traces became useless. */
static bool
find_useless(struct reduction *r)
{
	const struct cover *c = r->c;
	bool found = false;

	for (size_t t = 0; t < c->traces; t++)
		r->sign[t] = sign_of(c, t);
	for (size_t t = 0; t < c->traces && r->left; t++) {
		uint32_t k;
		size_t i;

		if (r->useless[t] || c->chosen[t])
			continue;
		k = c->gain[t] ? rarest(r, t) : 0;
		for (i = c->of_class.at[k]; c->gain[t]; i++)
			if (i == c->of_class.at[k + 1] ||
			    serves(r, c->of_class.list[i], t))
				break;
		if (!c->gain[t] || i < c->of_class.at[k + 1]) {
			set_useless(r, t);
			found = true;
		}
	}
	return found;
}

static void
find_essential(struct reduction *r)
{
	struct cover *c = r->c;

	for (size_t k = 0; k < c->classes; k++) {
		size_t i = c->of_class.at[k];

		if (c->count[k] || r->holders[k] != 1)
			continue;
		while (r->useless[c->of_class.list[i]])
			i++;
		c->essential[c->of_class.list[i]] = true;
		choose(c, c->of_class.list[i]);
	}
}

static void
reduce_table(struct cover *c)
{
	struct reduction r = {.c = c, .left = COMPARISONS};

	r.useless = mem_array(c->traces, sizeof *r.useless);
	r.sign = mem_array(c->traces, sizeof *r.sign);
	r.holders = mem_array(c->classes, sizeof *r.holders);
	for (size_t t = 0; t < c->traces; t++)
		qsort(c->of_trace.list + c->of_trace.at[t],
		    c->of_trace.at[t + 1] - c->of_trace.at[t],
		    sizeof *c->of_trace.list, by_number);
	for (size_t k = 0; k < c->classes; k++)
		r.holders[k] =
		    (uint32_t)(c->of_class.at[k + 1] - c->of_class.at[k]);
	do
		find_essential(&r);
	while (find_useless(&r));
	for (size_t t = 0; t < c->traces; t++)
		if (!r.useless[t] && !c->essential[t])
			c->use[c->uses++] = (uint32_t)t;
	free(r.useless);
	free(r.sign);
	free(r.holders);
}

/* --- searching --- */

/* Greatest gain for its price, until nothing is left; noise shakes it. Ties go
 * to the first, so callers sort by size and name. */
static void
greedy(struct cover *c, double noise)
{
	while (c->left) {
		double best = 0, ratio;
		size_t t = 0;

		for (size_t k = 0; k < c->uses; k++) {
			size_t i = c->use[k];

			if (!c->gain[i])
				continue;
			ratio = c->gain[i] / c->cost[i];
			if (noise > 0)
				ratio *= 1 + noise * uniform(c);
			if (ratio > best) {
				best = ratio;
				t = i;
			}
		}
		choose(c, t);
	}
}

static int
costliest(const void *a, const void *b, void *arg)
{
	const struct cover *c = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (c->cost[x] != c->cost[y])
		return c->cost[x] < c->cost[y] ? 1 : -1;
	return x < y ? 1 : -1;
}

static void
prune(struct cover *c, bool shuffle)
{
	size_t n = 0, other;

	for (size_t i = 0; i < c->uses; i++)
		if (c->chosen[c->use[i]])
			c->order[n++] = c->use[i];
	if (!shuffle)
		qsort_r(c->order, n, sizeof *c->order, costliest, c);
	for (size_t i = 0; i < n; i++) {
		if (shuffle) {
			uint32_t tmp = c->order[i];

			other = i + (size_t)(uniform(c) * (double)(n - i));
			c->order[i] = c->order[other];
			c->order[other] = tmp;
		}
		if (redundant(c, c->order[i]))
			drop(c, c->order[i]);
	}
}

/* Of what is chosen and not essential. */
static double
price(const struct cover *c)
{
	double sum = 0;

	for (size_t i = 0; i < c->uses; i++)
		if (c->chosen[c->use[i]])
			sum += c->cost[c->use[i]];
	return sum;
}

/* Back to the choice in best. */
static void
restore(struct cover *c, const bool *best)
{
	for (size_t i = 0; i < c->uses; i++)
		if (best[c->use[i]] && !c->chosen[c->use[i]])
			choose(c, c->use[i]);
	for (size_t i = 0; i < c->uses; i++)
		if (!best[c->use[i]] && c->chosen[c->use[i]])
			drop(c, c->use[i]);
}

/* What was chosen before, completed, unless that is worse. */
static void
begin_before(struct cover *c)
{
	bool *best = mem_dup(c->chosen, c->traces * sizeof *best);
	double least = price(c);

	for (size_t i = 0; i < c->uses; i++)
		if (best[c->use[i]] && !c->trace[c->use[i]].before)
			drop(c, c->use[i]);
	for (size_t i = 0; i < c->uses; i++)
		if (!best[c->use[i]] && c->trace[c->use[i]].before)
			choose(c, c->use[i]);
	greedy(c, 0);
	prune(c, false);
	if (price(c) > least)
		restore(c, best);
	free(best);
}

static double
cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
search(struct cover *c, const struct cover_opts *o)
{
	unsigned last = 0; /* round that was better */
	bool *best = mem_dup(c->chosen, c->traces * sizeof *best);
	double least = price(c), now, p, start = cpu_seconds();

	for (unsigned i = 0; i < o->rounds && i < 2 * last + PATIENCE; i++) {
		if ((o->until > 0 && clock_mono() >= o->until) ||
		    (o->seconds > 0 && cpu_seconds() >= start + o->seconds))
			break;
		p = 0.02 + 0.29 * uniform(c);
		for (size_t t = 0; t < c->uses; t++)
			if (c->chosen[c->use[t]] && uniform(c) < p)
				drop(c, c->use[t]);
		greedy(c, 0.1);
		prune(c, true);
		now = price(c);
		if (now <= least) {
			if (now < least)
				last = i;
			least = now;
			memcpy(best, c->chosen, c->traces * sizeof *best);
		} else {
			restore(c, best);
		}
	}
	restore(c, best);
	free(best);
}

size_t
cover_choose(const struct cover_trace *t, size_t n, const struct cover_opts *o,
    bool *keep)
{
	struct cover c;
	size_t kept = 0;

	if (!n)
		return 0;
	cover_init(&c, t, n, o);
	reduce_table(&c);
	greedy(&c, 0);
	prune(&c, false);
	begin_before(&c);
	if (o->rounds)
		search(&c, o);
	for (size_t i = 0; i < n; i++)
		kept += c.chosen[i];
	memcpy(keep, c.chosen, n * sizeof *keep);
	cover_release(&c);
	return kept;
}
