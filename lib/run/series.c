#include "run/series.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/kv.h"
#include "base/mem.h"
#include "run/collect.h"
#include "run/instances.h"
#include "run/life.h"
#include "run/limits.h"
#include "run/livetriage.h"
#include "run/task.h"
#include "run/verbs.h"

enum how { SUM, MOST, LEAST, LATEST };

/* What `stat` says, in the order of the line. */
static const struct {
	const char *key;
	enum how how;
	bool counts;  /* starts again with each incarnation */
	bool current; /* of a living instance only */
	int digits;
} fields[] = {
    {"execs", SUM, true, false, 0},
    {"execs_per_sec", SUM, false, true, 2},
    {"edges", MOST, false, false, 0},
    {"edges_total", MOST, false, false, 0},
    {"corpus", MOST, false, false, 0},
    {"pending", SUM, false, true, 0},
    {"cycles", MOST, false, false, 0},
    {"stability", LEAST, false, false, 2},
    {"last_find", LATEST, false, false, 0},
    {"last_crash", LATEST, false, false, 0},
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

struct one {
	struct task *task;
	double now[FIELDS];  /* of this incarnation; NAN unknown */
	double base[FIELDS]; /* sum of those before */
};

struct series {
	int fd;
	bool first, asked;
	double next;
	struct one *v;
};

/* Of the last whole line, where an earlier process left off. */
static double
last_execs(int fd)
{
	char text[4096], *line;
	off_t end = lseek(fd, 0, SEEK_END);
	off_t from =
	    end > (off_t)sizeof(text) - 1 ? end - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = pread(fd, text, sizeof(text) - 1, from);
	long long execs = 0;

	if (n <= 0)
		return 0;
	text[n - 1] = '\0'; /* the newline */
	line = strrchr(text, '\n');
	line = line != NULL ? line + 1 : text;
	return sscanf(line, "%*s %*s %*s %*s %lld", &execs) == 1 && execs > 0
		   ? (double)execs
		   : 0;
}

void
series_start(struct life *l)
{
	struct series *s = l->series = mem_alloc(sizeof(*s));
	struct stat st;
	char last;
	unsigned i;
	size_t k;

	s->fd = openat(l->dir, "stats.tsv",
	    O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	/* A line that was cut by the end of an earlier process is ended. */
	if (s->fd >= 0 && fstat(s->fd, &st) == 0 && st.st_size > 0 &&
	    pread(s->fd, &last, 1, st.st_size - 1) == 1 && last != '\n')
		file_write_fd(s->fd, "\n", 1);
	s->v = mem_array(l->n, sizeof(*s->v));
	for (i = 0; i < l->n; i++)
		for (k = 0; k < FIELDS; k++)
			s->v[i].now[k] = s->v[i].base[k] = NAN;
	if (l->resumed && !l->cumulative)
		s->v[0].base[0] = last_execs(s->fd);
	s->first = true; /* early: somebody may be waiting for it */
	s->next = clock_mono() + 1;
}

/* The answer of a finished `stat`. */
static void
take(struct one *o)
{
	struct kv kv = {0};
	const char *value;
	char *end;
	double v;
	size_t k;

	verbs_stat_read(o->task, &kv);
	for (k = 0; k < FIELDS; k++) {
		value = kv_get(&kv, fields[k].key);
		v = value != NULL ? strtod(value, &end) : NAN;
		if (value != NULL && end != value && isfinite(v) && v >= 0)
			o->now[k] = v;
	}
	kv_release(&kv);
}

/* NAN is unknown, and adds nothing. */
static double
add(double a, double b)
{
	return isnan(a) ? b : isnan(b) ? a : a + b;
}

static double
combine(const struct life *l, size_t k)
{
	double sum = NAN, v;
	unsigned i;

	for (i = 0; i < l->n; i++) {
		const struct one *o = &l->series->v[i];

		if (fields[k].current && l->instances->v[i].task == NULL)
			continue;
		v = add(o->now[k], o->base[k]);
		if (isnan(v))
			continue;
		if (isnan(sum))
			sum = v;
		else if (fields[k].how == SUM)
			sum += v;
		else if (fields[k].how == LEAST ? v < sum : v > sum)
			sum = v;
	}
	return sum;
}

static void
write_line(struct life *l)
{
	struct buf b = BUF_INIT;
	double v;
	size_t k;

	buf_addf(&b, "%.0f\t%u\t%u\t%u", life_fuzzed(l), l->instances->alive,
	    l->n, l->instances->restarts);
	for (k = 0; k < FIELDS; k++) {
		v = combine(l, k);
		buf_addc(&b, '\t');
		if (!isnan(v))
			buf_addf(&b, "%.*f", fields[k].digits, v);
	}
	buf_addf(&b, "\t%llu\t%llu\t%llu\t%llu\t%llu\n",
	    (unsigned long long)collect_count(l),
	    (unsigned long long)collect_hangs(l),
	    (unsigned long long)livetriage_bugs(l),
	    (unsigned long long)limits_rss(l),
	    (unsigned long long)limits_disk(l));
	if (l->series->fd >= 0)
		file_write_fd(l->series->fd, b.p, b.len);
	buf_release(&b);
}

static void
ask(struct life *l, unsigned i)
{
	if (l->series->v[i].task == NULL)
		l->series->v[i].task = verbs_stat(l, i, l->instances->v[i].log);
}

/* Take what has come; true when nothing is awaited. */
static bool
settle(struct life *l, bool wait)
{
	bool all = true;
	unsigned i;

	for (i = 0; i < l->n; i++) {
		struct one *o = &l->series->v[i];

		if (o->task != NULL && wait)
			task_wait(l, o->task);
		if (o->task != NULL && o->task->ended) {
			take(o);
			task_free(l, o->task);
			o->task = NULL;
		}
		all &= o->task == NULL;
	}
	return all;
}

void
series_tick(struct life *l)
{
	struct series *s = l->series;
	unsigned i;

	if (s->asked && settle(l, false)) {
		s->asked = false;
		limits_measure(l);
		write_line(l);
	} else if (!s->asked && clock_mono() >= s->next) {
		for (i = 0; i < l->n; i++)
			if (l->instances->v[i].task != NULL)
				ask(l, i);
		s->asked = true;
		s->next += SERIES_INTERVAL - (s->first ? 1 : 0);
		s->first = false;
	}
}

void
series_ended(struct life *l, struct instance *in)
{
	struct one *o = &l->series->v[in->no];
	size_t k;

	settle(l, true);
	ask(l, in->no);
	settle(l, true);
	for (k = 0; k < FIELDS && !l->cumulative; k++)
		if (fields[k].counts && !isnan(o->now[k])) {
			o->base[k] = add(o->base[k], o->now[k]);
			o->now[k] = NAN;
		}
}

void
series_last(struct life *l)
{
	settle(l, true);
	write_line(l);
}

void
series_free(struct life *l)
{
	unsigned i;

	if (l->series == NULL)
		return;
	for (i = 0; i < l->n; i++)
		task_free(l, l->series->v[i].task);
	if (l->series->fd >= 0)
		close(l->series->fd);
	free(l->series->v);
	free(l->series);
	l->series = NULL;
}

/* The field of that key, combined. */
static int64_t
value(const struct life *l, const char *key)
{
	double v;
	size_t k;

	for (k = 0; strcmp(fields[k].key, key) != 0; k++)
		;
	v = l->series != NULL ? combine(l, k) : NAN;
	return isnan(v) ? -1 : (int64_t)v;
}

int64_t
series_execs(const struct life *l)
{
	return value(l, "execs");
}

int64_t
series_edges(const struct life *l)
{
	return value(l, "edges");
}
