#include "crash/cluster.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crash/similarity.h"

enum { MARKS = 2 };

struct list {
	uint32_t *v;
	uint32_t n, size;
};

struct stack {
	struct similarity_frame *v; /* NULL: others stand for it */
	uint32_t n;
	uint64_t hash;
	uint64_t marks[MARKS]; /* of the files of the top */
	bool ordered;	       /* all of the top have one */
	uint32_t link;	       /* a stack it is linked with, itself: the root */
	uint32_t next;	       /* of the linked ones, in a ring */
	uint32_t count;	       /* of them, at the root */
	uint32_t group;	       /* the closed cluster, from 1; 0: none yet */
};

/* The stacks that have a frame among their last so many: the most common ones. */
struct tail {
	struct list stacks;
	uint32_t last;
	struct tail *next;
};

/* The stacks with a key. */
struct found {
	struct list always; /* for any other stack */
	struct tail *tails;
};

struct group {
	struct list known; /* stacks */
	unsigned number;   /* 0: none yet */
	size_t asked;	   /* the stack it was last compared with */
};

struct cluster {
	struct stack *v;
	size_t n, size;
	uint32_t *equal; /* stacks by hash, plus 1; 0: free */
	size_t nequal;
	struct found *index; /* stacks by key of their first frames */
	size_t nindex;
	bool *seen;	      /* each stack, by the one that is added */
	struct group *groups; /* from 1 */
	size_t ngroups;
	unsigned numbers;
	uint8_t need[SIMILARITY_FRAMES + 1];
};

static void
add(struct list *l, uint32_t x)
{
	if (l->n == l->size) {
		l->size = l->size > 0 ? 2 * l->size : 4;
		l->v = mem_grow(l->v, l->size, sizeof(*l->v));
	}
	l->v[l->n++] = x;
}

/*
 * How many of the first CLUSTER_TOP frames must two stacks have in common, of
 * which the shorter has n, to be near?  Of the pairs that are in common each
 * has another smaller place, 1 to n.  A pair weighs at most as much as if its
 * greater place were the same; and if that is behind the first CLUSTER_TOP, as
 * if it were the very next one, which costs the small places most.
 */
static uint8_t
needed(size_t n)
{
	double limit = (1 - CLUSTER_DISTANCE) * similarity_sum(n), most = 0;
	uint8_t few = 0;

	for (size_t k = 1; k <= n; k++)
		most +=
		    similarity_weight(k, k > CLUSTER_TOP ? k : CLUSTER_TOP + 1);
	for (size_t k = 1; k <= n && k <= CLUSTER_TOP && most < limit; k++) {
		most += similarity_weight(k, k) -
			similarity_weight(k, CLUSTER_TOP + 1);
		few++;
	}
	return few;
}

struct cluster *
cluster_new(void)
{
	struct cluster *c = mem_alloc(sizeof(*c));

	for (size_t n = 0; n <= SIMILARITY_FRAMES; n++)
		c->need[n] = needed(n);
	return c;
}

static void
free_found(struct found *f)
{
	free(f->always.v);
	for (struct tail *t = f->tails, *next; t != NULL; t = next) {
		next = t->next;
		free(t->stacks.v);
		free(t);
	}
}

void
cluster_free(struct cluster *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].v);
	for (size_t i = 0; i < c->nindex; i++)
		free_found(&c->index[i]);
	for (size_t i = 0; i < c->ngroups; i++)
		free(c->groups[i].known.v);
	free(c->v);
	free(c->equal);
	free(c->index);
	free(c->seen);
	free(c->groups);
	free(c);
}

/* --- equal stacks ------------------------------------------------------- */

static uint64_t
hash(const struct similarity_frame *v, size_t n)
{
	uint64_t h = n;

	for (size_t i = 0; i < n; i++) {
		uint32_t id = v[i].file != 0	? v[i].file
			      : v[i].place != 0 ? v[i].place
						: v[i].address;
		h = (h ^ id) * 0x9e3779b97f4a7c15;
		h ^= h >> 29;
	}
	return h;
}

/* Where a stack of that hash is in the table, or would be. */
static uint32_t *
slot(const struct cluster *c, uint64_t h)
{
	size_t i = h & (c->nequal - 1);

	while (c->equal[i] != 0 && c->v[c->equal[i] - 1].hash != h)
		i = (i + 1) & (c->nequal - 1);
	return &c->equal[i];
}

/* Room for one more. */
static void
reserve(struct cluster *c)
{
	if (c->n < c->size)
		return;
	c->size = c->size > 0 ? 2 * c->size : 256;
	c->v = mem_grow(c->v, c->size, sizeof(*c->v));
	c->seen = mem_grow(c->seen, c->size, sizeof(*c->seen));
	memset(c->seen + c->n, 0, (c->size - c->n) * sizeof(*c->seen));
	free(c->equal);
	c->nequal = 2 * c->size;
	c->equal = mem_array(c->nequal, sizeof(*c->equal));
	for (size_t i = 0; i < c->n; i++)
		*slot(c, c->v[i].hash) = (uint32_t)i + 1;
}

/* --- which may be near -------------------------------------------------- */

/*
 * Keys of frames: two of each number, as it is a frame's with a file (+1) or
 * without.  A frame with a file is equal only by it to another such, and to one
 * without by its place or address.
 */
static size_t
keys(const struct similarity_frame *f, bool find, uint32_t key[4])
{
	uint32_t with = f->file != 0;
	size_t n = 0;

	if (with)
		key[n++] = 2 * f->file;
	for (uint32_t other = 0; other < 2; other++) {
		if (find ? with && other : other != with)
			continue;
		if (f->place != 0)
			key[n++] = 2 * f->place + other;
		key[n++] = 2 * f->address + other;
	}
	return n;
}

static struct found *
found_of(struct cluster *c, uint32_t key)
{
	size_t n = c->nindex;

	if (key >= n) {
		c->nindex = 2 * (size_t)key + 64;
		c->index = mem_grow(c->index, c->nindex, sizeof(*c->index));
		memset(c->index + n, 0, (c->nindex - n) * sizeof(*c->index));
	}
	return &c->index[key];
}

static struct list *
tail_of(struct found *f, uint32_t last)
{
	struct tail *t = f->tails;

	while (t != NULL && t->last != last)
		t = t->next;
	if (t == NULL) {
		t = mem_alloc(sizeof(*t));
		*t = (struct tail){.last = last, .next = f->tails};
		f->tails = t;
	}
	return &t->stacks;
}

static size_t
top(const struct stack *s)
{
	return s->n < CLUSTER_TOP ? s->n : CLUSTER_TOP;
}

/* The files of the top, what was seen last first; false: a frame has none. */
static bool
files(const struct stack *s, uint32_t file[CLUSTER_TOP])
{
	for (size_t i = 0, k; i < top(s); i++) {
		if (s->v[i].file == 0)
			return false;
		for (k = i; k > 0 && file[k - 1] < s->v[i].file; k--)
			file[k] = file[k - 1];
		file[k] = s->v[i].file;
	}
	return true;
}

/*
 * Two tops of which k frames must be equal have one of them that is not among
 * the last k - 1 of either, in whatever order, if it is the same one for both.
 * What is in most stacks, as main, was seen early, has a small number and comes
 * last: so it is not by such a frame that a stack is found, unless another needs
 * so few.  That holds for stacks whose frames are told from others by one number
 * only, that of the file.
 */
static void
enter(struct cluster *c, size_t stack)
{
	const struct stack *s = &c->v[stack];
	uint32_t key[4], file[CLUSTER_TOP], last;
	bool ordered = files(s, file);
	size_t n = top(s);

	for (size_t i = 0; ordered && i < n; i++) {
		struct found *f = found_of(c, 2 * file[i]);
		last = (uint32_t)(n - i);
		add(last < c->need[s->n] ? tail_of(f, last) : &f->always,
		    (uint32_t)stack);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = keys(&s->v[i], false, key); k-- > ordered;)
			add(&found_of(c, key[k])->always, (uint32_t)stack);
}

/* Adds what the list holds; those that others stand for leave it. */
static void
look(struct cluster *c, struct list *l, struct list *found)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->n; i++) {
		uint32_t s = l->v[i];
		if (c->v[s].v == NULL)
			continue;
		l->v[kept++] = s;
		if (!c->seen[s])
			add(found, s);
		c->seen[s] = true;
	}
	l->n = kept;
}

static void
set_marks(struct stack *s)
{
	uint32_t file[CLUSTER_TOP];

	s->ordered = files(s, file);
	for (size_t i = 0; s->ordered && i < top(s); i++) {
		unsigned bit = file[i] % (64 * MARKS);
		s->marks[bit / 64] |= (uint64_t)1 << bit % 64;
	}
}

/* At most so many frames of a are in b. */
static unsigned
most_common(const struct stack *a, const struct stack *b)
{
	unsigned n = (unsigned)top(a);

	for (size_t i = 0; i < MARKS && a->ordered && b->ordered; i++)
		n -= (unsigned)__builtin_popcountll(a->marks[i] & ~b->marks[i]);
	return n;
}

/* Have they enough in common at the top? */
static bool
may_be_near(
    const struct cluster *c, const struct stack *a, const struct stack *b)
{
	unsigned need = c->need[a->n < b->n ? a->n : b->n];

	if (most_common(a, b) < need)
		return false;
	for (size_t i = 0; i < top(a) && need > 0; i++)
		for (size_t k = 0; k < top(b); k++)
			if (similarity_equal(&a->v[i], &b->v[k])) {
				need--;
				break;
			}
	return need == 0;
}

/* Those that have enough in common with the stack at the top. */
static void
find(struct cluster *c, const struct stack *s, struct list *found)
{
	uint32_t key[4], kept = 0;
	uint32_t least = s->ordered ? c->need[s->n] : 0;

	for (size_t i = 0; i < top(s); i++)
		for (size_t k = keys(&s->v[i], true, key); k-- > 0;) {
			if (key[k] >= c->nindex)
				continue;
			look(c, &c->index[key[k]].always, found);
			for (struct tail *t = c->index[key[k]].tails; t != NULL;
			     t = t->next)
				if (t->last >= least)
					look(c, &t->stacks, found);
		}
	for (uint32_t i = 0; i < found->n; i++) {
		c->seen[found->v[i]] = false;
		if (may_be_near(c, s, &c->v[found->v[i]]))
			found->v[kept++] = found->v[i];
	}
	found->n = kept;
}

/* --- closed clusters ---------------------------------------------------- */

static double
distance(const struct stack *a, const struct stack *b)
{
	return 1 - similarity_of(a->v, a->n, b->v, b->n);
}

static void
forget(struct stack *s)
{
	free(s->v);
	s->v = NULL;
}

static void
join(struct cluster *c, size_t stack, uint32_t group)
{
	struct list *known = &c->groups[group - 1].known;

	c->v[stack].group = group;
	if (known->n < CLUSTER_KNOWN)
		add(known, (uint32_t)stack);
	else
		forget(&c->v[stack]);
}

static double
farthest(const struct cluster *c, const struct stack *s, const struct group *g)
{
	double most = 0, d;

	for (uint32_t i = 0; i < g->known.n && most < CLUSTER_DISTANCE; i++) {
		d = distance(s, &c->v[g->known.v[i]]);
		most = d > most ? d : most;
	}
	return most;
}

/* The closed cluster that is nearest, when one is near. */
static uint32_t
nearest(struct cluster *c, size_t stack, const struct list *found)
{
	double least = CLUSTER_DISTANCE, d;
	uint32_t best = 0;

	for (uint32_t i = 0; i < found->n; i++) {
		uint32_t group = c->v[found->v[i]].group;
		if (group == 0 || c->groups[group - 1].asked == stack)
			continue;
		c->groups[group - 1].asked = stack;
		d = farthest(c, &c->v[stack], &c->groups[group - 1]);
		if (d < least) {
			least = d;
			best = group;
		}
	}
	return best;
}

/* --- complete linkage --------------------------------------------------- */

struct linkage {
	size_t n;
	double *d;    /* n by n: distances of clusters, by a member each */
	size_t *best; /* the nearest to each, of those behind it */
	size_t *into; /* the cluster it went into, itself */
};

static void
find_best(struct linkage *l, size_t i)
{
	l->best[i] = i;
	for (size_t j = i + 1; j < l->n; j++)
		if (l->into[j] == j &&
		    (l->best[i] == i ||
			l->d[i * l->n + j] < l->d[i * l->n + l->best[i]]))
			l->best[i] = j;
}

/* The nearest two become one, while there are such. */
static bool
merge(struct linkage *l)
{
	double least = CLUSTER_DISTANCE, d;
	size_t a = l->n, b, n = l->n;

	for (size_t i = 0; i < n; i++)
		if (l->into[i] == i && l->best[i] != i &&
		    l->d[i * n + l->best[i]] < least) {
			least = l->d[i * n + l->best[i]];
			a = i;
		}
	if (a == n)
		return false;
	b = l->best[a];
	l->into[b] = a;
	for (size_t i = 0; i < n; i++) {
		d = l->d[b * n + i];
		if (d > l->d[a * n + i])
			l->d[a * n + i] = l->d[i * n + a] = d;
	}
	for (size_t i = 0; i < n; i++)
		if (l->into[i] == i &&
		    (i == a || l->best[i] == a || l->best[i] == b))
			find_best(l, i);
	return true;
}

static uint32_t
new_group(struct cluster *c)
{
	c->groups = mem_grow(c->groups, c->ngroups + 1, sizeof(*c->groups));
	c->groups[c->ngroups] = (struct group){.asked = SIZE_MAX};
	return (uint32_t)++c->ngroups;
}

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Works out the clusters of the stacks that are linked with the root. */
static void
close_linked(struct cluster *c, uint32_t root)
{
	size_t n = c->v[root].count;
	struct linkage l = {.n = n,
	    .d = mem_array(n * n, sizeof(*l.d)),
	    .best = mem_array(n, sizeof(*l.best)),
	    .into = mem_array(n, sizeof(*l.into))};
	uint32_t *v = mem_array(n, sizeof(*v)), *group;

	group = mem_array(n, sizeof(*group));
	for (size_t i = 0; i < n; i++, root = c->v[root].next)
		v[i] = root;
	qsort(v, n, sizeof(*v), by_number);
	for (size_t i = 0; i < n; i++) {
		l.into[i] = i;
		for (size_t j = 0; j < i; j++)
			l.d[i * n + j] = l.d[j * n + i] =
			    distance(&c->v[v[i]], &c->v[v[j]]);
	}
	for (size_t i = 0; i < n; i++)
		find_best(&l, i);
	while (merge(&l))
		;
	/* A cluster went into one whose first stack came earlier. */
	for (size_t i = 0; i < n; i++) {
		group[i] = l.into[i] == i ? new_group(c) : group[l.into[i]];
		join(c, v[i], group[i]);
	}
	free(l.d);
	free(l.best);
	free(l.into);
	free(v);
	free(group);
}

/* --- linked stacks ------------------------------------------------------ */

static uint32_t
root_of(struct cluster *c, uint32_t stack)
{
	while (c->v[stack].link != stack) {
		c->v[stack].link = c->v[c->v[stack].link].link;
		stack = c->v[stack].link;
	}
	return stack;
}

static void
unite(struct cluster *c, uint32_t a, uint32_t b)
{
	uint32_t next = c->v[a].next;

	c->v[a].next = c->v[b].next;
	c->v[b].next = next;
	c->v[b].link = a;
	c->v[a].count += c->v[b].count;
}

/* The roots of stacks that are near; how many stacks that are with it. */
static size_t
linked(struct cluster *c, uint32_t stack, const struct list *found,
    struct list *roots)
{
	size_t n = 1;

	for (uint32_t i = 0; i < found->n; i++) {
		uint32_t root = root_of(c, found->v[i]), k = 0;
		while (k < roots->n && roots->v[k] != root)
			k++;
		if (k < roots->n || c->v[root].group != 0 ||
		    distance(&c->v[stack], &c->v[found->v[i]]) >=
			CLUSTER_DISTANCE)
			continue;
		add(roots, root);
		n += c->v[root].count;
	}
	return n;
}

/* 1: so many are linked that they were closed, and it is to be tried again. */
static bool
place(struct cluster *c, uint32_t stack)
{
	struct list found = {0}, roots = {0};
	uint32_t group;
	size_t n = 0;

	find(c, &c->v[stack], &found);
	if ((group = nearest(c, stack, &found)) != 0)
		join(c, stack, group);
	else
		n = linked(c, stack, &found, &roots);
	for (uint32_t i = 0; i < roots.n; i++)
		if (n > CLUSTER_LINKED)
			close_linked(c, roots.v[i]);
		else
			unite(c, root_of(c, stack), roots.v[i]);
	free(found.v);
	free(roots.v);
	return n > CLUSTER_LINKED;
}

/* --- from outside ------------------------------------------------------- */

size_t
cluster_add(struct cluster *c, const struct similarity_frame *v, size_t n)
{
	uint64_t h = hash(v, n);
	uint32_t stack = (uint32_t)c->n, *equal;

	reserve(c);
	equal = slot(c, h);
	if (*equal != 0)
		return *equal - 1;
	c->v[c->n++] = (struct stack){.v = mem_dup(v, n * sizeof(*v)),
	    .n = (uint32_t)n,
	    .hash = h,
	    .link = stack,
	    .next = stack,
	    .count = 1};
	*equal = stack + 1;
	set_marks(&c->v[stack]);
	while (place(c, stack))
		;
	if (c->v[stack].v != NULL)
		enter(c, stack);
	return stack;
}

void
cluster_settle(struct cluster *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct stack *s = &c->v[i];
		if (s->group == 0)
			close_linked(c, root_of(c, (uint32_t)i));
		if (c->groups[s->group - 1].number == 0)
			c->groups[s->group - 1].number = ++c->numbers;
	}
}

unsigned
cluster_of(const struct cluster *c, size_t stack)
{
	return c->groups[c->v[stack].group - 1].number;
}
