#include "run/livereduce.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/strs.h"
#include "run/collect.h"
#include "run/inside.h"
#include "run/life.h"
#include "run/livetriage.h"
#include "run/replays.h"
#include "run/seen.h"
#include "run/task.h"

#define INPUT_MAX (16 << 20)
#define NICE 10
/* While fuzzing: seconds for one, a part of the deadline, and the part of the
 * time for all. */
#define LIVE_MOST 20.0
#define LIVE_LEAST 1.0
#define LIVE_PART 20.0
#define LIVE_SHARE 0.1
/* At the end: a tenth of the deadline, but in short jobs more. */
#define ALL_LEAST 8.0
#define ALL_SHORT 20.0 /* up to half of the deadline */
#define EACH_LEAST 1.0 /* seconds for one */
#define STOP_SECONDS 3.0

struct livereduce {
	struct task *task;
	char sha[HASH_HEX]; /* of what it is made of */
	uint64_t size;
	struct seen tried; /* by SHA-256 */
	double spent;	   /* seconds of fuzzing */
};

static struct livereduce *
state(struct life *l)
{
	if (l->reduce == NULL)
		l->reduce = mem_alloc(sizeof(*l->reduce));
	return l->reduce;
}

static int
results(const struct life *l)
{
	mkdirat(l->dir, "reduced", 0755);
	return openat(
	    l->dir, "reduced", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static bool
is_done(const struct life *l, const struct found *f)
{
	int to = results(l);
	bool done = to < 0 || file_exists(to, f->sha);

	if (to >= 0)
		close(to);
	return done || f->size <= 1;
}

/* The input, where the tools in the sandbox can see it. */
static int
stage(struct life *l, const struct found *f)
{
	char *from = mem_printf("crashes/%s", f->sha);
	struct buf b = BUF_INIT;
	int fd, rc;

	inside_remove(l->workfd, "reduce");
	fd = inside_dir(l->workfd, "reduce");
	rc = file_read(l->dir, from, INPUT_MAX, &b, NULL, NULL);
	if (rc == 0)
		rc = fd < 0
			 ? -1
			 : inside_write(fd, f->sha, buf_str(&b), b.len, 0644);
	if (fd >= 0)
		close(fd);
	buf_release(&b);
	free(from);
	return rc;
}

static void
start(struct life *l, const struct found *f, double seconds, int nice)
{
	struct livereduce *r = state(l);
	struct strs options = {0}, inputs = {0};
	struct fail fail = {0};

	*seen_put(&r->tried, f->sha) = r;
	if (stage(l, f) != 0)
		return;
	strs_add(&options, "lago-minimize");
	strs_addf(&options, "-b%.1f", seconds);
	strs_addf(&options, "-o%s/reduce/small", l->work);
	strs_addf(&inputs, "%s/reduce/%s", l->work, f->sha);
	memcpy(r->sha, f->sha, sizeof(r->sha));
	r->size = f->size;
	r->task = replays_start(
	    l, f->judge, &options, &inputs, nice, seconds + 10, &fail);
	if (r->task == NULL)
		life_say(l, "%s", fail.text);
	strs_release(&options);
	strs_release(&inputs);
}

/* What has become of it, however it ended: the file is always whole. */
static void
take(struct life *l)
{
	struct livereduce *r = l->reduce;
	struct buf b = BUF_INIT;
	int status = r->task->ev.status, to = results(l);

	if (r->task->ended && WIFEXITED(status) &&
	    WEXITSTATUS(status) > EX_LAGO_NO)
		life_say(l, "lago-minimize: status %d", WEXITSTATUS(status));
	if (to >= 0 &&
	    inside_read(l->workfd, "reduce/small", INPUT_MAX, &b) == 0 &&
	    b.len < r->size)
		file_write(to, r->sha, buf_str(&b), b.len, 0644, NULL);
	if (to >= 0)
		close(to);
	buf_release(&b);
	r->spent += clock_mono() - r->task->start;
	task_free(l, r->task);
	r->task = NULL;
}

/* The next bug whose smallest input had no turn yet. */
static const struct found *
next(struct life *l)
{
	struct livereduce *r = state(l);
	const struct found *f = NULL;
	struct found **best;
	size_t n = livetriage_best(l, &best);

	for (size_t i = 0; i < n && f == NULL; i++)
		if (seen_find(&r->tried, best[i]->sha) == NULL &&
		    !is_done(l, best[i]))
			f = best[i];
	free(best);
	return f;
}

void
livereduce_tick(struct life *l)
{
	struct livereduce *r = state(l);
	double each =
	    fmin(LIVE_MOST, fmax(LIVE_LEAST, l->deadline / LIVE_PART));
	const struct found *f;

	if (r->task != NULL && r->task->ended)
		take(l);
	if (r->task != NULL || livetriage_busy(l) ||
	    r->spent + each > life_fuzzed(l) * LIVE_SHARE)
		return;
	f = next(l);
	if (f != NULL)
		start(l, f, each, NICE);
}

void
livereduce_stop(struct life *l)
{
	struct livereduce *r = l->reduce;
	double end = clock_mono() + STOP_SECONDS;

	if (r == NULL || r->task == NULL)
		return;
	task_signal(l, r->task, SIGTERM);
	while (!r->task->ended && clock_mono() < end && !l->gone)
		task_sleep(l, end - clock_mono());
	take(l);
}

void
livereduce_all(struct life *l, double end)
{
	double total = fmax(fmax(l->deadline / 10, ALL_LEAST),
	    fmin(l->deadline / 2, ALL_SHORT));
	struct found **best;
	size_t i, n;

	livereduce_stop(l);
	n = livetriage_best(l, &best);
	end = fmin(end, clock_mono() + total);
	for (i = 0; i < n; i++) {
		double each = (end - clock_mono()) / (double)(n - i);

		if (each < EACH_LEAST || l->gone || l->hurry == LIFE_KILL)
			break;
		if (is_done(l, best[i]))
			continue;
		start(l, best[i], each, 0);
		if (state(l)->task == NULL)
			continue;
		task_wait(l, state(l)->task);
		take(l);
	}
	free(best);
}

void
livereduce_free(struct life *l)
{
	if (l->reduce == NULL)
		return;
	task_free(l, l->reduce->task);
	seen_release(&l->reduce->tried);
	free(l->reduce);
	l->reduce = NULL;
}
