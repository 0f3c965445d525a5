#include "replay/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/out.h"
#include "base/sig.h"
#include "replay/before.h"
#include "crash/bucket.h"
#include "replay/fast.h"
#include "replay/judge.h"
#include "crash/kinds.h"
#include "crash/record.h"
#include "crash/report.h"
#include "crash/verdict.h"
#include "target/exec.h"

enum {
	TRACE = 1 << 20,
	HANGS = 2 /* tries that hang, and no others, are enough */
};
/* More tries, with random addresses, for what shows nothing. */
static const double MORE_TIME = 20; /* seconds, for all of them */

/* A bucket that a try showed, with the first output that had it. */
struct shown {
	struct verdict *verdict;
	struct buf text;
	int count, status;
	double wall;
	bool aslr;
};

struct tries {
	struct shown *v;
	size_t n;
	int done;
	bool fast;
	size_t after; /* inputs that ran before in the same process */
};

static int
exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static bool
is_hang(const struct verdict *v)
{
	return v->report->kind != NULL &&
	       strcmp(v->report->kind->class, "timeout") == 0;
}

/* Hangs are one: each look at it makes its key better. */
static bool
same_bucket(const struct verdict *a, const struct verdict *b)
{
	if ((a->report->kind == NULL) != (b->report->kind == NULL))
		return false;
	return a->report->kind == NULL || (is_hang(a) && is_hang(b)) ||
	       strcmp(a->bucket->key, b->bucket->key) == 0;
}

/* A try.  Where its verdict belongs, when it is one to keep. */
static struct verdict **
note(struct tries *t, struct judge *j, const struct verdict *seen,
    const struct exec_result *e)
{
	struct shown *s = NULL;

	t->done++;
	for (size_t i = 0; i < t->n && s == NULL; i++)
		if (same_bucket(t->v[i].verdict, seen))
			s = &t->v[i];
	if (s == NULL) {
		t->v = mem_grow(t->v, t->n + 1, sizeof(*t->v));
		s = &t->v[t->n++];
		memset(s, 0, sizeof(*s));
	} else if (!is_hang(s->verdict)) {
		s->count++;
		return NULL;
	}
	s->count++;
	judge_give_back(j, s->verdict);
	buf_reset(&s->text);
	buf_add(&s->text, e->out, e->outlen);
	s->status = exit_status(e->status);
	s->wall = e->wall;
	s->aslr = e->aslr;
	return &s->verdict;
}

static void
note_judge(struct tries *t, struct judge *j)
{
	struct verdict **keep = note(t, j, judge_verdict(j), judge_result(j));

	if (keep != NULL)
		*keep = judge_take(j);
}

/* Hung as often as it takes to believe it. */
static bool
hangs(const struct tries *t)
{
	return t->n == 1 && t->done == HANGS && is_hang(t->v[0].verdict);
}

static bool
crashed(const struct tries *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].verdict->report->kind != NULL)
			return true;
	return false;
}

/* The crash that was seen most often; NULL when there was none. */
static const struct shown *
winner(const struct tries *t)
{
	const struct shown *best = NULL;

	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].verdict->report->kind != NULL &&
		    (best == NULL || t->v[i].count > best->count))
			best = &t->v[i];
	return best;
}

static void
drop_tries(struct tries *t, struct judge *j)
{
	for (size_t i = 0; i < t->n; i++) {
		judge_give_back(j, t->v[i].verdict);
		buf_release(&t->v[i].text);
	}
	free(t->v);
	*t = (struct tries){0};
}

/* 1: all tries in the faster mode, with one answer; 0: fresh ones are due. */
static int
run_fast(const struct replay *r, const struct exec_input *in, struct tries *t,
    struct fail *f)
{
	int rc = 0;

	if (r->fast == NULL)
		return 0;
	for (int i = 0; i < r->tries; i++) {
		rc = fast_try(r->fast, in, f);
		if (rc != 1)
			break;
		note_judge(t, r->judge);
	}
	t->fast = rc == 1 && t->n == 1;
	if (!t->fast)
		drop_tries(t, r->judge);
	return rc == -1 ? -1 : t->fast;
}

/* The inputs before this one: those of DIR/SHA, else all. */
static struct before *
open_before(const struct replay *r, const char *sha)
{
	char *own = mem_printf("%s/%s/.", r->before, sha);
	struct stat st;
	struct before *b;
	struct fail f;

	b = before_new(stat(own, &st) == 0 ? own : r->before, r->run,
	    exec_look(judge_exec(r->judge)), r->rules, r->policy, &f);
	free(own);
	return b;
}

/* After the inputs that came before it, if there are any. */
static int
run_after(const struct replay *r, const char *path, const char *sha,
    struct tries *t, struct fail *f)
{
	struct before *b = open_before(r, sha);
	struct verdict **keep;
	int rc = 0;

	if (b == NULL)
		return 0;
	for (int i = 0; before_count(b) > 0 && i < r->tries && rc == 0; i++) {
		rc = before_run(b, path, f);
		keep = rc == 0 ? note(t, r->judge, before_verdict(b),
				     before_result(b))
			       : NULL;
		if (keep != NULL)
			*keep = before_take(b);
	}
	if (crashed(t))
		t->after = before_count(b);
	before_free(b);
	return rc == 0 || !sig_got ? 0 : -1;
}

static int
run_tries(const struct replay *r, const char *path, const char *sha,
    struct tries *t, struct fail *f)
{
	struct exec_input in = {.path = path};
	double start = clock_mono();
	int rc = run_fast(r, &in, t, f);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	for (int i = 0; i < r->tries && !hangs(t); i++) {
		if ((i == 0 ? judge_run : judge_again)(r->judge, &in, f) == -1)
			return -1;
		note_judge(t, r->judge);
	}
	in.aslr = true;
	for (int i = 0;
	     i < r->more && !crashed(t) && clock_mono() - start < MORE_TIME;
	     i++) {
		if (judge_again(r->judge, &in, f) == -1)
			return -1;
		note_judge(t, r->judge);
	}
	if (r->before != NULL && !crashed(t))
		return run_after(r, path, sha, t, f);
	in.aslr = false;
	if (r->fast != NULL && winner(t) != NULL)
		fast_learn(r->fast, &in, winner(t)->verdict, t->n == 1);
	return 0;
}

/* What the finder printed for it; or nothing but AFL++'s "sig:11". */
static void
from_finder(const struct replay *r, const char *path, const char *sha,
    struct verdict *v, struct buf *text)
{
	char *trace =
	    r->traces != NULL ? mem_printf("%s/%s", r->traces, sha) : NULL;
	const char *sig = strstr(path, ",sig:");
	bool cut;

	if (trace == NULL ||
	    file_read(AT_FDCWD, trace, TRACE, text, &cut, NULL) == -1)
		buf_reset(text);
	verdict_text(v, buf_str(text), text->len);
	if (v->report->kind == NULL && sig != NULL) {
		int signo = atoi(sig + 5);
		v->report = report_make(
		    v->reader, kinds_of_signal(signo)->name, "signal");
		v->report->signal = signo;
		verdict_again(v);
	}
	free(trace);
}

static int
keep_text(const struct replay *r, const char *sha, const struct buf *text,
    struct fail *f)
{
	char *path;
	int rc;

	if (r->reports == NULL)
		return 0;
	path = mem_printf("%s/%s", r->reports, sha);
	rc = file_write(AT_FDCWD, path, buf_str(text), text->len, 0644, f);
	free(path);
	return rc;
}

static void
count_buckets(const struct tries *t, struct record *rec)
{
	struct record_bucket *v = mem_array(t->n, sizeof(*v));

	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].verdict->report->kind != NULL)
			memcpy(v[i].bucket, t->v[i].verdict->bucket->key,
			    sizeof(v[i].bucket));
		v[i].count = t->v[i].count;
	}
	rec->buckets = v;
	rec->nbuckets = t->n;
}

static int
conclude(const struct replay *r, const struct tries *t, struct record *rec,
    struct out *o, struct fail *f)
{
	const struct shown *best = winner(t);
	struct shown lost = {0};
	int rc;

	count_buckets(t, rec);
	rec->replays = t->done;
	rec->target = r->target;
	rec->build = judge_build_id(r->judge);
	rec->after = t->after;
	rec->mode = t->fast ? "fork" : "exec";
	if (best == NULL) {
		lost.verdict = t->v[0].verdict;
		lost.status = REPLAY_LOST;
		lost.wall = t->v[0].wall;
		lost.aslr = t->v[t->n - 1].aslr;
		from_finder(r, rec->input, rec->sha, lost.verdict, &lost.text);
		if (lost.text.len == 0)
			buf_add(&lost.text, buf_str(&t->v[0].text),
			    t->v[0].text.len);
		best = &lost;
	} else
		rec->reproduced = best->count;
	rec->verdict = best->verdict;
	rec->exit_status = best->status;
	rec->wall_us = (int64_t)(best->wall * 1e6);
	rec->aslr = best->aslr;
	rc = keep_text(r, rec->sha, &best->text, f);
	if (rc == 0)
		record_write(o, rec);
	buf_release(&lost.text);
	free((void *)rec->buckets);
	return rc == -1 ? -1 : best != &lost;
}

static int
hash_input(const char *path, char sha[HASH_HEX], struct fail *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int rc = -1;

	if (fd == -1)
		return fail_errno(f, EX_LAGO_NOINPUT, "cannot open '%s'", path);
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		fail_set(f, EX_LAGO_NOINPUT, "not a regular file: '%s'", path);
	else if (hash_fd(fd, sha) == -1)
		fail_errno(f, EX_LAGO_IO, "cannot read '%s'", path);
	else
		rc = 0;
	close(fd);
	return rc;
}

int
replay_input(
    const struct replay *r, const char *path, struct out *o, struct fail *f)
{
	struct record rec = {.input = path};
	struct tries t = {0};
	char sha[HASH_HEX];
	int rc = -1;

	if (hash_input(path, sha, f) == -1)
		return -1;
	rec.sha = sha;
	if (run_tries(r, path, sha, &t, f) == 0)
		rc = conclude(r, &t, &rec, o, f);
	drop_tries(&t, r->judge);
	return rc;
}
