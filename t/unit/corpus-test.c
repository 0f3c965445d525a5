/* Traces from maps, sets of them, and libFuzzer's control files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
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
	lines();
	return tap_end();
}
