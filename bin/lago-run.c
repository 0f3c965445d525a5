/* lago-run: run one job here, from unpacking to results. */
#include <sys/stat.h>

#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/sig.h"
#include "base/strs.h"
#include "job/bundle.h"
#include "job/home.h"
#include "job/jobfile.h"
#include "job/rundir.h"
#include "run/run.h"
#include "run/summary.h"
#include "target/cpus.h"

static const char usage[] =
    "usage: lago-run [-hjNqvV] [-b duration] [-c cpus] [-D driver] [-g "
    "tag]...\n"
    "                [-m MiB] [-o path] [-P workers] [-t duration] [-T "
    "target]\n"
    "                [-w duration] [-x name=value]... [bundle|jobdir...]\n";

#define EX_NEW 2    /* -x fail=new: a new bug was found */
#define LOCK_WAIT 5 /* seconds: the rest of a killed run may be dying */

static bool jflag, nflag, qflag, vflag;
static const char *out_path, *target, *known;
static int fail_new = -1; /* 0: a new bug makes it EX_NEW */
static double budget, wait_time;
static struct cpus cpus;
static struct kv given; /* of the job */
static bool terminal;

/* What an operand is, and what follows from it. */
struct work {
	const char *operand;
	char *bundle; /* path of the archive */
	char *path;   /* of the run directory */
	struct kv job;
	int dir, lock;
};

static int
set_cpus(void *arg, const char *name, const char *list, struct fail *f)
{
	(void)name;
	return cpus_parse(arg, list, f);
}

/* ---- the job ---- */

/* What this machine's owner says; no home is no answer. */
static void
read_config(struct home *home, struct kv *config)
{
	struct fail f;

	home->fd = -1;
	if (home_open(home, NULL, false, &f) == 0 &&
	    home_config(home, config, &f) != 0)
		opt_fail(&f);
}

static int
apply_options(struct kv *job, struct fail *f)
{
	size_t i;

	for (i = 0; i < given.n; i++)
		if (jobfile_set(job, given.v[i].key, given.v[i].value,
			"options", f) != 0)
			return -1;
	return 0;
}

static int
bundle_sha256(const struct work *w, char hex[HASH_HEX], struct fail *f)
{
	int fd = open(w->bundle, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || hash_fd(fd, hex) != 0) {
		fail_errno(f, EX_LAGO_NOINPUT, "cannot read '%s'", w->bundle);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

/* A bundle alone: checked, its settings resolved as lago-submit does. */
static int
resolve(struct work *w, const struct home *home, struct fail *f)
{
	struct bundle_limits limits = BUNDLE_LIMITS;
	struct strs notes = {0};
	struct bundle b = {0};
	const char *only = target;
	int fd = open(w->bundle, O_RDONLY | O_CLOEXEC), rc;
	size_t i;

	if (fd < 0)
		return fail_errno(
		    f, EX_LAGO_NOINPUT, "cannot open '%s'", w->bundle);
	rc = bundle_check(fd, w->operand, &limits, &b, f);
	if (rc == 0 && (b.shape == BUNDLE_LAGOPUS || b.n == 1))
		only = b.targets[0].name;
	if (rc == 0 && only == NULL)
		rc = fail_set(f, EX_LAGO_USAGE,
		    "'%s' has %zu targets: choose one with -T", w->operand,
		    b.n);
	if (rc == 0)
		rc = jobfile_resolve(&b, only, w->operand, &given,
		    home->fd >= 0 ? home : NULL, &w->job, &notes, f);
	for (i = 0; rc == 0 && !qflag && i < notes.n; i++)
		opt_say("'%s': %s", w->operand, notes.v[i]);
	strs_release(&notes);
	bundle_release(&b);
	close(fd);
	return rc;
}

/* ---- the run directory ---- */

static char *
without_suffix(const char *operand)
{
	char *copy = mem_strdup(operand);
	char *name = mem_strdup(basename(copy)), *dot;
	static const char *const ends[] = {".tar", NULL};
	size_t i;

	if ((dot = strrchr(name, '.')) != NULL && dot != name)
		*dot = '\0';
	for (i = 0; ends[i] != NULL; i++)
		if ((dot = strrchr(name, '.')) != NULL && dot != name &&
		    strcmp(dot, ends[i]) == 0)
			*dot = '\0';
	free(copy);
	return name;
}

static void
run_keys(struct kv *keys)
{
	char host[256] = "local";

	gethostname(host, sizeof(host) - 1);
	kv_set(keys, "by", "lago-run");
	kv_set(keys, "node", host);
}

static int
open_dir(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A new one at w->path, with the job's settings in it. */
static int
make_run(struct work *w, struct fail *f)
{
	struct kv keys = {0};

	run_keys(&keys);
	w->dir = rundir_new_at(w->path, &keys, f);
	kv_release(&keys);
	return w->dir < 0 ? -1 : kv_write(&w->job, w->dir, "job", f);
}

/* Is the directory a run, and of this bundle?  Its settings then hold, with
 * what the options say now. */
static int
join_run(struct work *w, const char *sha256, struct fail *f)
{
	const char *has;

	if (!file_exists(w->dir, "run"))
		return fail_set(f, EX_LAGO_CANTCREAT,
		    "'%s' exists and is no run directory", w->path);
	if (!file_exists(w->dir, "job"))
		return 0;
	kv_release(&w->job);
	if (jobfile_read(w->dir, &w->job, f) != 0)
		return -1;
	has = kv_get(&w->job, "sha256");
	if (has == NULL || strcmp(has, sha256) != 0)
		return fail_set(f, EX_LAGO_DATA,
		    "'%s' is a run of another bundle", w->path);
	return apply_options(&w->job, f);
}

static int
open_bundle(struct work *w, const struct home *home, struct fail *f)
{
	char sha256[HASH_HEX], *name;

	w->bundle = realpath(w->operand, NULL);
	if (w->bundle == NULL)
		return fail_errno(
		    f, EX_LAGO_NOINPUT, "cannot open '%s'", w->operand);
	name = without_suffix(w->operand);
	w->path = out_path != NULL ? mem_strdup(out_path)
				   : mem_printf("%s.run", name);
	free(name);
	if (bundle_sha256(w, sha256, f) != 0)
		return -1;
	w->dir = open_dir(w->path);
	if (w->dir >= 0 && join_run(w, sha256, f) != 0)
		return -1;
	if (w->job.n == 0) {
		if (resolve(w, home, f) != 0)
			return -1;
		kv_set(&w->job, "bundle", w->bundle);
		kv_set(&w->job, "sha256", sha256);
	}
	if (w->dir < 0)
		return nflag ? 0 : make_run(w, f);
	return file_exists(w->dir, "job") ? 0
					  : kv_write(&w->job, w->dir, "job", f);
}

/* The newest run of jobs/N that lago-run made, or a new one. */
static int
home_of(const char *jobdir, struct home *home, long *job)
{
	char *copy = mem_strdup(jobdir), *jobs = dirname(copy);
	const char *name = strrchr(jobdir, '/');
	long run;
	int rc = -1;

	if (name != NULL && home_parse_id(name + 1, job, &run) == 0 &&
	    run == 0 && strcmp(basename(jobs), "jobs") == 0)
		rc = home_open(home, dirname(jobs), false, NULL);
	free(copy);
	return rc;
}

static bool
is_ours(const struct home *home, long job, long run)
{
	struct kv keys = {0};
	int dir = home_run(home, job, run, NULL);
	const char *by = NULL;
	bool ours;

	if (dir >= 0 && rundir_read(dir, &keys, NULL, NULL) == 0)
		by = kv_get(&keys, "by");
	ours = by != NULL && strcmp(by, "lago-run") == 0;
	kv_release(&keys);
	if (dir >= 0)
		close(dir);
	return ours;
}

static int
choose_run(struct work *w, const struct home *home, long job, struct fail *f)
{
	struct kv keys = {0};
	struct home_new draft;
	long *runs, run = 0;
	size_t n;

	if (home_runs(home, job, &runs, &n, f) != 0)
		return -1;
	while (n > 0 && run == 0)
		if (is_ours(home, job, runs[--n]))
			run = runs[n];
	free(runs);
	if (run > 0)
		w->dir = home_run(home, job, run, f);
	else if (!nflag) {
		run_keys(&keys);
		if (rundir_draft(&draft, home, job, &keys, f) == 0)
			w->dir = rundir_publish(&draft, home, job, &run, f);
		kv_release(&keys);
	}
	w->path = mem_printf("%s/jobs/%ld/runs/%ld", home->path, job, run);
	return w->dir < 0 && !nflag ? -1 : 0;
}

static int
open_job(struct work *w, int jobdir, struct fail *f)
{
	char *path = realpath(w->operand, NULL);
	struct home home;
	const char *name;
	long job;
	int rc = -1;

	if (jobfile_read(jobdir, &w->job, f) != 0 ||
	    apply_options(&w->job, f) != 0) {
		free(path);
		return -1;
	}
	name = kv_get(&w->job, "bundle");
	w->bundle = mem_printf("%s/%s", path, name != NULL ? name : "");
	if (out_path == NULL && home_of(path, &home, &job) == 0) {
		rc = choose_run(w, &home, job, f);
		home_close(&home);
	} else {
		w->path = out_path != NULL
			      ? mem_strdup(out_path)
			      : mem_printf("%s.run", strrchr(path, '/') + 1);
		w->dir = open_dir(w->path);
		if (w->dir < 0)
			rc = nflag ? 0 : make_run(w, f);
		else
			rc = join_run(w, kv_get(&w->job, "sha256"), f);
	}
	free(path);
	return rc;
}

static int
open_work(struct work *w, const struct home *home, struct fail *f)
{
	int fd = open_dir(w->operand), rc;

	if (fd < 0)
		return open_bundle(w, home, f);
	rc = file_exists(fd, "job")
		 ? open_job(w, fd, f)
		 : fail_set(f, EX_LAGO_DATA, "'%s' holds no job", w->operand);
	close(fd);
	return rc;
}

/* ---- running ---- */

static void
clear_line(void)
{
	if (terminal)
		fputs("\r\033[K", stderr);
}

static void
say(const char *text)
{
	clear_line();
	if (!qflag)
		opt_say("%s", text);
}

static void
show(const char *text)
{
	struct fail f; /* for its plain form */

	if (vflag)
		opt_say("%s", text);
	else if (terminal && !qflag) {
		fail_set(&f, 0, "%s", text);
		fprintf(stderr, "\r\033[K%.120s", f.text);
	}
}

static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word);
	const char *p;

	for (p = list; p != NULL && (p = strstr(p, word)) != NULL; p += n)
		if ((p == list || p[-1] == ',' || p[-1] == ' ') &&
		    (p[n] == '\0' || p[n] == ',' || p[n] == ' '))
			return true;
	return false;
}

/* The owner's word: config, or this command line. */
static bool
allowed(const struct kv *config, const char *word, const char *key)
{
	return has_word(kv_get(config, "allow"), word) ||
	       kv_get(&given, key) != NULL;
}

static int
take_lock(struct work *w, struct fail *f)
{
	double end = clock_mono() + LOCK_WAIT;

	while ((w->lock = rundir_lock(w->dir, f)) < 0) {
		if (f->status != EX_LAGO_TEMP || clock_mono() >= end) {
			if (f->status == EX_LAGO_TEMP)
				fail_set(f, EX_LAGO_TEMP,
				    "the run '%s' is alive", w->path);
			return -1;
		}
		clock_sleep(0.1);
	}
	return 0;
}

/* -N: what would be run. */
static void
print_job(const struct work *w)
{
	struct out o;
	size_t i;

	out_init(&o, stdout, jflag);
	if (jflag) {
		for (i = 0; i < w->job.n; i++)
			out_text(&o, w->job.v[i].key, w->job.v[i].value);
		out_text(&o, "run", w->path);
		out_end(&o);
		return;
	}
	for (i = 0; i < w->job.n; i++) {
		out_text(&o, NULL, w->job.v[i].key);
		out_text(&o, NULL, w->job.v[i].value);
		out_end(&o);
	}
}

static int
print_summary(const struct work *w, struct fail *f)
{
	struct summary s;
	struct out o;

	if (summary_read(w->dir, &s, f) != 0)
		return -1;
	out_init(&o, stdout, jflag);
	out_text(&o, "run", w->path);
	out_text(&o, "state", s.state);
	out_text(&o, "reason", s.reason);
	out_int(&o, "seconds", (int64_t)s.seconds);
	out_int_or(&o, "execs", s.execs, -1);
	out_int_or(&o, "edges", s.edges, -1);
	out_int(&o, "corpus", (int64_t)s.corpus);
	out_int(&o, "crashes", (int64_t)s.crashes);
	out_int(&o, "bugs", (int64_t)s.bugs);
	out_end(&o);
	fflush(stdout);
	return 0;
}

static int
run(struct work *w, const struct kv *config, struct fail *f)
{
	struct run_config c = {.path = w->path,
	    .dir = w->dir,
	    .job = &w->job,
	    .bundle = w->bundle,
	    .cpus = cpus.n > 0 ? &cpus : NULL,
	    .wait = wait_time,
	    .budget = budget,
	    .allow_network = allowed(config, "network", "network"),
	    .allow_no_sandbox = allowed(config, "no-sandbox", "sandbox"),
	    .say = say,
	    .show = show};
	struct fail why;
	int rc;

	if (take_lock(w, f) != 0)
		return -1;
	c.lock = w->lock;
	rc = run_go(&c, f);
	clear_line();
	/* Also of a run that failed, or goes on later. */
	if (print_summary(w, &why) != 0 && rc == 0) {
		*f = why;
		rc = -1;
	}
	return rc;
}

/* One operand: its exit status. */
static int
work(const char *operand, const struct home *home, const struct kv *config)
{
	struct work w = {.operand = operand, .dir = -1};
	struct fail f = {0};
	char *real;
	int status = 0;

	if (open_work(&w, home, &f) != 0) {
		status = opt_warn(&f);
	} else if (nflag) {
		print_job(&w);
	} else {
		real = realpath(w.path, NULL);
		if (real != NULL) {
			free(w.path);
			w.path = real;
		}
		if (run(&w, config, &f) != 0)
			status = opt_warn(&f);
		else if (fail_new == 0 && summary_news(w.dir, known) > 0)
			status = EX_NEW;
	}
	if (w.dir >= 0)
		close(w.dir);
	free(w.bundle);
	free(w.path);
	kv_release(&w.job);
	return status;
}

int
main(int argc, char **argv)
{
	struct opt_operands operands;
	struct kv config = {0};
	struct home home;
	char *operand;
	int status = 0, one;
	static const char *const on[] = {"new", NULL};
#define KEY .call = jobfile_option, .arg = &given
	const struct opt settings[] = {{"fail", .word = &fail_new, .words = on},
	    {"known", .text = &known}, {"", KEY}, {0}};
	const struct opt options[] = {{"b", .seconds = &budget},
	    {"c", .call = set_cpus, .arg = &cpus}, {"D", KEY}, {"g", KEY},
	    {"j", .flag = &jflag}, {"m", KEY}, {"N", .flag = &nflag},
	    {"o", .text = &out_path}, {"P", KEY}, {"q", .flag = &qflag},
	    {"t", KEY}, {"T", .text = &target}, {"v", .flag = &vflag},
	    {"w", .seconds = &wait_time}, {"x", .settings = settings}, {0}};

	opt_start(argv);
	argv = opt_read(options, argc, argv, usage);
	terminal = isatty(2);
	opt_operands(&operands, argv, true, false, usage);
	if (out_path != NULL && *argv != NULL && argv[1] != NULL)
		opt_usage(usage, "-o is for one run");
	read_config(&home, &config);
	sig_init();
	while (sig_got == 0 && (operand = opt_next(&operands)) != NULL) {
		one = work(operand, &home, &config);
		status = one == EX_NEW && status == 0 ? EX_NEW
						      : fail_worse(status, one);
	}
	fflush(stdout);
	sig_raise();
	opt_exit(status);
}
