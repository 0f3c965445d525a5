#include "cluster/place.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cluster/nodes.h"

#define SHAPES 64 /* that are remembered */

struct owner {
	const char *name;
	size_t next, end; /* its runs that were not looked at */
	int64_t used, weight;
};

/* Nodes that take something, the one with the most free CPUs on top. */
struct pool {
	struct nodes *nodes;
	struct node **heap, **popped;
	size_t n;
	/* What fitted nowhere: as nodes only fill up, nothing larger will. */
	const struct place_run *failed[SHAPES];
	size_t nfailed;
};

/* ---- tags ---- */

/* Is the word [s, s + n) one of the comma-separated list? */
static bool
listed(const char *list, const char *s, size_t n)
{
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		if (len == n && strncmp(list, s, n) == 0)
			return true;
		if (list[len] == '\0')
			return false;
	}
}

bool
place_tags(const char *have, const char *needs)
{
	size_t len;

	for (;; needs += len + 1) {
		len = strcspn(needs, ",");
		if (len > 0 && !listed(have, needs, len))
			return false;
		if (needs[len] == '\0')
			return true;
	}
}

/* ---- nodes ---- */

static bool
above(const struct node *a, const struct node *b)
{
	int64_t x = a->cpus - a->cpus_used, y = b->cpus - b->cpus_used;

	return x != y ? x > y : a < b;
}

static void
swap(struct node **a, struct node **b)
{
	struct node *t = *a;

	*a = *b;
	*b = t;
}

static void
push(struct pool *p, struct node *node)
{
	size_t i = p->n++;

	p->heap[i] = node;
	for (; i > 0 && above(p->heap[i], p->heap[(i - 1) / 2]);
	     i = (i - 1) / 2)
		swap(&p->heap[i], &p->heap[(i - 1) / 2]);
}

static void
sink(struct pool *p, size_t i)
{
	size_t k;

	for (; (k = 2 * i + 1) < p->n; i = k) {
		if (k + 1 < p->n && above(p->heap[k + 1], p->heap[k]))
			k++;
		if (!above(p->heap[k], p->heap[i]))
			break;
		swap(&p->heap[k], &p->heap[i]);
	}
}

static struct node *
pop(struct pool *p)
{
	struct node *node = p->heap[0];

	p->heap[0] = p->heap[--p->n];
	sink(p, 0);
	return node;
}

static void
fill(struct pool *p, struct nodes *nodes)
{
	size_t i;

	memset(p, 0, sizeof(*p));
	p->nodes = nodes;
	p->heap = mem_array(nodes->n + 1, sizeof(struct node *));
	p->popped = mem_array(nodes->n + 1, sizeof(struct node *));
	for (i = 0; i < nodes->n; i++)
		if (nodes_open(&nodes->v[i]))
			push(p, &nodes->v[i]);
}

/* ---- one run ---- */

/* What a run needs of a node on which nothing runs, one after the other, and
 * what is said when no node has it. */
enum { CPUS, MEMORY, TAGS, OPEN, NEEDS };

static const char *const lack[NEEDS] = {[CPUS] = "no node has so many CPUs",
    [MEMORY] = "no node with so many CPUs has so much memory",
    [TAGS] = "no node that is large enough has the tags it needs",
    [OPEN] = "all nodes that could take it are drained, offline or set aside"};

/* The first that it has not, or NEEDS. */
static int
lacks(const struct node *node, const struct place_run *run)
{
	if (node->cpus < run->cpus ||
	    (node->run_cpus > 0 && node->run_cpus < run->cpus))
		return CPUS;
	if (node->memory < run->memory ||
	    (node->run_memory > 0 && node->run_memory < run->memory))
		return MEMORY;
	if (!place_tags(node->tags, run->needs))
		return TAGS;
	return nodes_open(node) ? NEEDS : OPEN;
}

static bool
suits(const struct node *node, const struct place_run *run)
{
	return lacks(node, run) == NEEDS;
}

const char *
place_lack(const struct nodes *nodes, const struct place_run *run)
{
	int most = CPUS, is;

	for (size_t i = 0; i < nodes->n; i++)
		if ((is = lacks(&nodes->v[i], run)) > most)
			most = is;
	return most == NEEDS ? NULL : lack[most];
}

static bool
fits(const struct node *node, const struct place_run *run)
{
	return !node->kept &&
	       (node->runs_most == 0 || node->runs_used < node->runs_most) &&
	       node->cpus - node->cpus_used >= run->cpus &&
	       node->memory - node->memory_used >= run->memory &&
	       suits(node, run);
}

/* Rather than on the node where it failed it waits for another, if any. */
static bool
avoids(
    const struct pool *p, const struct place_run *run, const struct node *node)
{
	size_t i;

	if (run->avoid == NULL || strcmp(run->avoid, node->name) != 0)
		return false;
	for (i = 0; i < p->nodes->n; i++)
		if (&p->nodes->v[i] != node && suits(&p->nodes->v[i], run))
			return true;
	return false;
}

/* Does it look like one that fitted nowhere? */
static bool
hopeless(const struct pool *p, const struct place_run *run)
{
	const struct place_run *f;
	size_t i;

	for (i = 0; i < p->nfailed; i++) {
		f = p->failed[i];
		if (run->cpus >= f->cpus && run->memory >= f->memory &&
		    strcmp(run->needs, f->needs) == 0)
			return true;
	}
	return false;
}

/* What speaks against a node: shards of its job that run there or were placed
 * there just now, which stand before it. */
static size_t
against(const struct place_run *first, const struct place_run *run,
    const struct node *node)
{
	const struct place_run *r;
	size_t n = 0, k;

	if (run->shards > 1 && run->others != NULL)
		for (k = 0; k < (size_t)run->shards; k++)
			n += run->others[k] == node;
	for (r = run; run->shards > 1 && r-- > first && r->job == run->job;)
		n += r->chosen == node;
	return n;
}

static struct node *
find(struct pool *p, const struct place_run *first, const struct place_run *run)
{
	struct node *node, *best = NULL;
	size_t n = 0, least = 0, x;

	while ((best == NULL || least > 0) && p->n > 0 &&
	       p->heap[0]->cpus - p->heap[0]->cpus_used >= run->cpus) {
		node = p->popped[n++] = pop(p);
		if (!fits(node, run) || avoids(p, run, node))
			continue;
		x = against(first, run, node);
		if (best == NULL || x < least) {
			best = node;
			least = x;
		}
	}
	if (best != NULL)
		best->cpus_used += run->cpus;
	while (n > 0)
		push(p, p->popped[--n]);
	return best;
}

/* It has a node, and waits for that one. */
static struct node *
find_own(struct pool *p, const struct place_run *run)
{
	struct node *node = nodes_find(p->nodes, run->node);
	size_t i;

	if (node == NULL || !fits(node, run))
		return NULL;
	node->cpus_used += run->cpus;
	for (i = 0; p->heap[i] != node; i++)
		;
	sink(p, i);
	return node;
}

/* Nothing more for the node that has the least to give up for it. */
static void
keep(const struct pool *p, const struct place_run *run)
{
	struct nodes *nodes = p->nodes;
	struct node *node, *best = NULL;
	size_t i;

	for (i = 0; i < nodes->n; i++) {
		node = &nodes->v[i];
		if (!node->kept && suits(node, run) && !avoids(p, run, node) &&
		    (best == NULL || above(node, best)))
			best = node;
	}
	if (best != NULL)
		best->kept = true;
}

static bool
put(struct pool *p, const struct place_rules *rules,
    const struct place_run *first, struct place_run *run)
{
	if (run->node != NULL) {
		run->chosen = find_own(p, run);
	} else if (!hopeless(p, run)) {
		run->chosen = find(p, first, run);
		if (run->chosen == NULL && run->waited >= rules->patience)
			keep(p, run);
		if (run->chosen == NULL && run->avoid == NULL &&
		    p->nfailed < SHAPES)
			p->failed[p->nfailed++] = run;
	}
	if (run->chosen == NULL)
		return false;
	run->chosen->memory_used += run->memory;
	run->chosen->runs_used++;
	return true;
}

/* ---- owners ---- */

static int
by_owner(const void *a, const void *b)
{
	const struct place_run *x = a, *y = b;
	int r = strcmp(x->owner, y->owner);

	if (r != 0)
		return r;
	if (x->points != y->points)
		return x->points > y->points ? -1 : 1;
	if (x->job != y->job)
		return x->job > y->job ? 1 : -1;
	return (x->shard > y->shard) - (x->shard < y->shard);
}

static int
by_turn(const void *a, const void *b)
{
	const struct place_run *x = a, *y = b;

	if (x->turn != y->turn)
		return x->turn > y->turn ? 1 : -1;
	return (x->job > y->job) - (x->job < y->job);
}

static int
by_name(const void *a, const void *b)
{
	const struct place_use *x = a, *y = b;

	return strcmp(x->owner, y->owner);
}

static int64_t
weight_of(const char *weights, const char *owner)
{
	size_t n = strlen(owner);
	const char *p;

	for (p = weights; *p != '\0'; p += strcspn(p, ","), p += *p == ',')
		if (strncmp(p, owner, n) == 0 && p[n] == ':')
			return strtol(p + n + 1, NULL, 10);
	return 1;
}

/* Of sorted runs. */
static struct owner *
owners_of(const struct place_rules *rules, const struct place_run *runs,
    size_t n, size_t *count)
{
	struct owner *v = mem_array(n + 1, sizeof(*v)), *o = v;
	size_t i, u = 0;

	if (rules->n > 0)
		qsort(rules->uses, rules->n, sizeof(*rules->uses), by_name);
	for (i = 0; i < n; i = o++->end) {
		*o = (struct owner){.name = runs[i].owner,
		    .next = i,
		    .end = i,
		    .weight = weight_of(rules->weights, runs[i].owner)};
		while (o->end < n && strcmp(runs[o->end].owner, o->name) == 0)
			o->end++;
		for (; u < rules->n; u++) {
			int r = strcmp(rules->uses[u].owner, o->name);
			if (r > 0)
				break;
			if (r == 0)
				o->used += rules->uses[u].cpus;
		}
	}
	*count = (size_t)(o - v);
	return v;
}

/* Has a less than b of what is its due? */
static bool
poorer(
    const struct owner *a, const struct owner *b, const struct place_run *runs)
{
	const struct place_run *x = &runs[a->next], *y = &runs[b->next];
	int64_t i = a->used * b->weight, k = b->used * a->weight;

	if (i != k)
		return i < k;
	return x->points != y->points ? x->points > y->points : x->job < y->job;
}

static struct owner *
next_owner(struct owner *v, size_t n, const struct place_run *runs)
{
	struct owner *best = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if (v[i].next < v[i].end &&
		    (best == NULL || poorer(&v[i], best, runs)))
			best = &v[i];
	return best;
}

size_t
place_runs(const struct place_rules *rules, struct place_run *runs, size_t n,
    struct nodes *nodes)
{
	struct place_run *run;
	struct owner *owners, *o;
	struct pool pool;
	size_t i, count, turn = 0;

	for (i = 0; i < n; i++) {
		runs[i].points = runs[i].priority;
		if (rules->ageing > 0)
			runs[i].points += runs[i].waited / rules->ageing;
		runs[i].chosen = NULL;
		runs[i].turn = SIZE_MAX;
	}
	if (n > 0)
		qsort(runs, n, sizeof(*runs), by_owner);
	owners = owners_of(rules, runs, n, &count);
	fill(&pool, nodes);
	while ((o = next_owner(owners, count, runs)) != NULL)
		while (o->next < o->end) {
			run = &runs[o->next++];
			if (!put(&pool, rules, runs, run))
				continue;
			o->used += run->cpus;
			run->turn = turn++;
			break;
		}
	free(pool.heap);
	free(pool.popped);
	free(owners);
	if (n > 0)
		qsort(runs, n, sizeof(*runs), by_turn);
	return turn;
}
