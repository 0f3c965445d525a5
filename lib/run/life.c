#include "run/life.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/opt.h"
#include "base/sig.h"
#include "job/rundir.h"
#include "run/collect.h"
#include "run/livetriage.h"
#include "run/series.h"

#define BEAT 10.0    /* seconds between two writings of progress */
#define DELIVER 45.0 /* seconds to deliver in, once somebody asked */
#define TWICE 1.0    /* seconds within which two signals are one */
#define LOG_MAX (16 << 20)
#define FILE_MAX (1 << 20)

int
life_fail(struct life *l, const char *reason, int status, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (l->reason == NULL) { /* the first is the cause */
		l->reason = reason;
		fail_set(&l->fail, status, "%s", text);
		life_log(l, reason, text, strlen(text));
	}
	return -1;
}

void
life_log(struct life *l, const char *title, const char *p, size_t n)
{
	struct stat st;
	int fd = openat(l->dir, "log",
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	struct buf b = BUF_INIT;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_size + (off_t)n < LOG_MAX) {
		buf_addf(&b, "== %.0f s: %s\n", life_fuzzed(l), title);
		buf_add(&b, p, n);
		if (n > 0 && p[n - 1] != '\n')
			buf_addc(&b, '\n');
		file_write_fd(fd, b.p, b.len);
	}
	buf_release(&b);
	close(fd);
}

void
life_say(struct life *l, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	life_log(l, "lago-run", text, strlen(text));
	l->say(text);
}

double
life_fuzzed(const struct life *l)
{
	double now = l->fuzz_start > 0 ? clock_mono() - l->fuzz_start : 0;

	return l->fuzz_before + now;
}

int64_t
life_int(const struct life *l, const char *key, int64_t otherwise)
{
	return kv_int(&l->job, key, otherwise);
}

double
life_seconds(const struct life *l, const char *key, double otherwise)
{
	const char *text = kv_get(&l->job, key);
	double v;

	return text != NULL && opt_parse_duration(text, &v) == 0 ? v
								 : otherwise;
}

double
life_timeout(const struct life *l)
{
	const char *measured = kv_get(&l->progress, "limit");
	double v = life_seconds(l, "timeout", 0);

	if (v == 0 && measured != NULL && opt_parse_duration(measured, &v) != 0)
		v = 0;
	return v;
}

static void
hurry(struct life *l, enum life_hurry how)
{
	double end = clock_mono() + (l->phase < LIFE_FUZZ ? 0 : DELIVER);

	if (how <= l->hurry)
		return;
	l->hurry = how;
	if (how == LIFE_KILL)
		end = clock_mono();
	if (l->end_by == 0 || end < l->end_by)
		l->end_by = end;
}

/* The file `stop`: the end, as lago-kill wants it. */
static void
look_stop(struct life *l)
{
	struct buf b = BUF_INIT;

	if (!file_exists(l->dir, "stop"))
		return;
	file_read(l->dir, "stop", FILE_MAX, &b, NULL, NULL);
	hurry(l, strncmp(buf_str(&b), "kill", 4) == 0 ? LIFE_KILL : LIFE_STOP);
	l->stop = true;
	buf_release(&b);
}

void
life_look(struct life *l)
{
	look_stop(l);
	if (sig_got != 0) {
		/* The second one does not wait.  A batch system tells all of
		 * our processes, and who started us passes it on: one. */
		if (l->signal == 0)
			l->signalled = clock_mono();
		if (l->signal == 0 || clock_mono() - l->signalled > TWICE)
			hurry(l, l->signal == 0 ? LIFE_PAUSE : LIFE_KILL);
		l->signal = sig_got;
		sig_got = 0;
	}
	if (l->budget_end > 0 && clock_mono() >= l->budget_end)
		hurry(l, LIFE_PAUSE);
}

/* ---- progress ---- */

static const struct {
	const char *name, *state;
} phases[] = {
    [LIFE_UNPACK] = {"unpack", "starting"},
    [LIFE_PROVISION] = {"provision", "starting"},
    [LIFE_CHECK] = {"check", "starting"},
    [LIFE_FUZZ] = {"fuzz", "running"},
    [LIFE_FINISH] = {"finish", "finishing"},
    [LIFE_DONE] = {"done", "done"},
};

static void
show(struct life *l)
{
	int64_t execs = series_execs(l), edges = series_edges(l);
	struct buf b = BUF_INIT;

	buf_addf(&b, "%s  %.0f of %.0f s", phases[l->phase].name,
	    life_fuzzed(l), l->deadline);
	if (execs >= 0)
		buf_addf(&b, "  execs %lld", (long long)execs);
	if (edges >= 0)
		buf_addf(&b, "  edges %lld", (long long)edges);
	if (l->phase >= LIFE_FUZZ)
		buf_addf(&b, "  corpus %llu  crashes %llu  bugs %llu",
		    (unsigned long long)collect_corpus(l),
		    (unsigned long long)collect_count(l),
		    (unsigned long long)livetriage_bugs(l));
	l->show(b.p);
	buf_release(&b);
}

static void
write_progress(struct life *l)
{
	struct fail f = {0};

	kv_setf(&l->progress, "fuzzed", "%.0f", life_fuzzed(l));
	kv_setf(
	    &l->progress, "dropped", "%llu", (unsigned long long)l->dropped);
	if (l->triage != NULL) {
		kv_setf(&l->progress, "untriaged", "%llu",
		    (unsigned long long)livetriage_untriaged(l));
		kv_setf(&l->progress, "bugs", "%llu",
		    (unsigned long long)livetriage_bugs(l));
	}
	if (rundir_write_progress(l->dir, &l->progress, &f) != 0)
		life_log(l, "lago-run", f.text, strlen(f.text));
	l->beat = clock_mono() + BEAT;
}

void
life_beat(struct life *l)
{
	if (clock_mono() < l->beat)
		return;
	write_progress(l);
	show(l);
}

void
life_enter(struct life *l, enum life_phase phase)
{
	l->phase = phase;
	kv_set(&l->progress, "phase", phases[phase].name);
	kv_set(&l->progress, "state", phases[phase].state);
	write_progress(l);
	show(l);
}

void
life_conclude(struct life *l, const char *state, const char *reason)
{
	if (state == NULL)
		state = phases[l->phase].state;
	kv_set(&l->progress, "state", state);
	kv_set(&l->progress, "reason", reason);
	kv_set(&l->progress, "reason_text", l->fail.text);
	if (rundir_ended(state))
		kv_setf(&l->progress, "end", "%lld", (long long)clock_unix());
	write_progress(l);
}

enum life_phase
life_phase(const struct kv *progress)
{
	const char *name = kv_get(progress, "phase");
	enum life_phase p;

	for (p = LIFE_UNPACK; name != NULL && p <= LIFE_DONE; p++)
		if (strcmp(phases[p].name, name) == 0)
			return p;
	return LIFE_UNPACK;
}
