/*
 * Hostile forms of the logs that are named as arguments: cut anywhere, lines in
 * the wrong order, mixed with noise and with each other.  Each must give a
 * record that holds together: the checks are those of the fuzz target.
 *
 *	golden-test RULES LOG...
 */
#include "../fuzz/verdict-fuzz.c"

#include "base/buf.h"
#include "base/file.h"
#include "tap.h"

struct text {
	char *p;
	size_t n;
};

static const char NOISE[] = "\0\377\200 ==\n\033[31m#\n";

/* As the fuzzer gives it, with the first policy, or the one with a target. */
static void
look(const char *p, size_t n, uint8_t policy)
{
	uint8_t *data = mem_alloc(n + 2);

	data[0] = policy;
	memcpy(data + 2, p, n);
	LLVMFuzzerTestOneInput(data, n + 2);
	free(data);
}

static void
load(struct text *t, const char *path)
{
	struct buf b = BUF_INIT;
	char chunk[8192];
	FILE *fp = fopen(path, "rb");
	size_t n;

	CHECK(fp != NULL);
	while ((n = fread(chunk, 1, sizeof(chunk), fp)) > 0)
		buf_add(&b, chunk, n);
	fclose(fp);
	t->p = mem_dup(buf_str(&b), b.len);
	t->n = b.len;
	buf_release(&b);
}

static size_t
line_end(const struct text *t, size_t at)
{
	const char *nl = memchr(t->p + at, '\n', t->n - at);

	return nl != NULL ? (size_t)(nl - t->p) + 1 : t->n;
}

/* Behind a line or somewhere in it, of every third line; which ones differs
 * from log to log. */
static void
cut(const struct text *t, size_t line)
{
	size_t end;

	for (size_t at = 0; at < t->n; at = end) {
		end = line_end(t, at);
		if (line++ % 3 == 0)
			look(t->p, end - (end - at) * (at % 7) / 7,
			    at % POLICIES);
	}
}

static void
backwards(const struct text *t)
{
	struct buf b = BUF_INIT;

	for (size_t end = t->n; end > 0;) {
		size_t at = end - 1;
		while (at > 0 && t->p[at - 1] != '\n')
			at--;
		buf_add(&b, t->p + at, end - at);
		end = at;
	}
	look(b.p, b.len, 0);
	buf_release(&b);
}

/* A line of each in turn: two processes that share a terminal. */
static void
mixed(const struct text *a, const struct text *b)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0, k = 0; i < a->n || k < b->n;) {
		size_t end = line_end(a, i);
		buf_add(&out, a->p + i, end - i);
		i = end;
		end = line_end(b, k);
		buf_add(&out, b->p + k, end - k);
		k = end;
	}
	look(out.p, out.len, 2);
	buf_release(&out);
}

static void
each(struct text *texts, size_t n)
{
	const struct text noise = {(char *)NOISE, sizeof(NOISE)};

	for (size_t i = 0; i < n; i++)
		cut(&texts[i], i);
	tap_ok(true, "cut anywhere");
	for (size_t i = 0; i < n; i++)
		backwards(&texts[i]);
	tap_ok(true, "lines in the wrong order");
	for (size_t i = 0; i < n; i++)
		mixed(&texts[i], &texts[(i * 7 + 1) % n]);
	tap_ok(true, "two processes in one log");
	for (size_t i = 0; i < n; i++) {
		struct text loud = noise;
		mixed(&texts[i], &loud);
	}
	tap_ok(true, "with NULs and bytes that are no text");
}

/* A frame whose name has n template brackets within each other. */
static void
nested(size_t n)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, "==1==ERROR: AddressSanitizer: heap-buffer-overflow on "
		     "address 0x602000000018 at pc 0x1 bp 0x2 sp 0x3\n"
		     "    #0 0x55 in a");
	for (size_t i = 0; i < n; i++)
		buf_adds(&b, "<b::c");
	for (size_t i = 0; i < n; i++)
		buf_adds(&b, i % 2 ? ">" : "> ");
	buf_adds(
	    &b, "::f(int) /src/a.cc:3:4\n    #1 0x56 in g /src/a.cc:9:1\n");
	look(b.p, b.len, 0);
	buf_release(&b);
}

static void
long_line(const struct text *t, size_t n)
{
	struct buf b = BUF_INIT;
	bool has;

	for (size_t i = 0; i < n; i++)
		buf_addc(&b, "a: (<[{\"'"[i % 9]);
	buf_addc(&b, '\n');
	buf_add(&b, t->p, t->n);
	look(t->p, t->n, 0);
	has = used[0]->report->kind != NULL;
	look(b.p, b.len, 0);
	CHECK(has == (used[0]->report->kind != NULL));
	buf_release(&b);
}

int
main(int argc, char **argv)
{
	struct text *texts;
	size_t n = (size_t)argc - 2;
	struct fail f;

	if (argc < 3)
		return 64;
	rules = rules_load(argv[1], &f);
	if (rules == NULL)
		fail(__LINE__, f.text);
	for (size_t i = 0; i < POLICIES; i++)
		used[i] = verdict_new(rules, &policies[i]);
	texts = mem_array(n, sizeof(*texts));
	for (size_t i = 0; i < n; i++)
		load(&texts[i], argv[i + 2]);
	each(texts, n);
	nested(10);
	nested(10000);
	nested(20000); /* more than is looked at of a line */
	tap_ok(true, "names of 100 KB");
	long_line(&texts[n / 2], 10 << 20);
	tap_ok(true, "a line of 10 MB");
	for (size_t i = 0; i < n; i++)
		free(texts[i].p);
	free(texts);
	return tap_end();
}
