#include "run/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/paths.h"
#include "job/plugin.h"
#include "run/inside.h"
#include "run/life.h"
#include "run/task.h"

#define LIMIT 60	/* seconds a verb may take */
#define LIMIT_CHECK 180 /* it runs the target */

static char *
driver_path(const struct life *l)
{
	const char *name = kv_get(&l->job, "driver");

	if (strcmp(name, "bundle") == 0)
		return mem_printf("%s/bundle/driver", l->work);
	return paths_plugin("driver", name);
}

/* more: what this verb's environment has besides. */
static struct task *
start(struct life *l, const struct strs *words, const struct strs *more,
    double seconds, struct fail *f)
{
	struct keeper_cmd cmd = KEEPER_CMD_INIT;
	struct strs argv = {0}, env = {0};
	char *path = driver_path(l);
	struct task *t = NULL;
	size_t i;

	if (path == NULL) {
		fail_set(f, EX_LAGO_UNAVAILABLE, "no driver of that name");
		return NULL;
	}
	strs_add(&argv, path);
	for (i = 0; i < words->n; i++)
		strs_add(&argv, words->v[i]);
	for (i = 0; i < l->driver_env.n; i++)
		strs_add(&env, l->driver_env.v[i]);
	for (i = 0; more != NULL && i < more->n; i++)
		strs_add(&env, more->v[i]);
	cmd.argv = argv.v;
	cmd.env = strs_argv(&env);
	cmd.cpus = &l->claim.cpus;
	t = task_start(l, "driver", &cmd, seconds, f);
	free(path);
	strs_release(&argv);
	strs_release(&env);
	return t;
}

/* To the end; its answer. */
static int
call(struct life *l, const struct strs *words, const struct strs *more,
    double seconds, struct buf *answer, struct fail *f)
{
	struct task *t = start(l, words, more, seconds, f);
	const char *why;
	int rc = 0;

	if (t == NULL)
		return -1;
	task_wait(l, t);
	why = task_complaint(t);
	if (t->overdue && l->hurry != LIFE_GO_ON)
		rc = fail_set(f, EX_LAGO_TEMP,
		    "driver: '%s' was cut short by the end of the run",
		    words->v[0]);
	else if (t->overdue)
		rc = fail_set(f, EX_LAGO_UNAVAILABLE,
		    "driver: '%s' took longer than %.0f s", words->v[0],
		    seconds);
	else if (plugin_status(t->ev.status, "driver", words->v[0], f) != 0)
		rc = *why != '\0' ? fail_set(f, f->status, "%s", why) : -1;
	else
		task_read(t, 0, PLUGIN_ANSWER, answer);
	task_free(l, t);
	return rc;
}

static int
call_words(struct life *l, const char *a, const char *b, const char *c,
    double seconds, struct buf *answer, struct fail *f)
{
	struct strs words = {0};
	int rc;

	strs_add(&words, a);
	if (b != NULL)
		strs_add(&words, b);
	if (c != NULL)
		strs_add(&words, c);
	rc = call(l, &words, NULL, seconds, answer, f);
	strs_release(&words);
	return rc;
}

static void
environment(struct life *l)
{
	struct strs *e = &l->driver_env;
	const char *path = getenv("PATH");
	double timeout = life_timeout(l);
	const char *member = kv_get(&l->job, "member");

	strs_release(e);
	strs_addf(e, "PATH=%s", path != NULL ? path : "/usr/bin:/bin");
	strs_addf(e, "HOME=%s/home", l->work);
	strs_addf(e, "TMPDIR=%s/home", l->work);
	strs_add(e, "LANG=C");
	strs_addf(e, "LAGO_BUNDLE=%s/bundle", l->work);
	strs_addf(e, "LAGO_TARGET=%s", member != NULL ? member : "target");
	strs_addf(e, "LAGO_IN=%s/in", l->work);
	strs_addf(e, "LAGO_OUT=%s/out", l->work);
	strs_addf(e, "LAGO_JOB=%s/job", l->work);
	strs_addf(e, "LAGO_ENV=%s/env", l->work);
	strs_addf(e, "LAGO_SHARD=%ld", l->shard);
	strs_addf(e, "LAGO_SHARDS=%lld", (long long)life_int(l, "shards", 1));
	if (timeout > 0)
		strs_addf(e, "LAGO_TIMEOUT=%.0f", timeout * 1000);
}

/* The instances that fit the claimed CPUs. */
static int
count(struct life *l, struct fail *f)
{
	struct buf b = BUF_INIT;
	char cpus[16];
	int rc;

	snprintf(cpus, sizeof(cpus), "%zu", l->claim.cpus.n);
	rc = call_words(l, "instances", cpus, NULL, LIMIT, &b, f);
	l->n = rc == 0 ? (unsigned)strtoul(buf_str(&b), NULL, 10) : 0;
	if (l->n > 1 && life_int(l, "listens", 0) != 0)
		l->n = 1; /* its port is there once */
	if (rc == 0 && (l->n < 1 || l->n > 4 * l->claim.cpus.n + 4))
		rc = fail_set(f, EX_LAGO_UNAVAILABLE,
		    "driver: 'instances' gave no sensible number");
	buf_release(&b);
	return rc;
}

static int
probe(struct life *l, struct fail *f)
{
	const char *name = kv_get(&l->job, "driver");
	struct buf b = BUF_INIT;
	struct kv kv = {0};
	size_t i;
	int rc;

	rc = call_words(l, "probe", NULL, NULL, LIMIT, &b, f);
	if (rc == 0)
		rc = plugin_probe(buf_str(&b), b.len, name, f);
	if (rc == 0)
		plugin_lines(buf_str(&b), b.len, &kv);
	for (i = 0; i < kv.n; i++)
		if (strcmp(kv.v[i].key, "ability") == 0) {
			if (strcmp(kv.v[i].value, "resume") == 0)
				l->cumulative = true;
			else if (strcmp(kv.v[i].value, "limit") == 0)
				l->own_limit = true;
		}
	name = kv_get(&kv, "import");
	free(l->import);
	l->import = name != NULL && *name != '\0' ? mem_strdup(name) : NULL;
	kv_release(&kv);
	buf_release(&b);
	return rc;
}

int
verbs_start(struct life *l)
{
	struct buf b = BUF_INIT;
	struct fail f = {0};
	int rc;

	environment(l);
	if (probe(l, &f) != 0 || count(l, &f) != 0)
		/* A driver of the bundle's is the job's own fault. */
		return life_fail(l,
		    strcmp(kv_get(&l->job, "driver"), "bundle") == 0 ? "driver"
								     : "tool",
		    f.status, "%s", f.text);
	strs_addf(&l->driver_env, "LAGO_MEMORY=%lld",
	    (long long)life_int(l, "memory", 2048) / l->n);
	rc = call_words(l, "check", NULL, NULL, LIMIT_CHECK, &b, &f);
	buf_release(&b);
	if (rc == 0 || l->hurry != LIFE_GO_ON)
		return rc;
	return life_fail(l, f.status == EX_LAGO_DATA ? "driver" : "tool",
	    f.status, "%s", f.text);
}

static int
replay(
    struct life *l, const char *build, struct plugin_command *c, struct fail *f)
{
	struct buf b = BUF_INIT;
	int rc = call_words(l, "replay", build, NULL, LIMIT, &b, f);

	if (rc == 0)
		rc = plugin_command(buf_str(&b), b.len, "replay", c, f);
	buf_release(&b);
	return rc;
}

static bool
has_san(const struct life *l)
{
	const char *member = kv_get(&l->job, "member");
	char *path =
	    mem_printf("bundle/%s.san", member != NULL ? member : "target");
	int fd = inside_open(l->workfd, path, O_RDONLY, 0);
	struct stat st;
	bool is = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		  (st.st_mode & 0111) != 0;

	if (fd >= 0)
		close(fd);
	free(path);
	return is;
}

int
verbs_replay(struct life *l)
{
	struct fail f = {0};

	if (replay(l, "target", &l->replay[LIFE_TARGET], &f) != 0)
		return life_fail(l, "driver", f.status, "%s", f.text);
	if (has_san(l) && replay(l, "san", &l->replay[LIFE_SAN], &f) != 0) {
		life_say(l, "crashes are not judged on the sanitizer build: %s",
		    f.text);
		plugin_command_release(&l->replay[LIFE_SAN]);
	}
	return 0;
}

int
verbs_argv(struct life *l, unsigned i, double remaining, bool resume,
    struct plugin_command *c, struct fail *f)
{
	struct strs words = {0}, more = {0};
	struct buf b = BUF_INIT;
	int rc;

	strs_add(&words, "argv");
	strs_addf(&words, "%u", i);
	strs_addf(&words, "%u", l->n);
	strs_addf(&more, "LAGO_REMAINING=%.0f", remaining < 1 ? 1 : remaining);
	strs_addf(&more, "LAGO_RESUME=%d", resume);
	rc = call(l, &words, &more, LIMIT, &b, f);
	if (rc == 0)
		rc = plugin_command(buf_str(&b), b.len, "argv", c, f);
	buf_release(&b);
	strs_release(&words);
	strs_release(&more);
	return rc;
}

int
verbs_paths(
    struct life *l, const char *verb, struct strs *paths, struct fail *f)
{
	struct buf b = BUF_INIT;
	int rc = call_words(l, verb, NULL, NULL, LIMIT, &b, f);

	if (rc == 0)
		plugin_items(buf_str(&b), b.len, paths);
	buf_release(&b);
	return rc;
}

struct task *
verbs_stat(struct life *l, unsigned i, const char *log)
{
	struct strs words = {0}, more = {0};
	struct task *t;

	strs_add(&words, "stat");
	strs_addf(&words, "%u", i);
	strs_addf(&more, "LAGO_LOG=%s/%s", l->work, log);
	t = start(l, &words, &more, LIMIT, NULL);
	strs_release(&words);
	strs_release(&more);
	return t;
}

void
verbs_stat_read(const struct task *t, struct kv *kv)
{
	struct buf b = BUF_INIT;

	task_read(t, 0, PLUGIN_ANSWER, &b);
	plugin_lines(buf_str(&b), b.len, kv);
	buf_release(&b);
}
