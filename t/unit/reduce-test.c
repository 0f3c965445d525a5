/* The reducer against tests that need no target. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "reduce/chains.h"
#include "reduce/ders.h"
#include "reduce/fields.h"
#include "reduce/reduce.h"
#include "reduce/zips.h"

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

static size_t
number(const unsigned char *b, unsigned width, bool big)
{
	size_t v = 0;

	for (unsigned i = 0; i < width; i++)
		v = v << 8 | b[big ? i : width - 1 - i];
	return v;
}

static void
number_add(struct buf *b, unsigned width, bool big, size_t v)
{
	for (unsigned i = 0; i < width; i++) {
		unsigned digit = big ? width - 1 - i : i;

		buf_addc(b, digit < 8 ? (char)(v >> 8 * digit) : 0);
	}
}

/* A magic of 8 bytes; records: length of the data, type, data, CRC of type and
 * data, all of it right.  One holds "XY". */
static int
sealed(const void *p, size_t n, void *arg)
{
	const unsigned char *b = p;
	bool found = false;
	size_t at = 8, len;

	(void)arg;
	if (++count > most)
		return -1;
	if (n < 8 || memcmp(b, "SEALED!\n", 8) != 0)
		return 0;
	for (; at < n; at += len + 12) {
		if (n - at < 12)
			return 0;
		len = number(b + at, 4, true);
		if (len > n - at - 12 ||
		    !fields_sealed(b + at, len + 8, 4, len + 8, SUM_CRC32_BE))
			return 0;
		found |= len >= 2 && memmem(b + at + 8, len, "XY", 2);
	}
	return found;
}

static void
fill_sealed(struct buf *b)
{
	buf_adds(b, "SEALED!\n");
	for (unsigned i = 0; i < 20; i++) {
		size_t at = b->len;

		number_add(b, 4, true, 100 + i);
		buf_adds(b, "TYPE");
		for (unsigned k = 0; k < 100 + i; k++)
			buf_addc(b, i == 12 && k == 50	 ? 'X'
				    : i == 12 && k == 51 ? 'Y'
							 : (char)(k * i));
		number_add(b, 4, true, 0);
		fields_seal(b->p, b->len - 4, at + 4, b->len - 4, SUM_CRC32_BE);
	}
}

static uint16_t
internet(const unsigned char *b, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += number(b + i, 2, true);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

/* A file of one packet: its length twice, the IP header's, its sum, and UDP's
 * length are right.  It holds "XY". */
static int
packet(const void *p, size_t n, void *arg)
{
	const unsigned char *b = p;

	(void)arg;
	if (++count > most)
		return -1;
	return n >= 68 && number(b, 4, false) == 0xa1b2c3d4 &&
	       number(b + 20, 4, false) == 101 &&
	       number(b + 32, 4, false) == n - 40 &&
	       number(b + 36, 4, false) == n - 40 && b[40] == 0x45 &&
	       number(b + 42, 2, true) == n - 40 &&
	       internet(b + 40, 20) == 0xffff && b[49] == 17 &&
	       number(b + 64, 2, true) == n - 60 &&
	       memmem(b + 68, n - 68, "XY", 2);
}

static void
fill_packet(struct buf *b)
{
	size_t sum;

	number_add(b, 4, false, 0xa1b2c3d4);
	number_add(b, 16, false, 0x00040002);
	number_add(b, 4, false, 101);
	number_add(b, 8, false, 0);
	number_add(b, 4, false, 428);
	number_add(b, 4, false, 428);
	number_add(b, 2, true, 0x4500);
	number_add(b, 2, true, 428);
	number_add(b, 4, true, 0x12345678);
	number_add(b, 2, true, 0x4011);
	number_add(b, 2, true, 0);
	number_add(b, 8, true, 0x0102030405060708);
	sum = (uint16_t)~internet((unsigned char *)b->p + 40, 20);
	b->p[50] = (char)(sum >> 8);
	b->p[51] = (char)sum;
	number_add(b, 4, true, 0x12341234);
	number_add(b, 2, true, 408);
	number_add(b, 2, true, 0xabcd);
	for (unsigned k = 0; k < 400; k++)
		buf_addc(b, k == 300 ? 'X' : k == 301 ? 'Y' : (char)(k * 7));
}

/* An archive whose two parts agree, names too, one of them "XY". */
static int
archive(const void *p, size_t n, void *arg)
{
	const unsigned char *b = p;
	struct zips z = {0};
	bool ok, found = false;

	(void)arg;
	if (++count > most)
		return -1;
	ok = zips_find(p, n, &z) && number(b + z.end + 10, 2, false) == z.n;
	for (size_t i = 0; ok && i < z.n; i++) {
		const struct zips_entry *e = &z.v[i];
		size_t size = number(b + e->central + 20, 4, false),
		       from = e->at[0] + e->name;

		ok = e->name > 0 &&
		     !memcmp(b + e->at[0], b + e->at[1], e->name) &&
		     number(b + e->local + 18, 4, false) == size &&
		     from + size == e->local_end &&
		     fields_sealed(
			 b, e->local + 14, from, from + size, SUM_CRC32) &&
		     fields_sealed(
			 b, e->central + 16, from, from + size, SUM_CRC32);
		found |= ok && size > 1 && memmem(b + from, size, "XY", 2);
	}
	zips_release(&z);
	return ok && found;
}

static void
fill_archive(struct buf *b)
{
	size_t where[9], from;

	for (unsigned i = 0; i < 9; i++) {
		where[i] = b->len;
		buf_add(b, "PK\3\4\24\0\0\0\0\0\0\0\0\0\0\0\0\0", 18);
		number_add(b, 4, false, 90 + i);
		number_add(b, 4, false, 90 + i);
		number_add(b, 4, false, 9);
		buf_addf(b, "a/file-%u.", i);
		for (unsigned k = 0; k < 90 + i; k++)
			buf_addc(b, "XYab"[(k == i + 1) + 2 * (i != 5)]);
		fields_seal(
		    b->p, where[i] + 14, where[i] + 39, b->len, SUM_CRC32);
	}
	from = b->len;
	for (unsigned i = 0; i < 9; i++) {
		buf_add(b, "PK\1\2\24\0\24\0\0\0\0\0\0\0\0\0", 16);
		buf_add(b, b->p + where[i] + 14, 16);
		number_add(b, 8, false, 0);
		number_add(b, 2, false, 0);
		number_add(b, 4, false, where[i]);
		buf_addf(b, "a/file-%u.", i);
	}
	buf_add(b, "PK\5\6\0\0\0\0\11\0\11\0", 12);
	number_add(b, 4, false, b->len - 12 - from);
	number_add(b, 4, false, from);
	number_add(b, 2, false, 0);
}

/* Values in values, each length in its shortest form; one is "XY" or more. */
static int
nested(const void *p, size_t n, void *arg)
{
	const char *b = p;
	struct ders d = {0};
	struct buf same = {0};
	bool ok, found = false;

	(void)arg;
	if (++count > most)
		return -1;
	ok = n && ders_find(p, n, &d);
	for (size_t i = 0; ok && i < d.n; i++) {
		const struct ders_value *v = &d.v[i];

		ders_replace(p, n, &d, i, v->body, 0, "", 0, &same);
		ok = same.len == n && !memcmp(same.p, p, n);
		found |= !v->holds && v->end - v->body > 1 &&
			 !memcmp(b + v->body, "XY", 2);
	}
	ders_release(&d);
	buf_release(&same);
	return ok && found;
}

static void
value_add(struct buf *b, int tag, const char *p, size_t n)
{
	buf_addc(b, (char)tag);
	if (n > 127)
		buf_addc(b, (char)(n > 255 ? 0x82 : 0x81));
	if (n > 255)
		buf_addc(b, (char)(n >> 8));
	buf_addc(b, (char)n);
	buf_add(b, p, n);
}

static void
fill_nested(struct buf *b)
{
	struct buf all = {0}, one = {0}, text = {0};

	for (int i = 0; i < 40; i++) {
		buf_reset(&one);
		buf_reset(&text);
		buf_adds(&text, i == 31 ? "XY" : "abc");
		for (int k = 0; k < 20 * i; k++)
			buf_addc(&text, (char)('a' + k % 20));
		value_add(&one, 2, "1", 1);
		value_add(&one, 12, text.p, text.len);
		value_add(&all, 0x30, one.p, one.len);
	}
	value_add(b, 0x30, all.p, all.len);
	buf_release(&all);
	buf_release(&one);
	buf_release(&text);
}

/* "RSTU" is ours, without "U" it is another bug that looks the same. */
static int
is_alike(const void *p, size_t n, void *arg)
{
	(void)arg;
	return n && memmem(p, n, "RST", 3) != NULL;
}

static int
is_same(const struct buf *b, enum reduce_check how, void *arg)
{
	unsigned *asked = arg;

	if (how == CHECK_PERHAPS && b->len > 3)
		return 0;
	*asked += 1;
	return b->len && memmem(b->p, b->len, "RSTU", 4) ? 1 : -1;
}

static void
doubtful(void)
{
	unsigned asked = 0;
	struct reduce r = {.test = is_alike, .check = is_same, .arg = &asked};
	struct buf b = {0};

	for (unsigned i = 0; i < 300; i++)
		buf_addf(&b, i == 200 ? "RSTU" : "%u\n", i);
	tap_ok(reduce_input(&r, &b) == 0 && b.len == 4 &&
		   !memcmp(b.p, "RSTU", 4) && asked < 40,
	    "what only looks the same is taken back, and no more");
	printf("# %u asked\n", asked);
	buf_release(&b);
}

static void
consistent(void)
{
	struct reduce r = {.test = sealed};
	struct buf b = {0};

	most = 100000;
	count = 0;
	fill_sealed(&b);
	tap_ok(sealed(b.p, b.len, NULL) == 1 && !reduce_input(&r, &b) &&
		   b.len <= 26,
	    "records with check sums stay right");
	printf("# %zu bytes, %u tries\n", b.len, count);
	buf_reset(&b);
	count = 0;
	r.test = packet;
	fill_packet(&b);
	tap_ok(packet(b.p, b.len, NULL) == 1 && !reduce_input(&r, &b) &&
		   b.len == 70,
	    "lengths inside lengths, and a header's sum, follow");
	printf("# %zu bytes, %u tries\n", b.len, count);
	buf_reset(&b);
	count = 0;
	r.test = archive;
	fill_archive(&b);
	tap_ok(archive(b.p, b.len, NULL) == 1 && !reduce_input(&r, &b) &&
		   b.len == 30 + 46 + 22 + 2 + 2,
	    "both parts of an archive follow");
	printf("# %zu bytes, %u tries\n", b.len, count);
	buf_reset(&b);
	count = 0;
	r.test = nested;
	fill_nested(&b);
	tap_ok(nested(b.p, b.len, NULL) == 1 && !reduce_input(&r, &b) &&
		   b.len < 14,
	    "lengths that get shorter make those around them shorter");
	printf("# %zu bytes, %u tries\n", b.len, count);
	buf_release(&b);
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
	struct reduce r = {.test = text};
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
	struct chain c;
	struct buf b = {0};
	size_t n = 1 << 20, *at = NULL;
	char *zero = calloc(1, n);

	fill_records(&b);
	tap_ok(chains_find(b.p, 0, b.len, 4, 3, &c) && c.start == 4 &&
		   c.extra == 5 && c.field == 1 && c.width == 4 &&
		   c.form == FIELD_BE && c.records == 300 &&
		   chains_records(b.p, b.len, &c, &at) == 300 &&
		   at[300] == b.len,
	    "the chain is found");
	printf("# start %zu extra %u field %u width %u records %zu\n", c.start,
	    c.extra, c.field, c.width, c.records);
	buf_reset(&b);
	fill_text(&b);
	tap_ok(!chains_find(b.p, 0, b.len, 4, 3, &c), "text has none");
	tap_ok(!chains_find(zero, 0, n, 4, 3, &c), "zeroes have none");
	tap_ok(!chains_find("", 0, 0, 4, 3, &c), "nothing has none");
	free(zero);
	free(at);
	buf_release(&b);
}

int
main(void)
{
	reductions();
	consistent();
	doubtful();
	chains();
	return tap_end();
}
