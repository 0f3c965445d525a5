/*
 * libFuzzer: any text as a crash record, shown in every format.
 *
 *	make .fuzz/report.zip && lago-run -t 30m -o DIR .fuzz/report.zip
 *
 * The tables of share/rules lie beside the program as rules/.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/out.h"
#include "report/facts.h"
#include "report/format.h"

#define CHECK(is) ((is) ? (void)0 : fail(__LINE__, #is))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void
fail(int line, const char *what)
{
	fprintf(stderr, "report-fuzz.c:%d: not so: %s\n", line, what);
	abort();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	(void)argc;
	(void)argv;
	CHECK(n > 0);
	path[n] = '\0';
	*strrchr(path, '/') = '\0';
	CHECK(setenv("LAGO_SHARE", path, 1) == 0);
	return 0;
}

/* A terminal shows it, and nothing else. */
static void
check_plain(const struct buf *b)
{
	const unsigned char *p = (const unsigned char *)buf_str(b);
	size_t i;

	CHECK(out_is_utf8(buf_str(b), b->len));
	for (i = 0; i < b->len; i++) {
		CHECK(p[i] >= ' ' || p[i] == '\n' || p[i] == '\t');
		CHECK(p[i] != 0x7f);
		CHECK(p[i] != 0xc2 || p[i + 1] >= 0xa0);
	}
}

static void
show(const char *name, bool list, const struct facts *x, bool json)
{
	struct buf b = BUF_INIT;
	struct fail f;
	struct format *fm = format_open(name, list, &f);

	CHECK(fm != NULL);
	format_add(fm, x, &b);
	format_end(fm, &b);
	check_plain(&b);
	CHECK(!json || json_valid(buf_str(&b), b.len));
	CHECK(b.len < 40 << 20);
	format_free(fm);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct facts x;
	struct fail f;

	if (facts_read(&x, (const char *)data, size, &f) == 0) {
		show("text", false, &x, false);
		show("text", true, &x, false);
		show("md", false, &x, false);
		show("md", true, &x, false);
		show("sarif", false, &x, true);
		show("casrep", false, &x, true);
	}
	facts_release(&x);
	return 0;
}
