/* The reducer against tests that need no target. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "corpus/reduce.h"

#include "tap.h"

static unsigned count, most;

/* Holds "BUG", and 16 bytes somewhere behind an "=". */
static int
text(const void *p, size_t n, void *arg)
{
	const char *eq = n ? memchr(p, '=', n) : NULL;

	(void)arg;
	if (++count > most)
		return -1;
	return n && memmem(p, n, "BUG", 3) && eq &&
	       (const char *)p + n - eq > 16;
}

/* A magic of 4 bytes, records: type, length (big endian, 4 bytes), payload;
 * nothing behind them. One record holds "XY". */
static int
records(const void *p, size_t n, void *arg)
{
	const unsigned char *b = p;
	size_t at = 4, len;
	bool found = false;

	(void)arg;
	if (++count > most)
		return -1;
	if (n < 4 || memcmp(b, "MAGI", 4) != 0)
		return 0;
	while (at < n) {
		if (n - at < 5)
			return 0;
		len = (size_t)b[at + 1] << 24 | (size_t)b[at + 2] << 16 |
		      (size_t)b[at + 3] << 8 | b[at + 4];
		at += 5;
		if (len > n - at)
			return 0;
		found |= len >= 2 && memmem(b + at, len, "XY", 2);
		at += len;
	}
	return found;
}

static void
fill_text(struct buf *b)
{
	for (int i = 0; i < 2000; i++)
		buf_addf(b,
		    i == 700	? "<a BUG>"
		    : i == 1300 ? "key="
				: "%d ",
		    i);
}

static void
fill_records(struct buf *b)
{
	buf_adds(b, "MAGI");
	for (unsigned i = 0; i < 300; i++) {
		unsigned len = 1 + i * 7 % 500;
		unsigned char head[5] = {(unsigned char)(i % 5), 0, 0,
		    (unsigned char)(len >> 8), (unsigned char)len};

		buf_add(b, head, sizeof head);
		for (unsigned k = 0; k < len; k++)
			buf_addc(b, i == 222 && k == 100   ? 'X'
				    : i == 222 && k == 101 ? 'Y'
							   : (char)(k * i));
	}
}

static void
reductions(void)
{
	struct reduce r = {text, NULL};
	struct buf b = {0};

	most = 100000;
	fill_text(&b);
	tap_ok(
	    !reduce_input(&r, &b) && b.len <= 20 && text(b.p, b.len, NULL) == 1,
	    "text to what the test needs");
	printf("# %zu bytes, %u tries\n", b.len, count);
	buf_reset(&b);
	fill_records(&b);
	count = 0;
	r.test = records;
	tap_ok(!reduce_input(&r, &b) && b.len == 11 &&
		   !memcmp(b.p + 4 + 1, "\0\0\0\2XY", 6) && count < 3000,
	    "records with lengths to one with what the test needs");
	printf("# %zu bytes, %u tries\n", b.len, count);
	buf_reset(&b);
	fill_records(&b);
	count = 0;
	most = 50;
	tap_ok(reduce_input(&r, &b) == -1 && b.len < 80000 && count == 51,
	    "stopped: the best so far");
	most = 100000;
	tap_ok(records(b.p, b.len, NULL) == 1, "which is still good");
	buf_reset(&b);
	r.test = text;
	tap_ok(reduce_input(&r, &b) == 0 && b.len == 0, "an empty one");
	buf_release(&b);
}

static void
chains(void)
{
	struct reduce_chain c;
	struct buf b = {0};
	size_t n = 1 << 20;
	char *zero = calloc(1, n);

	fill_records(&b);
	tap_ok(reduce_find_chain(b.p, b.len, &c) && c.start == 4 &&
		   c.header == 5 && c.field == 1 && c.width == 4 && c.big &&
		   c.records == 300,
	    "the chain is found");
	printf("# start %zu header %u field %u width %u records %zu\n", c.start,
	    c.header, c.field, c.width, c.records);
	buf_reset(&b);
	fill_text(&b);
	tap_ok(!reduce_find_chain(b.p, b.len, &c), "text has none");
	tap_ok(!reduce_find_chain(zero, n, &c), "zeroes have none");
	tap_ok(!reduce_find_chain("", 0, &c), "nothing has none");
	free(zero);
	buf_release(&b);
}

int
main(void)
{
	reductions();
	chains();
	return tap_end();
}
