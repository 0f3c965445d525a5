#include <errno.h>
#include <fcntl.h>
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
#include "base/sig.h"
#include "base/strs.h"
#include "corpus/reduce.h"
#include "corpus/scratch.h"
#include "corpus/shrink.h"
#include "crash/judge.h"
#include "crash/rules.h"
#include "crash/verdict.h"
#include "target/exec.h"
#include "target/forkserver.h"

enum {
	INPUT_MAX = 256 << 20,
	OTHERS_MAX = 64, /* kinds of other crashes that are kept apart */
	STRAYS_MAX = 64, /* crashes of another signal that get a verdict */
	AGREE = 2	 /* verdicts on the original that must be the same */
};
/* The limit of a candidate: so many times what the original took, at least so
 * many seconds. */
#define SLOWER 10
#define LEAST 1.0

struct work {
	struct shrink *s;
	struct fail *f;
	struct buf best;
	char *temp;
	double limit;

	struct strs env;
	struct rules *rules;
	struct judge *judge;
	struct verdict_policy policy;
	struct exec_target target;
	struct verdict_key key, other[OTHERS_MAX];
	size_t others, strays;

	int looks;		     /* FORKSERVER_* */
	struct forkserver *server;   /* NULL: none, or of no use */
	struct forkserver_run first; /* how the original ends there */
	bool broken;
};

/* --- files --- */

/* The smallest so far, in one step; synced only at the end. */
static int
save(struct work *w, const void *p, size_t n)
{
	int fd = open(w->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return fail_errno(
		    w->f, EX_LAGO_CANTCREAT, "cannot make '%s'", w->s->out);
	if (file_write_fd(fd, p, n) || close(fd) || rename(w->temp, w->s->out))
		return fail_errno(
		    w->f, EX_LAGO_IO, "cannot write '%s'", w->s->out);
	w->s->bytes = n;
	return 0;
}

/* A crash that is not ours: the first of each kind. */
static int
save_other(
    struct work *w, const struct verdict_key *key, const void *p, size_t n)
{
	char hex[HASH_HEX], *path;
	int rc;

	if (!w->s->others || w->others == OTHERS_MAX)
		return 0;
	for (size_t i = 0; i < w->others; i++)
		if (verdict_same(&w->other[i], key))
			return 0;
	w->other[w->others++] = *key;
	hash_bytes(p, n, hex);
	path = mem_printf("%s/%s", w->s->others, hex);
	rc = file_mkdirs(AT_FDCWD, w->s->others, 0777, w->f);
	if (rc == 0)
		rc = file_write(AT_FDCWD, path, p, n, 0666, w->f);
	w->s->found += rc == 0;
	free(path);
	return rc;
}

/* --- the oracle --- */

static int
verdict(struct work *w, const void *p, size_t n, struct verdict_key *key)
{
	struct exec_input in = {.data = n ? p : "", .len = n, .wall = w->limit};

	w->s->execs++;
	if (judge_run(w->judge, &in, w->f))
		return -1;
	verdict_key(judge_verdict(w->judge), key);
	return 0;
}

/* The fork server's opinion: 1 perhaps, 0 no, -1 stop. */
static int
quick(struct work *w, const void *p, size_t n, bool *stray)
{
	struct forkserver_run r;
	struct fail f;

	w->s->execs++;
	*stray = false;
	if (forkserver_run(w->server, p, n, &r, &f)) {
		forkserver_stop(w->server); /* the judge goes on alone */
		w->server = NULL;
		return 1;
	}
	if (r.end == FORKSERVER_STOPPED)
		return -1;
	if (r.end == w->first.end &&
	    (r.end == FORKSERVER_TIMEOUT || r.status == w->first.status))
		return 1;
	*stray =
	    r.end == FORKSERVER_CRASH && w->s->others && w->strays < STRAYS_MAX;
	return 0;
}

static bool
over(struct work *w)
{
	if (sig_got)
		w->s->reason = SHRINK_SIGNAL;
	else if (w->s->end > 0 && clock_mono() >= w->s->end)
		w->s->reason = SHRINK_BUDGET;
	else
		return false;
	return true;
}

static int
test(const void *p, size_t n, void *arg)
{
	struct work *w = arg;
	struct verdict_key key;
	bool stray = false;
	int maybe = 1;

	if (over(w))
		return -1;
	if (w->server)
		maybe = quick(w, p, n, &stray);
	if (maybe < 0 && over(w))
		return -1;
	if (!maybe && !stray)
		return 0;
	w->strays += stray;
	if (verdict(w, p, n, &key)) {
		w->broken = !over(w);
		return -1;
	}
	if (verdict_same(&key, &w->key)) {
		w->broken = save(w, p, n) != 0;
		return w->broken ? -1 : 1;
	}
	if (key.crash)
		w->broken = save_other(w, &key, p, n) != 0;
	return w->broken ? -1 : 0;
}

/* --- start and end --- */

/* The original must be the same bug twice; three tries. 1: it is not. */
static int
reproduce(struct work *w)
{
	struct verdict_key seen[AGREE + 1];
	const char *p = buf_str(&w->best);

	for (size_t n = 0; n <= AGREE; n++) {
		if (verdict(w, p, w->best.len, &seen[n]))
			return -1;
		for (size_t i = 0; i < n; i++)
			if (seen[n].crash && verdict_same(&seen[i], &seen[n])) {
				w->key = seen[n];
				memcpy(w->s->bucket, w->key.bucket,
				    sizeof w->s->bucket);
				return 0;
			}
	}
	return 1;
}

/* Candidates that hang are common; they need not wait for the full limit. */
static void
tighten(struct work *w)
{
	const struct exec_result *r = judge_result(w->judge);
	double enough = r->wall * SLOWER;

	if (r->limit != EXEC_NO_LIMIT)
		return;
	if (enough < LEAST)
		enough = LEAST;
	if (enough < w->limit)
		w->limit = enough;
}

static void
start_server(struct work *w)
{
	struct shrink *s = w->s;
	char *input = mem_printf("%s/%s", s->dir, s->file);
	struct forkserver_opts o = {s->argv, s->env, input, s->cpu, s->memory,
	    w->limit, s->crash_status, s->ncrash_status, 0, false};
	struct fail f;

	if (w->looks & FORKSERVER_AFL)
		w->server = forkserver_start(&o, &f);
	if (w->server && (forkserver_run(w->server, buf_str(&w->best),
			      w->best.len, &w->first, &f) ||
			     (w->first.end != FORKSERVER_CRASH &&
				 w->first.end != FORKSERVER_TIMEOUT))) {
		forkserver_stop(w->server);
		w->server = NULL;
	}
	free(input);
}

static int
open_judge(struct work *w, unsigned leaks)
{
	struct shrink *s = w->s;

	judge_close(w->judge);
	w->judge = NULL;
	strs_release(&w->env);
	for (char *const *e = s->env; *e; e++)
		strs_add(&w->env, *e);
	exec_sanitizer_env(&w->env, leaks);
	w->target = (struct exec_target){.argv = s->argv,
	    .env = strs_argv(&w->env),
	    .cwd = ".",
	    .file = s->file,
	    .wall = s->limit,
	    .memory = s->memory,
	    .core = -1,
	    .crash_status = s->crash_status,
	    .ncrash_status = s->ncrash_status};
	w->judge = judge_open(&w->target, w->rules, &w->policy, w->f);
	return w->judge ? 0 : -1;
}

/* Looking for leaks takes longer than most targets: only for a leak. */
static int
skip_leaks(struct work *w)
{
	struct verdict_key key;

	if (!(w->looks & FORKSERVER_LIBFUZZER) || strstr(w->key.kind, "leak"))
		return 0;
	if (open_judge(w, 0) ||
	    verdict(w, buf_str(&w->best), w->best.len, &key))
		return -1;
	return verdict_same(&key, &w->key) ? 0 : open_judge(w, EXEC_LEAKS);
}

static int
check_files(struct work *w, const char *path)
{
	const char *slash = strrchr(w->s->out, '/');
	struct stat in, out;
	bool cut;

	if (file_read(AT_FDCWD, path, INPUT_MAX, &w->best, &cut, w->f))
		return -1;
	if (cut)
		return fail_set(w->f, EX_LAGO_DATA, "too large '%s'", path);
	if (!stat(path, &in) && !stat(w->s->out, &out)) {
		if (in.st_dev == out.st_dev && in.st_ino == out.st_ino)
			return fail_set(w->f, EX_LAGO_CANTCREAT,
			    "would replace the original '%s'", w->s->out);
		if (!S_ISREG(out.st_mode))
			return fail_set(w->f, EX_LAGO_CANTCREAT,
			    "not a file '%s'", w->s->out);
	}
	w->temp = mem_printf("%.*s.%s.lago.%d",
	    slash ? (int)(slash + 1 - w->s->out) : 0, w->s->out,
	    slash ? slash + 1 : w->s->out, (int)getpid());
	scratch_also(w->temp);
	w->s->bytes_in = w->s->bytes = w->best.len;
	return 0;
}

static int
work(struct work *w, const char *path)
{
	struct reduce r = {test, w};
	int rc;

	w->looks = forkserver_look(w->s->argv[0], w->f);
	if (w->looks < 0 || check_files(w, path))
		return -1;
	w->rules = rules_load(NULL, w->f);
	if (!w->rules ||
	    open_judge(w, w->looks & FORKSERVER_LIBFUZZER ? EXEC_LEAKS : 0))
		return -1;
	rc = reproduce(w);
	if (rc)
		return rc;
	tighten(w);
	if (skip_leaks(w))
		return -1;
	start_server(w);
	if (save(w, buf_str(&w->best), w->best.len))
		return -1;
	reduce_input(&r, &w->best);
	return w->broken ? -1
			 : file_write(AT_FDCWD, w->s->out, buf_str(&w->best),
			       w->best.len, 0666, w->f);
}

int
shrink_input(struct shrink *s, const char *path, struct fail *f)
{
	struct work w = {.s = s, .f = f, .limit = s->limit};
	int rc = work(&w, path);

	forkserver_stop(w.server);
	judge_close(w.judge);
	rules_free(w.rules);
	strs_release(&w.env);
	buf_release(&w.best);
	free(w.temp);
	return rc;
}
