/*
 * similarity-test: TAP of stacks that are compared and put together.
 * similarity-test stream|plain STACKS KINDS: puts that many made-up stacks
 * together, KINDS of them different, as lago-triage -s does, or all with all;
 * prints the seconds of CPU, the number of clusters and the KiB of memory.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/mem.h"
#include "crash/cluster.h"
#include "crash/similarity.h"
#include "tap.h"

enum { LENGTH = 24 };

struct stack {
	struct similarity_frame v[LENGTH];
	size_t n;
};

static uint64_t seed;

static uint32_t
draw(uint32_t n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(seed >> 33) % n;
}

static struct similarity_frame
frame(uint32_t id)
{
	return (struct similarity_frame){
	    .file = id, .place = id + 10000, .address = id + 20000};
}

/* Variants of some bugs: frames changed, left out, put in, cut off.  What is
 * outside of the bug, at the end, is the same for all. */
static struct stack
make(uint32_t bug, uint32_t variant, uint32_t changes)
{
	struct stack s = {.n = 0};
	uint32_t n;

	seed = bug * 977 + 1;
	n = 3 + draw(LENGTH - 8);
	for (uint32_t i = 0; i < n; i++)
		s.v[s.n++] = frame(100 + draw(3000));
	for (uint32_t i = 0; i < 3; i++)
		s.v[s.n++] = frame(10 + i);
	seed = (uint64_t)bug << 32 | variant;
	draw(1);
	for (uint32_t i = variant == 0 ? 0 : draw(changes + 1); i > 0; i--) {
		uint32_t at = draw((uint32_t)s.n);
		if (draw(3) == 0 && s.n > 2) {
			s.n--;
			memmove(s.v + at, s.v + at + 1,
			    (s.n - at) * sizeof(s.v[0]));
		} else if (draw(2) == 0 && s.n < LENGTH) {
			memmove(s.v + at + 1, s.v + at,
			    (s.n - at) * sizeof(s.v[0]));
			s.v[at] = frame(4000 + draw(50));
			s.n++;
		} else
			s.v[at] = frame(4000 + draw(1000));
	}
	return s;
}

/* --- all with all ------------------------------------------------------- */

/* Complete linkage as it is told: of all pairs of clusters the nearest, by
 * their farthest members, until none is near. */
static void
plain(const struct stack *v, size_t n, uint32_t *group)
{
	double *d = mem_array(n * n, sizeof(*d));

	for (size_t i = 0; i < n; i++) {
		group[i] = (uint32_t)i;
		for (size_t j = 0; j < i; j++)
			d[i * n + j] = d[j * n + i] =
			    1 - similarity_of(v[i].v, v[i].n, v[j].v, v[j].n);
	}
	for (;;) {
		double least = CLUSTER_DISTANCE;
		size_t a = n, b = n;
		for (size_t i = 0; i < n; i++)
			for (size_t j = i + 1; group[i] == i && j < n; j++)
				if (group[j] == j && d[i * n + j] < least) {
					least = d[i * n + j];
					a = i;
					b = j;
				}
		if (a == n)
			break;
		for (size_t i = 0; i < n; i++) {
			if (d[b * n + i] > d[a * n + i])
				d[a * n + i] = d[i * n + a] = d[b * n + i];
			if (group[i] == b)
				group[i] = (uint32_t)a;
		}
	}
	free(d);
}

/* As of a part of the program that has no debug information: no file, or not
 * even a place. */
static void
forget_files(struct stack *s, size_t which)
{
	for (size_t i = which % 3; i < s->n; i += 1 + which % 5) {
		s->v[i].file = 0;
		if (i % 2 == 0)
			s->v[i].place = 0;
	}
}

/* Of every so many stacks the files are not known; 0: of none. */
static bool
same_as_plain(
    uint32_t bugs, uint32_t variants, uint32_t changes, size_t unknown)
{
	size_t n = (size_t)bugs * variants;
	struct stack *v = mem_array(n, sizeof(*v));
	uint32_t *group = mem_array(n, sizeof(*group));
	size_t *number = mem_array(n, sizeof(*number));
	struct cluster *c = cluster_new();
	bool same = true;

	for (size_t i = 0; i < n; i++) {
		v[i] =
		    make((uint32_t)(i % bugs), (uint32_t)(i / bugs), changes);
		if (unknown > 0 && i % unknown == 0)
			forget_files(&v[i], i);
	}
	plain(v, n, group);
	for (size_t i = 0; i < n; i++)
		number[i] = cluster_add(c, v[i].v, v[i].n);
	cluster_settle(c);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			same &= (group[i] == group[j]) ==
				(cluster_of(c, number[i]) ==
				    cluster_of(c, number[j]));
	cluster_free(c);
	free(v);
	free(group);
	free(number);
	return same;
}

/* --- the tests ---------------------------------------------------------- */

static bool
about(double is, double want)
{
	return is - want < 1e-4 && want - is < 1e-4;
}

static void
test_measure(void)
{
	struct similarity_frame a[] = {
	    {1, 0, 9}, {2, 0, 9}, {3, 0, 9}, {4, 0, 9}, {5, 0, 9}};
	struct similarity_frame b[] = {
	    {6, 0, 9}, {7, 0, 9}, {8, 0, 9}, {3, 0, 9}, {4, 0, 9}};
	struct similarity_frame c[] = {{0, 0, 9}, {0, 3, 9}, {0, 3, 8}};

	tap_ok(about(similarity_of(a, 5, a, 5), 1) &&
		   about(similarity_of(a, 5, a, 2), 1),
	    "a stack and its top are the same");
	/* exp(-0.25) + exp(-0.29) of the weights of 4 */
	tap_ok(about(similarity_of(a, 4, b, 5), 0.4215) &&
		   about(similarity_of(b, 5, a, 4), 0.4215),
	    "what is elsewhere weighs less, both ways alike");
	tap_ok(similarity_of(a, 5, b, 2) == 0, "nothing in common is 0");
	tap_ok(!similarity_equal(&a[0], &a[1]) &&
		   similarity_equal(&a[0], &c[0]) &&
		   similarity_equal(&c[1], &c[2]) &&
		   !similarity_equal(&a[0], &c[2]),
	    "by file, else by place, else by address");
}

static void
test_plain(void)
{
	bool same = true;

	for (uint32_t bugs = 1; bugs < 40; bugs += 6)
		for (uint32_t changes = 1; changes < 12; changes += 2)
			for (size_t unknown = 0; unknown < 4; unknown += 2)
				same &= same_as_plain(
				    bugs, 200 / bugs, changes, unknown);
	tap_ok(same, "the clusters are those of all compared with all");
}

static void
test_flood(void)
{
	struct cluster *c = cluster_new();
	struct stack s;
	size_t first = 0, far, n, joined = 0;

	for (uint32_t i = 0; i < 5000; i++) {
		s = make(7, i, 1);
		n = cluster_add(c, s.v, s.n);
		first = i == 0 ? n : first;
	}
	s = make(8, 0, 0);
	far = cluster_add(c, s.v, s.n);
	cluster_settle(c);
	for (size_t i = 0; i < far; i++)
		joined += cluster_of(c, i) == cluster_of(c, first);
	tap_ok(cluster_of(c, first) == 1 && cluster_of(c, far) != 1 &&
		   joined > far / 2,
	    "a flood is closed, and what comes later joins");
	s = make(7, 0, 0);
	tap_ok(cluster_add(c, s.v, s.n) == first && cluster_of(c, first) == 1,
	    "equal stacks are one, behind the end too");
	cluster_free(c);
}

static int
stream(bool all, uint32_t stacks, uint32_t kinds)
{
	struct stack *v = mem_array(kinds, sizeof(*v)), s;
	uint32_t *group = mem_array(kinds, sizeof(*group)), n = 0;
	size_t *number = mem_array(kinds, sizeof(*number));
	struct cluster *c = cluster_new();
	struct timespec from, to;
	struct rusage usage;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (uint32_t i = 0; i < kinds; i++)
		v[i] = make(i % (kinds / 10 + 1), i, 6);
	if (all)
		plain(v, kinds, group);
	for (uint32_t i = 0; !all && i < stacks; i++) {
		s = v[i % kinds];
		number[i % kinds] = cluster_add(c, s.v, s.n);
	}
	if (!all)
		cluster_settle(c);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	for (uint32_t i = 0; i < kinds; i++)
		n = all				   ? n + (group[i] == i)
		    : cluster_of(c, number[i]) > n ? cluster_of(c, number[i])
						   : n;
	getrusage(RUSAGE_SELF, &usage);
	printf("%.3f %u %ld\n",
	    (double)(to.tv_sec - from.tv_sec) +
		(double)(to.tv_nsec - from.tv_nsec) / 1e9,
	    n, usage.ru_maxrss);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 4)
		return stream(strcmp(argv[1], "plain") == 0,
		    (uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]));
	test_measure();
	test_plain();
	test_flood();
	return tap_end();
}
