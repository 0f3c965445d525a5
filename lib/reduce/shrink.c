#include <errno.h>
#include <fcntl.h>
#include <math.h>
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
#include "reduce/oracle.h"
#include "reduce/reduce.h"
#include "target/scratch.h"
#include "reduce/shrink.h"
#include "reduce/trier.h"
#include "target/forkserver.h"

enum {
	INPUT_MAX = 256 << 20,
	OTHERS_MAX = 64, /* kinds of other crashes that are kept apart */
	STRAYS_MAX = 64, /* crashes of another signal that get a verdict */
	AGREE = 2,	 /* runs of the original that must show the same */
	FLAKY = 10,	 /* runs of one that does not always */
	TRUST = 64	 /* successes until the next look, at most */
};
/* The limit of a candidate: so many times what the original took, at least so
 * many seconds. */
#define SLOWER 10
#define LEAST 1.0
/* Of a hang: times what an empty input takes, and at least. */
#define HANG_SLOWER 10
#define HANG_LEAST 0.05
#define LOOK 1.0 /* seconds between two looks, at most */
/* Times its limit between two looks at a hang, which take so long, at least. */
#define LOOK_HANG 6

struct work {
	struct shrink *s;
	struct fail *f;
	struct buf best;
	char *temp;

	struct oracle oracle;
	struct trier *trier;
	struct verdict_key other[OTHERS_MAX];
	size_t others, strays;
	uint64_t asked;

	unsigned trust, most; /* successes until the next look; at most */
	unsigned taken;	      /* since the last one */
	double looked;
	double hang; /* limit of a try */
	double last; /* seconds that the last look at a hang takes */
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
	if (n < w->s->bytes)
		w->s->reached = clock_mono();
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

/* A fresh process: 1 the same bug, 0, -1. */
static int
ask(struct work *w, const void *p, size_t n, struct verdict_key *key)
{
	w->asked++;
	return oracle_ask(&w->oracle, p, n, 0, key, w->f);
}

static bool
over(struct work *w)
{
	if (sig_got)
		w->s->reason = SHRINK_SIGNAL;
	else if (w->s->end > 0 && clock_mono() >= w->s->end - w->last)
		w->s->reason = SHRINK_BUDGET;
	else
		return false;
	return true;
}

/* A crash of another kind; 0, or -1: stop. */
static int
stray(struct work *w, const void *p, size_t n)
{
	struct verdict_key key;

	if (!w->s->others || w->strays++ >= STRAYS_MAX)
		return 0;
	if (ask(w, p, n, &key) < 0)
		w->broken = !over(w);
	else if (key.crash && !oracle_shows(&w->oracle, &key))
		w->broken = save_other(w, &key, p, n) != 0;
	return w->broken || over(w) ? -1 : 0;
}

static int
test(const void *p, size_t n, void *arg)
{
	struct work *w = arg;

	if (over(w))
		return -1;
	switch (trier_try(w->trier, p, n)) {
	case TRIER_LIKE:
		return 1;
	case TRIER_STRAY:
		return stray(w, p, n);
	case TRIER_NO:
		return 0;
	case TRIER_BROKEN:
		w->broken = !over(w);
		break;
	case TRIER_STOP:
		over(w);
		break;
	}
	return -1;
}

static int
tests(const struct buf *const *v, size_t n, void *arg)
{
	struct work *w = arg;
	enum trier_answer other;
	size_t which = 0;
	int first;

	if (over(w))
		return -2;
	first = trier_several(w->trier, v, n, &other, &which);
	if (other == TRIER_STRAY && stray(w, buf_str(v[which]), v[which]->len))
		return -2;
	if (first >= 0 || other <= TRIER_STRAY)
		return first;
	w->broken = other == TRIER_BROKEN && !over(w);
	return -2;
}

static size_t
width(void *arg)
{
	return trier_width(((struct work *)arg)->trier);
}

/* Votes of fresh processes. */
static int
confirm(struct work *w, const struct buf *best, struct verdict_key *key)
{
	unsigned yes = 0;
	int rc;

	for (unsigned i = 0; i < w->s->tries && yes < w->s->votes; i++) {
		rc = ask(w, buf_str(best), best->len, key);
		if (rc < 0)
			return -1;
		yes += (unsigned)rc;
	}
	return yes >= w->s->votes;
}

/* What is not confirmed is another bug, or a fast way that lies: a look sooner
 * from now on. */
static void
distrust(struct work *w)
{
	w->most = w->most > 1 ? w->most / 2 : 1;
	w->trust = 1;
	if (w->oracle.timeout)
		trier_limit(w->trier, fmin(w->s->limit, 4 * w->hang));
	w->hang = fmin(w->s->limit, 4 * w->hang);
}

/* Is it time to ask for a fresh verdict? */
static bool
is_due(const struct work *w, enum reduce_check how)
{
	double now = clock_mono();

	if (how >= CHECK_NOW)
		return true;
	if (w->oracle.timeout)
		return now >= w->looked + LOOK_HANG * w->s->limit;
	return how == CHECK_SOON || w->taken >= w->trust ||
	       now >= w->looked + LOOK;
}

static int
check(const struct buf *best, enum reduce_check how, void *arg)
{
	struct work *w = arg;
	struct verdict_key key;
	int rc = 1;

	w->taken++;
	if (!trier_is_sure(w->trier)) {
		if (!is_due(w, how))
			return 0;
		/* One more, when we are asked to end: what is saved is sure. */
		rc = confirm(w, best, &key);
		w->looked = clock_mono();
		w->taken = 0;
	}
	if (rc < 0) {
		w->broken = !over(w);
		return -2;
	}
	if (rc > 0) {
		if (how != CHECK_BACK)
			w->trust =
			    w->trust * 2 < w->most ? w->trust * 2 : w->most;
		w->broken = save(w, buf_str(best), best->len) != 0;
		return w->broken ? -2 : 1;
	}
	if (how != CHECK_BACK)
		distrust(w);
	if (key.crash)
		w->broken = save_other(w, &key, buf_str(best), best->len) != 0;
	return w->broken ? -2 : -1;
}

/* --- start and end --- */

/* Candidates that hang are common; they need not wait for the full limit. */
static double
limit(struct work *w)
{
	const struct exec_result *r = oracle_result(&w->oracle);
	struct verdict_key key;
	double took = r->wall, enough = fmax(LEAST, took * SLOWER);

	if (w->oracle.timeout) {
		if (ask(w, "0", 1, &key) < 0)
			return w->s->limit;
		took = oracle_result(&w->oracle)->wall;
		enough = fmax(HANG_LEAST, took * HANG_SLOWER);
	}
	return fmin(enough, w->s->limit);
}

/* What the original shows most often is the bug; how often decides how many
 * runs a candidate gets. 1: nothing twice. */
static int
reproduce(struct work *w)
{
	struct verdict_key seen[FLAKY];
	const char *p = buf_str(&w->best);
	unsigned n = 0, same = 0, most = w->s->tries > 3 ? w->s->tries : 3;

	while (n < most && n < FLAKY && same < AGREE) {
		int rc = ask(w, p, w->best.len, &seen[n]);

		w->oracle.limit = w->s->limit;
		if (rc < 0)
			return -1;
		if (w->oracle.by == ORACLE_SCRIPT) {
			same += (unsigned)rc;
			n++;
			continue;
		}
		same = 0;
		for (unsigned i = 0; i <= n; i++)
			same +=
			    w->oracle.by == ORACLE_STATUS ||
			    (seen[n].crash &&
				(i == n || verdict_same(&seen[i], &seen[n])));
		oracle_learn(&w->oracle, &seen[n++]);
		/* That it takes so long is known then. */
		if (n == 1 && w->oracle.timeout) {
			w->oracle.limit = w->hang = limit(w);
			w->last = w->s->limit;
		}
		if (same < AGREE && n == 3 && most == 3 && w->s->tries == 0)
			for (unsigned i = 0; i < n; i++)
				if (seen[i].crash)
					most = FLAKY;
	}
	if (same < AGREE)
		return 1;
	memcpy(w->s->bucket, w->oracle.key.bucket, sizeof w->s->bucket);
	if (w->s->tries == 0)
		w->s->tries = n == same		     ? 1
			      : 3 * n / same < FLAKY ? 3 * n / same
						     : FLAKY;
	if (w->s->votes == 0)
		w->s->votes = 1;
	if (w->s->votes > w->s->tries)
		w->s->tries = w->s->votes;
	return 0;
}

/* Looking for leaks takes longer than most targets: only for a leak. */
static int
skip_leaks(struct work *w)
{
	struct verdict_key key;
	int rc;

	if (!w->oracle.leaks || strstr(w->oracle.key.kind, "leak"))
		return 0;
	if (oracle_open(&w->oracle, false, w->f))
		return -1;
	rc = ask(w, buf_str(&w->best), w->best.len, &key);
	return rc > 0 ? 0 : rc < 0 ? -1 : oracle_open(&w->oracle, true, w->f);
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

static bool
is_seen(struct work *w)
{
	struct strs *seen = w->s->seen;

	for (size_t i = 0; seen && i < seen->n; i++)
		if (!strcmp(seen->v[i], w->s->bucket))
			return true;
	if (seen)
		strs_add(seen, w->s->bucket);
	return false;
}

void
shrink_oracle(const struct shrink *s, char *const *argv, char *const *env,
    struct oracle *o)
{
	o->by = (enum oracle_by)s->by;
	o->script = s->script;
	o->limit = s->limit;
	o->target = (struct exec_target){.argv = argv,
	    .env = env,
	    .cwd = ".",
	    .file = s->file,
	    .wall = s->limit,
	    .memory = s->memory,
	    .core = -1,
	    .crash_status = s->crash_status,
	    .ncrash_status = s->ncrash_status};
}

static int
start(struct work *w, const char *path)
{
	struct shrink *s = w->s;
	int looks = forkserver_look(s->argv[0], w->f), rc;
	struct trier_opts o = {.oracle = &w->oracle,
	    .dir = s->dir,
	    .file = s->file,
	    .cpu = s->cpu,
	    .cpus = s->cpus,
	    .workers = s->workers,
	    .server = looks > 0 && (looks & FORKSERVER_AFL)};

	if (looks < 0 || check_files(w, path))
		return -1;
	shrink_oracle(s, s->argv, s->env, &w->oracle);
	if (oracle_open(&w->oracle, looks & FORKSERVER_LIBFUZZER, w->f))
		return -1;
	rc = reproduce(w);
	if (rc)
		return rc;
	if (is_seen(w))
		return SHRINK_SEEN;
	if (!w->hang)
		w->hang = limit(w);
	o.limit = w->hang;
	if (skip_leaks(w))
		return -1;
	o.tries = s->tries;
	o.votes = s->votes;
	w->trier = trier_open(&o, buf_str(&w->best), w->best.len);
	s->way = trier_way(w->trier);
	w->trust = 1;
	w->most = TRUST;
	w->looked = clock_mono();
	return save(w, buf_str(&w->best), w->best.len);
}

int
shrink_input(struct shrink *s, const char *path, struct fail *f)
{
	struct work w = {.s = s, .f = f};
	struct reduce r = {.test = test,
	    .arg = &w,
	    .width = width,
	    .tests = tests,
	    .check = check,
	    .words = s->words,
	    .plain = true};
	int rc = start(&w, path);

	if (rc == 0) {
		reduce_input(&r, &w.best);
		rc = w.broken ? -1
			      : file_write(AT_FDCWD, s->out, buf_str(&w.best),
				    w.best.len, 0666, f);
		s->bytes = w.best.len;
	}
	s->execs = w.asked + (w.trier ? trier_count(w.trier) : 0);
	trier_close(w.trier);
	oracle_close(&w.oracle);
	buf_release(&w.best);
	free(w.temp);
	return rc;
}
