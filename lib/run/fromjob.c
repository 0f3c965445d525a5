#include "run/fromjob.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/kv.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/paths.h"
#include "base/sig.h"
#include "base/strs.h"
#include "target/scratch.h"
#include "job/bundle.h"
#include "job/jobfile.h"
#include "job/plugin.h"
#include "job/unpack.h"
#include "run/replays.h"
#include "store/pick.h"
#include "store/repro.h"
#include "store/store.h"

#define VERB_SECONDS 60
#define STOP_SECONDS 30 /* for a command to end after TERM */

/* ---- ids ---- */

int
fromjob_open(struct fromjob *j, const char *home, struct fail *f)
{
	memset(j, 0, sizeof(*j));
	if (home_open(&j->home, home, false, f) != 0)
		return -1;
	j->store = store_open(j->home.path, STORE_READ, f);
	return j->store != NULL ? 0 : -1;
}

static void
add(struct fromjob *j, long job, long run, const char *build, char *path)
{
	j->v = mem_grow(j->v, j->n + 1, sizeof(*j->v));
	j->v[j->n++] = (struct fromjob_input){job, run, build, path};
}

/* The build that the crash was judged on. */
static const char *
judge(const struct fromjob *j, const struct pick *p)
{
	struct buf record = BUF_INIT, word = BUF_INIT;
	const char *build = "target";

	if (pick_record(&j->home, p, &record, NULL) == 0 &&
	    json_text(record.p, record.len, "$.judge", &word))
		build = repro_build(word.p);
	buf_release(&record);
	buf_release(&word);
	return build;
}

/* False when it is no longer kept. */
static bool
add_crash(struct fromjob *j, const struct pick *p)
{
	char *path = mem_printf("%s/jobs/%ld/runs/%ld/crashes/%s", j->home.path,
	    p->job, p->run, p->sha);
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		add(j, p->job, p->run, judge(j, p), path);
		return true;
	}
	free(path);
	return false;
}

static int
pick(struct fromjob *j, const char *id, struct fail *f)
{
	struct pick p;

	if (!pick_is_bug(id) && !pick_is_crash(id))
		return fail_set(f, EX_LAGO_NOINPUT,
		    "'%s' is no id, and no command stands behind --", id);
	if (pick_find(j->store, id, &p, f) != 0)
		return -1;
	if (!add_crash(j, &p))
		return fail_set(f, EX_LAGO_NOINPUT,
		    "the input of '%s' is not kept in run %ld.%ld", id, p.job,
		    p.run);
	return 0;
}

/* An input is taken from the last run that has it. */
#define INPUTS                               \
	"SELECT sha, job, run, at, length, " \
	"max(job * 1000000000 + run) FROM crash WHERE "
#define EACH " GROUP BY sha ORDER BY job, run, sha"

static int
add_rows(struct fromjob *j, sqlite3_stmt *q, struct fail *f)
{
	struct pick p = {0};
	int r = -1;

	while (q != NULL && (r = store_row(j->store, q, f)) == 1) {
		snprintf(p.sha, sizeof(p.sha), "%s",
		    (const char *)sqlite3_column_text(q, 0));
		p.job = (long)sqlite3_column_int64(q, 1);
		p.run = (long)sqlite3_column_int64(q, 2);
		p.at = sqlite3_column_int64(q, 3);
		p.length = sqlite3_column_int64(q, 4);
		add_crash(j, &p);
	}
	return r;
}

/* Is there such a job, and such a run when one is named? */
static int
look(struct fromjob *j, long job, long run, struct fail *f)
{
	int fd = run != 0 ? home_run(&j->home, job, run, f)
			  : home_job(&j->home, job, f);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

int
fromjob_crashes(struct fromjob *j, const char *id, struct fail *f)
{
	long job, run;
	size_t before = j->n;

	if (home_parse_id(id, &job, &run) == 0) {
		if (look(j, job, run, f) != 0)
			return -1;
		return add_rows(j,
		    store_query(j->store, f,
			INPUTS "job = ?1 AND (?2 = 0 OR run = ?2)" EACH, "ii",
			(int64_t)job, (int64_t)run),
		    f);
	}
	if (!pick_is_bug(id))
		return pick(j, id, f);
	if (add_rows(j,
		store_query(j->store, f, INPUTS "bug = ?1" EACH, "t", id),
		f) != 0)
		return -1;
	/* None: it says whether the bug is unknown or its inputs are gone. */
	return j->n > before ? 0 : pick(j, id, f);
}

/* The run's corpus, or what it had found of one; false when it has none. */
static bool
add_corpus(struct fromjob *j, long job, long run)
{
	static const char *const dirs[] = {"corpus", "queue"};
	struct strs names = {0};
	bool any = false;
	char *path;
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && !any; i++) {
		path = mem_printf(
		    "%s/jobs/%ld/runs/%ld/%s", j->home.path, job, run, dirs[i]);
		any =
		    file_list(AT_FDCWD, path, &names, NULL) == 0 && names.n > 0;
		if (any)
			add(j, job, run, "target", path);
		else
			free(path);
		strs_release(&names);
	}
	return any;
}

int
fromjob_crash(struct fromjob *j, const char *id, struct fail *f)
{
	return pick(j, id, f);
}

int
fromjob_one(struct fromjob *j, const char *id, struct fail *f)
{
	long job, run, *runs = NULL;
	size_t n = 0;
	bool found;

	if (home_parse_id(id, &job, &run) != 0)
		return pick(j, id, f);
	if (look(j, job, run, f) != 0 ||
	    (run == 0 && home_runs(&j->home, job, &runs, &n, f) != 0))
		return -1;
	found = run != 0 && add_corpus(j, job, run);
	while (n > 0 && !found)
		found = add_corpus(j, job, runs[--n]);
	free(runs);
	if (!found)
		return fail_set(f, EX_LAGO_NOINPUT, "no corpus in '%s'", id);
	return 0;
}

/* ---- a job ---- */

struct place {
	const struct home *home;
	long id, run;
	const char *build;
	struct kv job;
	char *dir; /* private; bundle/ is the unpacked one */
	struct plugin_command replay;
	unsigned memory; /* MiB of one instance */
};

static const char *
get(const struct place *p, const char *key, const char *otherwise)
{
	const char *s = kv_get(&p->job, key);

	return s == NULL || *s == '\0' ? otherwise : s;
}

/* Nothing of a job but its target may run here, where no sandbox is. */
static int
fit(const struct place *p, int fd, const char *name, struct fail *f)
{
	struct bundle_limits limits = BUNDLE_LIMITS;
	struct bundle b = {0};
	int rc = bundle_check(fd, name, &limits, &b, f);

	if (rc == 0 && b.provision)
		rc = fail_set(f, EX_LAGO_UNAVAILABLE,
		    "job %ld needs its provision.sh, which runs only in "
		    "lago-run",
		    p->id);
	else if (rc == 0 && strcmp(get(p, "driver", ""), "bundle") == 0)
		rc = fail_set(f, EX_LAGO_UNAVAILABLE,
		    "job %ld has a driver of its own, which runs only in "
		    "lago-run",
		    p->id);
	bundle_release(&b);
	return rc;
}

static int
make_dir(struct place *p, struct fail *f)
{
	const char *where = getenv("TMPDIR");
	char *path = mem_printf("%s/lago-job.XXXXXX",
	    where != NULL && where[0] == '/' ? where : "/tmp");
	char *bundle;
	int fd = -1;

	if (mkdtemp(path) == NULL) {
		fail_errno(f, EX_LAGO_CANTCREAT, "cannot make '%s'", path);
		free(path);
		return -1;
	}
	p->dir = path;
	scratch_also(path);
	bundle = mem_printf("%s/bundle", path);
	if (mkdir(bundle, 0755) == 0)
		fd = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fail_errno(f, EX_LAGO_CANTCREAT, "cannot make '%s'", bundle);
	free(bundle);
	return fd;
}

static int
unpack(struct place *p, struct fail *f)
{
	struct bundle_limits limits = BUNDLE_LIMITS;
	const char *name = get(p, "bundle", "bundle.zip");
	char *path = mem_printf("%s/jobs/%ld/%s", p->home->path, p->id,
	    strchr(name, '/') == NULL ? name : "bundle.zip");
	int fd = open(path, O_RDONLY | O_CLOEXEC), to = -1, rc = -1;

	if (fd < 0)
		fail_errno(f, EX_LAGO_NOINPUT, "cannot open '%s'", path);
	else if (fit(p, fd, path, f) == 0 && (to = make_dir(p, f)) >= 0)
		rc = unpack_bundle(fd, path, &limits, to, f);
	if (to >= 0)
		close(to);
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

/* Seconds an execution may take: as the job says, else as its run measured. */
static double
timeout(const struct place *p)
{
	int dir = home_run(p->home, p->id, p->run, NULL);
	struct kv progress = {0};
	double v = 0;

	if (opt_parse_duration(get(p, "timeout", ""), &v) != 0 || v <= 0)
		v = 0;
	if (v == 0 && dir >= 0 &&
	    kv_read(&progress, dir, "progress", 1 << 20, NULL) == 0 &&
	    kv_get(&progress, "limit") != NULL &&
	    opt_parse_duration(kv_get(&progress, "limit"), &v) != 0)
		v = 0;
	kv_release(&progress);
	if (dir >= 0)
		close(dir);
	return v;
}

static void
driver_env(const struct place *p, unsigned instances, struct strs *env)
{
	const char *path = getenv("PATH");
	double limit = timeout(p);

	strs_addf(env, "PATH=%s", path != NULL ? path : "/usr/bin:/bin");
	strs_addf(env, "HOME=%s", p->dir);
	strs_addf(env, "TMPDIR=%s", p->dir);
	strs_add(env, "LANG=C");
	strs_addf(env, "LAGO_BUNDLE=%s/bundle", p->dir);
	strs_addf(env, "LAGO_TARGET=%s", get(p, "member", "target"));
	strs_addf(env, "LAGO_JOB=%s/jobs/%ld/job", p->home->path, p->id);
	if (limit > 0)
		strs_addf(env, "LAGO_TIMEOUT=%.0f", limit * 1000);
	if (instances > 0)
		strs_addf(env, "LAGO_MEMORY=%lld",
		    (long long)kv_int(&p->job, "memory", 2048) / instances);
}

/* instances: how many share the job's memory, 0 not known yet. */
static int
ask(const struct place *p, const char *verb, const char *word,
    unsigned instances, struct buf *answer, struct fail *f)
{
	char *path = paths_plugin("driver", get(p, "driver", ""));
	char *argv[] = {path, (char *)verb, (char *)word, NULL};
	struct strs env = {0};
	int rc;

	if (path == NULL)
		return fail_set(f, EX_LAGO_UNAVAILABLE, "no driver '%s' here",
		    get(p, "driver", ""));
	driver_env(p, instances, &env);
	rc = plugin_run(argv, env.v, p->dir, NULL, 0, VERB_SECONDS, answer, f);
	strs_release(&env);
	free(path);
	return rc;
}

static int
ask_replay(struct place *p, struct fail *f)
{
	struct buf b = BUF_INIT;
	unsigned n = 1;
	int rc;

	rc = ask(p, "instances", get(p, "cpus", "2"), 0, &b, f);
	if (rc == 0 && kv_int(&p->job, "listens", 0) == 0)
		n = (unsigned)strtoul(buf_str(&b), NULL, 10);
	buf_reset(&b);
	n = n > 0 ? n : 1;
	p->memory = (unsigned)(kv_int(&p->job, "memory", 2048) / n);
	if (rc == 0)
		rc = ask(p, "replay", p->build, n, &b, f);
	if (rc == 0)
		rc =
		    plugin_command(buf_str(&b), b.len, "replay", &p->replay, f);
	buf_release(&b);
	return rc;
}

void
fromjob_path(struct strs *words, const char *option, const char *path)
{
	char here[PATH_MAX];

	if (path != NULL && path[0] != '/' &&
	    getcwd(here, sizeof(here)) != NULL)
		strs_addf(words, "%s%s/%s", option, here, path);
}

/* To its end, or to ours. */
static int
wait_for(struct child *c)
{
	int status = 0;

	while (child_wait(c, 0, &status) != 0) {
		sig_poll(NULL, 0, -1);
		if (sig_got) {
			child_stop(c, STOP_SECONDS);
			return 0;
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_LAGO_TEMP;
}

static int
run(struct place *p, const struct strs *words, const struct strs *inputs,
    int *status, struct fail *f)
{
	char *cwd = mem_printf("%s/bundle", p->dir);
	struct strs argv = {0};
	struct child c = {
	    .cwd = cwd, .out = 1, .err = 2, .tied = true, .pid = -1};
	size_t i;
	int rc = -1;

	strs_addf(&argv, "%s/%s", paths_bin(), words->v[0]);
	replays_words(&p->replay, timeout(p), p->memory, &argv);
	if (strcmp(words->v[0], "lago-triage") == 0)
		strs_addf(
		    &argv, "-xfuzz_target=%s", get(p, "target", "target"));
	for (i = 1; i < words->n; i++)
		strs_add(&argv, words->v[i]);
	strs_add(&argv, "-0");
	strs_add(&argv, "--");
	for (i = 0; i < p->replay.argv.n; i++)
		strs_add(&argv, p->replay.argv.v[i]);
	c.argv = argv.v;
	c.in = replays_operands(inputs);
	if (c.in < 0)
		fail_errno(f, EX_LAGO_TEMP, "cannot start '%s'", argv.v[0]);
	else if (child_start(&c, f) == 0) {
		*status = wait_for(&c);
		rc = 1;
	}
	if (c.in >= 0)
		close(c.in);
	strs_release(&argv);
	free(cwd);
	return rc;
}

static int
one_job(struct place *p, const struct strs *words, const struct strs *inputs,
    int *status, struct fail *f)
{
	int dir = home_job(p->home, p->id, f), rc = -1;

	if (dir < 0)
		return -1;
	if (jobfile_read(dir, &p->job, f) == 0 && unpack(p, f) == 0 &&
	    ask_replay(p, f) == 0) {
		sig_poll(NULL, 0, 0); /* one that came meanwhile */
		rc = sig_got ? 0 : run(p, words, inputs, status, f);
	}
	close(dir);
	return rc;
}

/* Take the inputs of the first job and build that has some left. */
static void
take(struct fromjob *j, struct place *p, struct strs *inputs)
{
	size_t i;

	for (i = 0; i < j->n; i++) {
		if (j->v[i].path == NULL ||
		    (inputs->n > 0 &&
			(j->v[i].job != p->id ||
			    strcmp(j->v[i].build, p->build) != 0)))
			continue;
		p->id = j->v[i].job;
		p->run = j->v[i].run;
		p->build = j->v[i].build;
		strs_add(inputs, j->v[i].path);
		free(j->v[i].path);
		j->v[i].path = NULL;
	}
}

int
fromjob_next(
    struct fromjob *j, const struct strs *words, int *status, struct fail *f)
{
	struct place p = {.home = &j->home};
	struct strs inputs = {0};
	int rc = 0;

	/* Nothing may hold the database while a child runs. */
	if (j->store != NULL) {
		store_close(j->store);
		j->store = NULL;
		if (j->n > 0 && scratch_start(f) == NULL)
			return -1;
	}
	if (!sig_got)
		take(j, &p, &inputs);
	if (inputs.n > 0)
		rc = one_job(&p, words, &inputs, status, f);
	if (p.dir != NULL)
		file_remove(AT_FDCWD, p.dir, NULL);
	free(p.dir);
	kv_release(&p.job);
	plugin_command_release(&p.replay);
	strs_release(&inputs);
	return rc;
}

void
fromjob_close(struct fromjob *j)
{
	size_t i;

	scratch_end();
	for (i = 0; i < j->n; i++)
		free(j->v[i].path);
	free(j->v);
	if (j->store != NULL)
		store_close(j->store);
	home_close(&j->home);
}
