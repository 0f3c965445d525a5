#include "run/seeds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/strs.h"
#include "run/collect.h"
#include "run/inside.h"
#include "run/life.h"
#include "run/livetriage.h"
#include "run/replays.h"
#include "run/task.h"

#define PART 0.1   /* of the deadline may go into this check */
#define LEAST 20.0 /* seconds */
#define EMPTY "triage/empty"
#define SEED_MAX (16 << 20)
#define RECORDS_MAX (1 << 30)

/* The limit of one execution, where none is given: so many times the slowest
 * seed, seconds. */
#define LIMIT_TIMES 5
#define LIMIT_LEAST 0.05
#define LIMIT_MOST 10

struct check {
	size_t ran;
	int64_t slowest;   /* of those that did not crash, microseconds */
	struct strs bad;   /* SHA-256 */
	struct buf bucket; /* of the last bad one */
	bool differ;
};

/* Into the records; and out of the fuzzers' sight, a copy in quarantine/. */
static void
quarantine(struct life *l, const char *sha)
{
	char *from = mem_printf("in/%s", sha);
	char *to = mem_printf("quarantine/%s", sha);
	struct buf b = BUF_INIT;
	struct found *f;

	if (!file_exists(l->workfd, from)) {
		free(from);
		from = mem_strdup(EMPTY);
	}
	f = collect_input(l, from, true);
	if (f != NULL)
		livetriage_add(l, f);
	mkdirat(l->dir, "quarantine", 0755);
	if (inside_read(l->workfd, from, SEED_MAX, &b) == 0 &&
	    file_write(l->dir, to, buf_str(&b), b.len, 0644, NULL) == 0)
		inside_remove(l->workfd, from);
	buf_release(&b);
	free(from);
	free(to);
}

static void
note(struct check *c, const char *p, size_t n)
{
	struct buf sha = BUF_INIT, bucket = BUF_INIT;
	const char *crash = json_type(p, n, "$.crash");
	int64_t wall;

	c->ran++;
	if (json_int(p, n, "$.wall_us", &wall) && wall > c->slowest &&
	    (crash == NULL || strcmp(crash, "true") != 0))
		c->slowest = wall;
	if (crash != NULL && strcmp(crash, "true") == 0 &&
	    json_text(p, n, "$.input_sha256", &sha) && hash_is_hex(sha.p)) {
		json_text(p, n, "$.bucket", &bucket);
		if (c->bad.n > 0 &&
		    strcmp(buf_str(&bucket), buf_str(&c->bucket)) != 0)
			c->differ = true;
		buf_reset(&c->bucket);
		buf_adds(&c->bucket, buf_str(&bucket));
		strs_add(&c->bad, sha.p);
	}
	buf_release(&sha);
	buf_release(&bucket);
}

static void
read_records(struct check *c, const struct task *t)
{
	struct buf b = BUF_INIT;
	const char *p, *end;

	task_read(t, 0, RECORDS_MAX, &b);
	for (p = b.p; p != NULL && p < b.p + b.len; p = end + 1) {
		end = memchr(p, '\n', (size_t)(b.p + b.len - p));
		if (end == NULL)
			break;
		if (json_valid(p, (size_t)(end - p)))
			note(c, p, (size_t)(end - p));
	}
	buf_release(&b);
}

static struct task *
start(struct life *l, struct fail *f)
{
	struct strs options = {0}, inputs = {0}, names = {0};
	double seconds = l->deadline * PART;
	struct task *t = NULL;
	size_t i;

	inside_write(l->workfd, EMPTY, "", 0, 0644);
	strs_add(&options, "lago-triage");
	strs_add(&options, "-r1");
	strs_add(&options, "-xmore=0");
	strs_addf(&inputs, "%s/" EMPTY, l->work);
	if (file_list(l->workfd, "in", &names, f) == 0) {
		for (i = 0; i < names.n; i++)
			strs_addf(&inputs, "%s/in/%s", l->work, names.v[i]);
		t = replays_start(l, LIFE_TARGET, &options, &inputs, 0,
		    seconds > LEAST ? seconds : LEAST, f);
	}
	strs_release(&names);
	strs_release(&options);
	strs_release(&inputs);
	return t;
}

/* No seed left: one file of eight '0'. */
static void
ensure_one(struct life *l)
{
	struct strs names = {0};

	if (file_list(l->workfd, "in", &names, NULL) == 0 && names.n == 0)
		inside_write(l->workfd, "in/zeros", "00000000", 8, 0644);
	strs_release(&names);
}

static void
measured(struct life *l, int64_t slowest)
{
	double limit = LIMIT_TIMES * (double)slowest / 1e6;
	char ms[32];

	if (slowest == 0 || l->own_limit || life_timeout(l) > 0)
		return;
	if (limit < LIMIT_LEAST)
		limit = LIMIT_LEAST;
	if (limit > LIMIT_MOST)
		limit = LIMIT_MOST;
	kv_setf(&l->progress, "limit", "%.3f", limit);
	snprintf(ms, sizeof(ms), "%.0f", limit * 1000);
	strs_env_set(&l->driver_env, "LAGO_TIMEOUT", ms);
}

int
seeds_check(struct life *l)
{
	struct check c = {0};
	struct fail f = {0};
	struct task *t = start(l, &f);
	size_t i;
	int rc = 0;

	if (t == NULL)
		return life_fail(l, "tool", f.status, "%s", f.text);
	task_wait(l, t);
	read_records(&c, t);
	if (c.ran == 0 && l->hurry == LIFE_GO_ON)
		life_say(l, "the seeds could not be tried");
	task_free(l, t);
	if (c.ran > 0 && c.bad.n == c.ran && !c.differ)
		rc = life_fail(l, "target", EX_LAGO_DATA,
		    "every seed and the empty input fail alike");
	for (i = 0; rc == 0 && i < c.bad.n; i++)
		quarantine(l, c.bad.v[i]);
	strs_release(&c.bad);
	buf_release(&c.bucket);
	ensure_one(l);
	measured(l, c.slowest);
	return rc;
}
