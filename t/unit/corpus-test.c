/* Traces from maps, sets of them, and libFuzzer's control files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "corpus/cache.h"
#include "corpus/merge.h"
#include "corpus/trace.h"
#include "corpus/tuples.h"

#include "tap.h"

static void
maps(void)
{
	static const unsigned bound[] = {0, 1, 2, 3, 4, 8, 16, 32, 128};
	uint8_t map[256];
	uint32_t out[256], n;
	bool right = true;

	for (unsigned i = 0; i < 256; i++)
		map[i] = (uint8_t)i;
	n = trace_tuples(map, 256, false, out);
	for (unsigned i = 1; i < 256; i++) {
		unsigned class = 0;

		while (class < 7 && i >= bound[class + 2])
			class ++;
		right &= out[i - 1] == i * 8 + class;
	}
	tap_ok(n == 255 && right, "every count has the class of AFL's table");
	n = trace_tuples(map, 256, true, out);
	tap_ok(n == 255 && out[254] == 255 * 8, "edges only");
	memset(map, 0, sizeof map);
	map[100] = 1;
	tap_ok(trace_tuples(map, 101, false, out) == 1 && out[0] == 800,
	    "a map whose size is no multiple of 8");
}

static void
sets(void)
{
	struct traces t = {0};
	struct tuples s = {0};
	uint32_t a[] = {1, 2, 3}, b[] = {1, 2}, n[1];
	bool fresh, right = true;

	right &= trace_add(&t, a, 3, 9, &fresh) == 0 && fresh;
	right &= trace_add(&t, b, 2, 8, &fresh) == 1 && fresh;
	right &= trace_add(&t, a, 3, 7, &fresh) == 0 && !fresh;
	right &= trace_add(&t, a, 0, 1, &fresh) == 2 && fresh;
	tap_ok(right && t.n == 3 && t.v[0].input == 7,
	    "the same trace is one, of its first input");
	for (uint32_t i = 0; i < 5000; i++) {
		*n = i;
		trace_add(&t, n, 1, i, NULL);
		right &= trace_add(&t, n, 1, i, NULL) == i + 3;
	}
	tap_ok(right && t.n == 5003, "many");
	tuples_add_all(&s, &t);
	tap_ok(s.n == 5000 && tuples_has(&s, 0) && tuples_has(&s, 4999) &&
		   !tuples_has(&s, 5000),
	    "a set of tuples");
	trace_release(&t);
	tuples_release(&s);
}

static void
packed(void)
{
	static const uint32_t tuple[] = {
	    0, 1, 128, 129, 70000, 1u << 31, UINT32_MAX - 1};
	enum { N = sizeof tuple / sizeof *tuple };
	uint8_t p[N * TRACE_PACKED];
	uint32_t out[N], len = trace_pack(tuple, N, p);
	bool right = true;

	tap_ok(trace_unpack(p, len, out, N) && !memcmp(out, tuple, sizeof out),
	    "packed and unpacked");
	for (uint32_t n = 0; n < len; n++)
		right &= !trace_unpack(p, n, out, N);
	tap_ok(right && !trace_unpack(p, len, out, N - 1),
	    "too little and too much is refused");
}

/* What a cache's file gives. */
struct given {
	unsigned traces, entries;
};

static void
count_trace(const struct trace *t, void *arg)
{
	uint32_t out[8];

	((struct given *)arg)->traces +=
	    t->n <= 8 && trace_unpack(t->packed, t->len, out, t->n);
}

static void
count_entry(const struct cache_entry *e, void *arg)
{
	struct given *g = arg;

	g->entries += e->state != INPUT_TRACED || e->trace < g->traces;
}

/* A block of one trace and two entries, as cache.c writes it. */
static size_t
block(uint8_t *p)
{
	struct {
		char magic[8];
		uint64_t len, check;
		uint32_t base, traces, entries, unused;
	} h = {"lagotrc", 0, 0, 0, 1, 2, 0};
	struct cache_entry e[2] = {
	    {.state = INPUT_TRACED}, {.state = INPUT_CRASHED}};
	uint32_t len = 2, n = 2;

	h.magic[7] = '1';
	h.len = 16 + sizeof e;
	memset(p, 0, sizeof h + h.len);
	memcpy(p + sizeof h, &len, 4);
	memcpy(p + sizeof h + 4, &n, 4);
	p[sizeof h + 8] = 3;
	p[sizeof h + 9] = 4;
	memcpy(p + sizeof h + 16, e, sizeof e);
	h.check = trace_hash(p + sizeof h, (uint32_t)h.len);
	memcpy(p, &h, sizeof h);
	return sizeof h + h.len;
}

static void
caches(void)
{
	uint8_t p[1024];
	struct given g = {0};
	struct cache_take take = {count_trace, count_entry, &g};
	size_t n = block(p), all = n + block(p + n);
	bool right = true;

	tap_ok(cache_parse(p, all, &take) == all && g.traces == 2 &&
		   g.entries == 4,
	    "the blocks of a cache");
	for (size_t cut = 0; cut < all; cut++)
		right &= cache_parse(p, cut, NULL) == (cut < n ? 0 : n);
	tap_ok(right, "a torn block is none");
	for (size_t at = 0; at < n; at++) {
		if (at >= 36 && at < 40)
			continue; /* not used */
		p[at] ^= 0x40;
		right &= cache_parse(p, all, &take) <= all;
		right &=
		    at < 24 || at >= 36 ? cache_parse(p, all, NULL) == 0 : true;
		p[at] ^= 0x40;
	}
	tap_ok(right, "a changed one is none");
}

static int
line(const char *text, bool edges, enum merge_what *what, uint32_t *out,
    uint32_t *n)
{
	uint32_t file;

	return merge_line(text, strlen(text), edges, what, &file, out, n)
		   ? -1
		   : (int)file;
}

static void
lines(void)
{
	static const char *const bad[] = {"", "FT", "FT ", "FT x", "FT 1 x",
	    "FT 1 2x", "FT 99999999999", "FT 1 99999999999", "DONE 1 2",
	    "STARTED", "/a/path", "FT  1", "FT -1"};
	enum merge_what what;
	uint32_t out[64], n;
	bool right = true;

	tap_ok(line("FT 3 17 9 9 8", false, &what, out, &n) == 3 &&
		   what == MERGE_FEATURES && n == 3 && out[0] == 8 &&
		   out[1] == 9 && out[2] == 17,
	    "features in order, each once");
	tap_ok(line("FT 3 17 9 9 8", true, &what, out, &n) == 3 && n == 2 &&
		   out[0] == 8 && out[1] == 16,
	    "their edges");
	tap_ok(line("FT 0", false, &what, out, &n) == 0 && n == 0, "none");
	tap_ok(line("STARTED 12 100", false, &what, out, &n) == 12 &&
		   what == MERGE_STARTED,
	    "a start");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (line(bad[i], false, &what, out, &n) != -1) {
			printf("# taken: '%s'\n", bad[i]);
			right = false;
		}
	tap_ok(right, "what is no such line is refused");
}

int
main(void)
{
	maps();
	sets();
	packed();
	caches();
	lines();
	return tap_end();
}
