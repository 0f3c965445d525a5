/*
 * libFuzzer: any bytes as an input to reduce: what is guessed of its format, and
 * every pass, under a test that lets some of the candidates through and takes
 * some of those back.
 *
 *	make .fuzz/reduce-fuzz && .fuzz/reduce-fuzz -max_len=600
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "reduce/ders.h"
#include "reduce/reduce.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TRIES = 400 };

static unsigned tries;

static unsigned
chance(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	unsigned h = 17 + (unsigned)n;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 16777619;
	return h >> 7;
}

static int
test(const void *p, size_t n, void *arg)
{
	(void)arg;
	return tries++ > TRIES ? -1 : chance(p, n) % 5 == 0;
}

static int
check(const struct buf *best, enum reduce_check how, void *arg)
{
	unsigned c = chance(buf_str(best), best->len) % 7;

	(void)arg;
	return how == CHECK_PERHAPS && c > 2 ? 0 : c > 0 ? 1 : -1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reduce r = {.test = test, .check = check, .plain = true};
	struct buf b = BUF_INIT;
	struct ders d = {0};

	/* Nothing for nothing changes at most how lengths are written. */
	if (ders_find(data, size, &d)) {
		ders_replace(
		    data, size, &d, d.n - 1, d.v[d.n - 1].body, 0, "", 0, &b);
		if (b.len > size)
			abort();
	}
	ders_release(&d);
	buf_reset(&b);
	buf_add(&b, data, size);
	tries = 0;
	reduce_input(&r, &b);
	if (b.len > size)
		abort();
	buf_release(&b);
	return 0;
}
