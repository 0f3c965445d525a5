#include "run/triager.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/strs.h"
#include "run/collect.h"
#include "run/replays.h"
#include "run/task.h"

#define RECORDS_MAX (1 << 30) /* bytes */
#define AT_ONCE 64	/* inputs that it was given and has not answered */
#define TOTAL_MOST 2000 /* inputs of one process: what it prints is kept */
#define IDLE_MOST 30.0	/* seconds that it waits for more */
#define PATIENCE 60.0	/* seconds without a record, and the tries' limits */
#define TIMEOUT 25.0	/* seconds of one try, when nobody said */

static double
patience(const struct life *l, const struct triager *t)
{
	return PATIENCE + 4 * t->tries * life_seconds(l, "timeout", TIMEOUT);
}

static int
start(struct life *l, struct triager *t)
{
	struct strs words = {0};
	struct fail f = {0};

	strs_add(&words, "lago-triage");
	strs_addf(&words, "-r%d", t->tries);
	t->task = replays_stay(l, t->build, &words, 5, &t->feed, &f);
	t->read = t->total = 0;
	t->idle = clock_mono();
	strs_release(&words);
	if (t->task == NULL)
		life_say(l, "%s", f.text);
	return t->task != NULL ? 0 : -1;
}

size_t
triager_room(const struct triager *t)
{
	if (t->task == NULL)
		return AT_ONCE;
	return t->feed < 0 || t->n >= AT_ONCE ? 0 : AT_ONCE - t->n;
}

/* Few and short: the socket takes them at once. */
static void
say(struct life *l, struct triager *t, const struct found *f)
{
	char *path = replays_path(l, f->sha);

	/* Of one that has died its end tells. */
	if (send(t->feed, path, strlen(path) + 1, MSG_NOSIGNAL | MSG_DONTWAIT) <
	    0)
		triager_close(t);
	free(path);
}

int
triager_give(struct life *l, struct triager *t, struct found *f)
{
	if (replays_stage(l, f->sha) != 0)
		return 0;
	collect_before(l, f);
	if (t->task == NULL && start(l, t) != 0)
		return -1;
	t->given = mem_grow(t->given, t->n + 1, sizeof(*t->given));
	t->given[t->n++] = f;
	if (t->n == 1)
		t->task->end_by = clock_mono() + patience(l, t);
	say(l, t, f);
	if (++t->total >= TOTAL_MOST)
		triager_close(t);
	return 0;
}

static void
answered(struct life *l, struct triager *t, const struct found *f)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->given[i] == f) {
			t->given[i] = t->given[--t->n];
			replays_unstage(l, f->sha);
		}
	t->idle = clock_mono();
	t->task->end_by = t->n > 0 ? t->idle + patience(l, t) : 0;
}

/* Whole lines. */
static void
read_records(struct life *l, struct triager *t, triager_take *take)
{
	struct buf b = BUF_INIT;
	const struct found *f;
	const char *p, *end;

	task_read(t->task, t->read, RECORDS_MAX, &b);
	for (p = b.p; p != NULL && p < b.p + b.len; p = end + 1) {
		end = memchr(p, '\n', (size_t)(b.p + b.len - p));
		if (end == NULL)
			break;
		f = take(l, t, p, (size_t)(end - p));
		if (f != NULL)
			answered(l, t, f);
		t->read += (size_t)(end - p) + 1;
	}
	buf_release(&b);
}

void
triager_tick(
    struct life *l, struct triager *t, triager_take *take, triager_back *back)
{
	struct found *f;
	bool ended;

	if (t->task == NULL)
		return;
	ended = t->task->ended;
	read_records(l, t, take);
	if (!ended) {
		if (t->n == 0 && clock_mono() > t->idle + IDLE_MOST)
			triager_close(t);
		return;
	}
	triager_close(t);
	task_free(l, t->task);
	t->task = NULL;
	while (t->n > 0) {
		f = t->given[--t->n];
		replays_unstage(l, f->sha);
		back(l, f);
	}
}

void
triager_close(struct triager *t)
{
	if (t->task != NULL && t->feed >= 0)
		close(t->feed);
	t->feed = -1;
}

void
triager_release(struct life *l, struct triager *t)
{
	triager_close(t);
	task_free(l, t->task);
	free(t->given);
}
