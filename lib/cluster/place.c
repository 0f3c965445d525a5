#include "cluster/place.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/nodes.h"

static int
order(const void *a, const void *b)
{
	const struct place_run *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	return (x->job > y->job) - (x->job < y->job);
}

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

static bool
fits(const struct node *node, const struct place_run *run)
{
	return !node->drained && node->cpus - node->cpus_used >= run->cpus &&
	       node->memory - node->memory_used >= run->memory &&
	       (run->node == NULL || strcmp(run->node, node->name) == 0) &&
	       place_tags(node->tags, run->needs);
}

/* How many shards of its job are there: those that run, and those that were
 * placed just now, which stand next to it. */
static size_t
beside(const struct place_run *runs, size_t i, const struct node *node)
{
	size_t n = 0, k;

	for (k = 0; k < (size_t)runs[i].shards; k++)
		n += runs[i].others[k] == node;
	for (k = i; k-- > 0 && runs[k].job == runs[i].job;)
		n += runs[k].chosen == node;
	return n;
}

static bool
better(const struct place_run *runs, size_t i, const struct node *a,
    const struct node *b)
{
	size_t x = 0, y = 0;

	if (runs[i].others != NULL) {
		x = beside(runs, i, a);
		y = beside(runs, i, b);
	}
	return x != y ? x < y : a->cpus - a->cpus_used > b->cpus - b->cpus_used;
}

void
place_runs(struct place_run *runs, size_t n, struct nodes *nodes)
{
	struct node *best;
	size_t i, k;

	qsort(runs, n, sizeof(*runs), order);
	for (i = 0; i < n; i++) {
		best = NULL;
		for (k = 0; k < nodes->n; k++)
			if (fits(&nodes->v[k], &runs[i]) &&
			    (best == NULL ||
				better(runs, i, &nodes->v[k], best)))
				best = &nodes->v[k];
		runs[i].chosen = best;
		if (best == NULL)
			continue;
		best->cpus_used += runs[i].cpus;
		best->memory_used += runs[i].memory;
	}
}
