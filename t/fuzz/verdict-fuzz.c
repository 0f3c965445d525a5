/*
 * libFuzzer: any text as crash output, from its lines to the record.  Byte 0
 * chooses the policy, byte 1 how the process ended; the rest is the text.
 *
 *	make fuzz && lago-run -t 30m -o DIR .fuzz/verdict.zip
 *
 * The tables of share/rules lie beside the program as rules/.
 */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/out.h"
#include "base/strs.h"
#include "crash/bucket.h"
#include "crash/compat.h"
#include "crash/kinds.h"
#include "crash/record.h"
#include "crash/report.h"
#include "crash/rules.h"
#include "crash/verdict.h"
#include "target/exec.h"

#define CHECK(is) ((is) ? (void)0 : fail(__LINE__, #is))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POLICIES = 8 };

static char crash[] = "crash_.*", digit[] = ".*[0-9]", group[] = "(a|b)*c";
static char *patterns[] = {crash, digit, group};
static struct strs ignore = {.v = patterns, .n = 3};
static const struct verdict_policy policies[POLICIES] = {
    {0},
    {.report_ooms = true},
    {.report_ooms = true, .target = "some_fuzzer"},
    {.asserts_safe = true, .depth = 5},
    {.checks_unsafe = true, .depth = 1},
    {.ignore = &ignore},
    {.ignore = &ignore, .report_ooms = true, .target = "a/b", .depth = 64},
    {.asserts_safe = true, .checks_unsafe = true, .report_ooms = true},
};

static struct rules *rules;
static struct verdict *used[POLICIES]; /* has read other texts before */

static void
fail(int line, const char *what)
{
	fprintf(stderr, "verdict-fuzz.c:%d: not so: %s\n", line, what);
	abort();
}

static void
start(void)
{
	char path[4096];
	struct fail f;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 8);

	CHECK(n > 0);
	path[n] = '\0';
	strcpy(strrchr(path, '/') + 1, "rules");
	rules = rules_load(path, &f);
	if (rules == NULL)
		fail(__LINE__, f.text);
	for (size_t i = 0; i < POLICIES; i++)
		used[i] = verdict_new(rules, &policies[i]);
}

/* Of saved output, or of a process that ended so. */
static void
judge(struct verdict *v, unsigned how, const char *text, size_t n)
{
	static const int ends[] = {0, SIGSEGV, SIGABRT, 1 << 8, SIGKILL};
	struct exec_result e = {.out = text, .outlen = n, .printed = n};

	if (how < 128) {
		verdict_text(v, text, n);
		return;
	}
	how %= 8;
	e.status = ends[how < 5 ? how : 4];
	e.crashed = how > 0 && how < 4;
	if (how >= 4)
		e.limit = how == 4 ? EXEC_WALL : EXEC_MEMORY;
	verdict_exec(v, &e, NULL, 0, NULL);
}

static char *
render(struct verdict *v, bool json, size_t *n)
{
	struct record r = {.verdict = v, .log = "log"};
	char *text = NULL;
	struct out o;
	FILE *fp = open_memstream(&text, n);

	CHECK(fp != NULL);
	out_init(&o, fp, json);
	o.terminal = false;
	record_write(&o, &r);
	fclose(fp);
	return text;
}

static void
check_hex(const char *key)
{
	CHECK(strlen(key) == 12 && strspn(key, "0123456789abcdef") == 12);
}

static void
check_report(const struct verdict *v)
{
	const struct report *r = v->report;
	const struct bucket *b = v->bucket;
	struct verdict_key key;

	verdict_key(v, &key);
	CHECK(key.crash == (r->kind != NULL));
	if (r->kind == NULL)
		return;
	CHECK(verdict_same(&key, &key));
	CHECK(r->tool != NULL && v->severity != NULL && v->reason != NULL);
	CHECK(b->ntop <= BUCKET_TOP && r->nstacks <= REPORT_STACKS);
	for (size_t i = 0; i < b->ntop; i++)
		CHECK(b->top[i].n > 0 && b->top[i].n <= REPORT_LINE);
	for (size_t i = 0; i < r->nstacks; i++)
		CHECK(r->stacks[i].n <= REPORT_FRAMES);
	check_hex(b->key);
	check_hex(b->top_key);
	check_hex(b->exact);
}

/* One line of valid JSON; a text's record does not depend on those before. */
static void
check_records(struct verdict *v, struct verdict *fresh)
{
	for (int json = 0; json < 2; json++) {
		size_t n, m;
		char *one = render(v, json, &n), *two = render(fresh, json, &m);
		CHECK(n > 1 && memchr(one, '\n', n) == one + n - 1);
		CHECK(n == m && memcmp(one, two, n) == 0);
		CHECK(!json || (out_is_utf8(one, n) && json_valid(one, n)));
		free(one);
		free(two);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verdict *fresh;
	char *text;
	unsigned p;

	if (rules == NULL)
		start();
	if (size < 2)
		return 0;
	p = data[0] % POLICIES;
	/* Of its own: a byte read behind the end is seen. */
	text = mem_dup(data + 2, size - 2);
	judge(used[p], data[1], text, size - 2);
	check_report(used[p]);
	fresh = verdict_new(rules, &policies[p]);
	judge(fresh, data[1], text, size - 2);
	check_records(used[p], fresh);
	verdict_free(fresh);
	free(text);
	return 0;
}
