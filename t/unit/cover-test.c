/* The cover: complete, without redundant members, the optimum on small ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "corpus/cover.h"

#include "tap.h"

static uint32_t
roll(uint32_t below)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 33) % below;
}

static uint64_t
mask(const struct cover_trace *t, size_t n, uint32_t chosen)
{
	uint64_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (chosen >> i & 1)
			for (uint32_t k = 0; k < t[i].n; k++)
				m |= 1ull << (t[i].tuple[k] % 64);
	return m;
}

/* Random tables of at most 12 traces over 20 tuples, tried exhaustively. */
static void
small(void)
{
	bool complete = true, lean = true, best = true, same = true;

	for (int round = 0; round < 300; round++) {
		struct cover_opts o = {COVER_FILES, 200, 0, 0, 7};
		struct cover_trace t[12];
		uint32_t tuple[12][20], chosen = 0;
		size_t n = 1 + roll(12), least = 99, got;
		bool keep[12], again[12];

		for (size_t i = 0; i < n; i++) {
			t[i] = (struct cover_trace){
			    tuple[i], 0, 1 + roll(100), 0, false};
			for (uint32_t k = 0; k < 20; k++)
				if (roll(4) == 0)
					tuple[i][t[i].n++] = k + 64 * k;
		}
		got = cover_choose(t, n, &o, keep);
		same &= cover_choose(t, n, &o, again) == got &&
			!memcmp(keep, again, n * sizeof *keep);
		for (size_t i = 0; i < n; i++)
			chosen |= (uint32_t)keep[i] << i;
		complete &= mask(t, n, chosen) == mask(t, n, ~0u);
		for (size_t i = 0; i < n; i++)
			if (keep[i])
				lean &= mask(t, n, chosen & ~(1u << i)) !=
					mask(t, n, chosen);
		for (uint32_t c = 0; c < 1u << n; c++)
			if (mask(t, n, c) == mask(t, n, ~0u) &&
			    (size_t)__builtin_popcount(c) < least)
				least = (size_t)__builtin_popcount(c);
		best &= got == least;
	}
	tap_ok(complete, "every tuple is covered");
	tap_ok(lean, "no chosen trace is redundant");
	tap_ok(best, "as few as possible on small tables");
	tap_ok(same, "the same seed gives the same choice");
}

static void
prices(void)
{
	const uint32_t all[] = {1, 2, 3}, one[] = {1}, rest[] = {2, 3};
	const struct cover_trace t[] = {{one, 1, 10, 9, false},
	    {rest, 2, 20, 9, false}, {all, 3, 1000, 5, false}};
	struct cover_opts o = {COVER_FILES, 50, 0, 0, 1};
	bool keep[3];

	tap_ok(cover_choose(t, 3, &o, keep) == 1 && keep[2],
	    "fewest files: the one that has all");
	o.goal = COVER_BYTES;
	tap_ok(cover_choose(t, 3, &o, keep) == 2 && !keep[2],
	    "fewest bytes: the two small ones");
	o.goal = COVER_TIME;
	tap_ok(cover_choose(t, 3, &o, keep) == 1 && keep[2],
	    "least time: the fast one");
}

static void
edges(void)
{
	const uint32_t one[] = {7};
	const struct cover_trace none[] = {{.size = 5}, {.size = 6}},
				 twins[] = {{one, 1, 5, 0, false},
				     {one, 1, 5, 0, false}};
	struct cover_opts o = {COVER_FILES, 10, 0, 0, 1};
	bool keep[2];

	tap_ok(cover_choose(NULL, 0, &o, keep) == 0, "nothing to choose from");
	tap_ok(cover_choose(none, 2, &o, keep) == 0, "traces without tuples");
	tap_ok(cover_choose(twins, 2, &o, keep) == 1 && keep[0] != keep[1],
	    "of equals one");
}

static void
many(void)
{
	enum { N = 3000, PER = 200 };
	struct cover_trace *t = mem_array(N, sizeof *t);
	uint32_t *tuple = mem_array((size_t)N * PER, sizeof *tuple);
	struct cover_opts o = {COVER_FILES, 20, 0, 0, 1};
	bool *keep = mem_array(N, sizeof *keep);
	static bool have[8000], kept[8000];
	bool complete = true;
	size_t searched, begun;

	for (size_t i = 0; i < N; i++) {
		t[i] = (struct cover_trace){tuple + i * PER, PER, i, 0, false};
		for (uint32_t k = 0; k < PER; k++) {
			tuple[i * PER + k] = k * 40 + roll(40);
			have[tuple[i * PER + k]] = true;
		}
	}
	searched = cover_choose(t, N, &o, keep);
	for (size_t i = 0; i < N; i++)
		t[i].before = keep[i];
	o.rounds = 0;
	begun = cover_choose(t, N, &o, keep);
	tap_ok(begun == searched, "a choice begins with the one before");
	for (size_t i = 0; i < N; i++)
		for (uint32_t k = 0; keep[i] && k < PER; k++)
			kept[t[i].tuple[k]] = true;
	for (size_t i = 0; i < 8000; i++)
		complete &= have[i] == kept[i];
	tap_ok(complete, "3000 traces of 200 tuples are covered");
	free(t);
	free(tuple);
	free(keep);
}

int
main(void)
{
	small();
	prices();
	edges();
	many();
	return tap_end();
}
