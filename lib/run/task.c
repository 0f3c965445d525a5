#include "run/task.h"

#include <sys/mman.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/sig.h"
#include "run/life.h"

#define SLICE 1.0	   /* seconds between two looks at signals and files */
#define ANSWER (256 << 20) /* bytes; a command that prints more dies */

static int
kept(int *fd)
{
	if (*fd >= 0)
		return -1;
	return *fd = memfd_create("kept", MFD_CLOEXEC);
}

static void
release(struct task *t)
{
	if (t->out >= 0)
		close(t->out);
	if (t->err >= 0)
		close(t->err);
	free(t->what);
	free(t);
}

struct task *
task_start(struct life *l, const char *what, struct keeper_cmd *cmd,
    double seconds, struct fail *f)
{
	struct task *t = mem_alloc(sizeof(*t));

	t->what = mem_strdup(what);
	if (cmd->out < 0)
		cmd->fsize = ANSWER;
	t->out = kept(&cmd->out);
	t->err = kept(&cmd->err);
	t->id = keeper_spawn(l->keeper, cmd, f);
	if (t->id < 0) {
		release(t);
		return NULL;
	}
	t->start = clock_mono();
	t->end_by = seconds > 0 ? t->start + seconds : 0;
	l->tasks = mem_grow(l->tasks, l->ntasks + 1, sizeof(*l->tasks));
	l->tasks[l->ntasks++] = t;
	return t;
}

void
task_signal(struct life *l, struct task *t, int sig)
{
	if (!t->ended)
		keeper_signal(l->keeper, t->id, sig);
}

static void
kill_overdue(struct life *l, double now)
{
	size_t i;

	for (i = 0; i < l->ntasks; i++)
		if (!l->tasks[i]->ended && l->tasks[i]->end_by > 0 &&
		    now >= l->tasks[i]->end_by) {
			l->tasks[i]->overdue = true;
			l->tasks[i]->end_by = now + 5; /* and again */
			keeper_signal(l->keeper, l->tasks[i]->id, SIGKILL);
		}
}

/* All that ended; -1 when the keeper did. */
static int
fetch(struct life *l)
{
	struct keeper_event ev;
	size_t i;
	int r;

	while ((r = keeper_next(l->keeper, &ev)) > 0)
		for (i = 0; i < l->ntasks; i++)
			if (l->tasks[i]->id == ev.id) {
				l->tasks[i]->ended = true;
				l->tasks[i]->ev = ev;
			}
	if (r == 0)
		return 0;
	l->gone = true;
	for (i = 0; i < l->ntasks; i++)
		if (!l->tasks[i]->ended) {
			l->tasks[i]->ended = true;
			l->tasks[i]->ev.status = SIGKILL;
		}
	return -1;
}

void
task_sleep(struct life *l, double seconds)
{
	double end = clock_mono() + seconds, now;
	struct pollfd p = {keeper_fd(l->keeper), POLLIN, 0};

	life_look(l);
	if (l->gone || fetch(l) < 0)
		return;
	now = clock_mono();
	if (now < end) {
		sig_poll(&p, 1, end - now < SLICE ? end - now : SLICE);
		if (fetch(l) < 0)
			return;
	}
	kill_overdue(l, clock_mono());
}

void
task_wait(struct life *l, struct task *t)
{
	double now, rest;

	while (!t->ended) {
		now = clock_mono();
		if (l->end_by > 0 && (t->end_by == 0 || t->end_by > l->end_by))
			t->end_by = l->end_by;
		rest = t->end_by > 0 ? t->end_by - now : SLICE;
		task_sleep(l, rest < 0.01 ? 0.01 : rest);
	}
}

void
task_read(const struct task *t, size_t from, size_t max, struct buf *b)
{
	ssize_t n = 1;

	while (t->out >= 0 && max > 0 && n > 0) {
		size_t part = max < 65536 ? max : 65536;

		buf_reserve(b, part + 1);
		n = pread(t->out, b->p + b->len, part, (off_t)from);
		if (n > 0) {
			b->len += (size_t)n;
			from += (size_t)n;
			max -= (size_t)n;
		}
		b->p[b->len] = '\0';
	}
}

static size_t
read_err(const struct task *t, char *text, size_t size)
{
	off_t end = t->err >= 0 ? lseek(t->err, 0, SEEK_END) : 0;
	off_t from = end > (off_t)size - 1 ? end - (off_t)size + 1 : 0;
	ssize_t n = t->err >= 0 ? pread(t->err, text, size - 1, from) : 0;

	if (n < 0)
		n = 0;
	text[n] = '\0';
	return (size_t)n;
}

const char *
task_complaint(const struct task *t)
{
	static char text[1024];
	size_t n = read_err(t, text, sizeof(text));
	char *line;

	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	line = strrchr(text, '\n');
	return line != NULL ? line + 1 : text;
}

void
task_free(struct life *l, struct task *t)
{
	char text[65536];
	size_t i, n;

	if (t == NULL)
		return;
	if (!t->ended && !l->gone)
		keeper_signal(l->keeper, t->id, SIGKILL);
	for (i = 0; i < l->ntasks; i++)
		if (l->tasks[i] == t)
			l->tasks[i--] = l->tasks[--l->ntasks];
	n = read_err(t, text, sizeof(text));
	if (n > 0)
		life_log(l, t->what, text, n);
	release(t);
}
