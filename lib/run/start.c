#include "run/start.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/strs.h"
#include "job/bundle.h"
#include "job/unpack.h"
#include "run/foreign.h"
#include "run/inside.h"
#include "run/life.h"
#include "run/needed.h"
#include "run/replays.h"
#include "run/rooms.h"
#include "run/seeds.h"
#include "run/task.h"
#include "run/verbs.h"

#define LOG_KEEP (1 << 20)
#define SEED_MAX (16 << 20)
#define MIB (1024 * 1024)

/* ---- unpack ---- */

int
start_open(struct life *l)
{
	l->workfd = openat(
	    l->dir, "work", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (l->workfd < 0)
		return life_fail(l, "node", EX_LAGO_IO, "cannot open '%s': %s",
		    l->work, strerror(errno));
	return 0;
}

static int
make_dirs(struct life *l)
{
	static const char *const dirs[] = {
	    "bundle", "in", "out", "log", "home", "i"};
	struct fail f = {0};
	size_t i;
	int fd;

	if (file_remove(l->dir, "work", &f) != 0 ||
	    file_remove(l->dir, ".system", &f) != 0)
		return life_fail(l, "disk", f.status, "%s", f.text);
	if (mkdirat(l->dir, "work", 0755) != 0 || start_open(l) != 0)
		return life_fail(
		    l, "disk", EX_LAGO_CANTCREAT, "cannot make '%s'", l->work);
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		fd = inside_dir(l->workfd, dirs[i]);
		if (fd < 0)
			return life_fail(l, "disk", EX_LAGO_CANTCREAT,
			    "cannot make '%s/%s'", l->work, dirs[i]);
		close(fd);
	}
	return 0;
}

static int
unpack(struct life *l, struct fail *f)
{
	struct bundle_limits limits = BUNDLE_LIMITS;
	uint64_t quota = (uint64_t)life_int(l, "disk", 20480) * MIB;
	int fd = open(l->bundle, O_RDONLY | O_CLOEXEC), rc;
	int to = inside_dir(l->workfd, "bundle");

	if (quota < limits.bytes)
		limits.bytes = quota;
	if (fd < 0 || to < 0)
		rc = fail_errno(
		    f, EX_LAGO_NOINPUT, "cannot open '%s'", l->bundle);
	else
		rc = unpack_bundle(fd, l->bundle, &limits, to, f);
	if (fd >= 0)
		close(fd);
	if (to >= 0)
		close(to);
	return rc;
}

int
start_unpack(struct life *l)
{
	struct buf job = BUF_INIT;
	struct fail f = {0};
	int rc;

	if (make_dirs(l) != 0)
		return -1;
	if (unpack(l, &f) != 0)
		return life_fail(l,
		    f.status == EX_LAGO_DATA ? "bundle" : "disk", f.status,
		    "%s", f.text);
	kv_format(&l->job, &job);
	rc = inside_write(l->workfd, "job", job.p, job.len, 0644);
	if (rc == 0)
		rc = inside_write(l->workfd, "env", "", 0, 0644);
	buf_release(&job);
	if (rc != 0)
		return life_fail(
		    l, "disk", EX_LAGO_IO, "cannot write '%s/job'", l->work);
	return 0;
}

/* ---- provision ---- */

static void
provision_env(const struct life *l, struct strs *env)
{
	strs_addf(env, "LAGO_ENV=%s/env", l->work);
	strs_addf(env, "JOB_ID=%s", kv_get(&l->job, "name"));
	strs_addf(env, "DRIVER=%s", kv_get(&l->job, "driver"));
	strs_addf(env, "FUZZER_TIMEOUT=%.0f", l->deadline);
	strs_addf(env, "CORES=%zu", l->claim.cpus.n);
	strs_addf(env, "JOBDATA=%s", l->work);
	strs_addf(env, "WORKDIR=%s/bundle", l->work);
	strs_addf(env, "SHARD=%ld", l->shard);
	strs_addf(env, "SHARDS=%lld", (long long)life_int(l, "shards", 1));
	rooms_env(l, env);
}

static struct task *
provision_start(struct life *l, double seconds, struct fail *f)
{
	static char program[] = "./provision.sh";
	char *argv[] = {program, NULL};
	struct keeper_cmd cmd = KEEPER_CMD_INIT;
	char *cwd = mem_printf("%s/bundle", l->work);
	struct strs env = {0};
	struct task *t = NULL;

	provision_env(l, &env);
	cmd.argv = argv;
	cmd.env = env.v;
	cmd.cwd = cwd;
	cmd.cpus = &l->claim.cpus;
	cmd.out = cmd.err = inside_open(l->workfd, "log/provision",
	    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	if (cmd.out < 0)
		fail_errno(f, EX_LAGO_IO, "cannot make 'log/provision'");
	else {
		t = task_start(l, "provision.sh", &cmd, seconds, f);
		close(cmd.out);
	}
	strs_release(&env);
	free(cwd);
	return t;
}

/* The log's last line with text. */
static char *
last_line(const struct buf *b)
{
	char *text = mem_strdup(buf_str(b)), *line = NULL, *p, *result;

	for (p = strtok(text, "\n"); p != NULL; p = strtok(NULL, "\n"))
		if (strspn(p, " \t\r") < strlen(p))
			line = p;
	result = mem_strndup(line != NULL ? line : "", 300);
	free(text);
	return result;
}

static int
provision_result(struct life *l, const struct task *t, double limit)
{
	struct buf log = BUF_INIT;
	int status = t->ev.status;
	char *line;

	inside_read_ends(l->workfd, "log/provision", LOG_KEEP, &log);
	life_log(l, "provision.sh", buf_str(&log), log.len);
	line = last_line(&log);
	if (l->hurry == LIFE_GO_ON && t->overdue)
		life_fail(l, "provision", EX_LAGO_DATA,
		    "provision.sh took longer than %.0f s", limit);
	else if (WIFSIGNALED(status))
		life_fail(l, "provision", EX_LAGO_DATA,
		    "provision.sh was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == EX_LAGO_TEMP)
		life_fail(l, "node", EX_LAGO_TEMP,
		    "provision.sh cannot do its work on this machine%s%s",
		    *line != '\0' ? ": " : "", line);
	else if (status != 0)
		life_fail(l, "provision", EX_LAGO_DATA,
		    "provision.sh ended with status %d%s%s",
		    WEXITSTATUS(status), *line != '\0' ? ": " : "", line);
	free(line);
	buf_release(&log);
	return status == 0 ? 0 : -1;
}

static int
provision(struct life *l)
{
	double limit = life_seconds(l, "provision_timeout", 600);
	struct fail f = {0};
	struct task *t;
	int rc;

	if (!keeper_sandboxed(l->keeper) &&
	    strcmp(kv_get(&l->job, "sandbox"), "no") != 0)
		return life_fail(l, "tool", EX_LAGO_UNAVAILABLE,
		    "a bundle with provision.sh needs a sandbox: %s",
		    keeper_reason(l->keeper));
	t = provision_start(l, limit, &f);
	if (t == NULL)
		return life_fail(l, "provision",
		    f.status == EX_LAGO_UNAVAILABLE ? EX_LAGO_DATA : f.status,
		    "%s", f.text);
	task_wait(l, t);
	rc = provision_result(l, t, limit);
	task_free(l, t);
	return rc;
}

/* What an earlier try of this run found, or others. */
static uint64_t
add_found(struct life *l, const char *dir, int to)
{
	int from = openat(
	    l->dir, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct strs names = {0};
	struct buf b = BUF_INIT;
	uint64_t n = 0;
	size_t i;

	if (from >= 0)
		file_list(from, ".", &names, NULL);
	for (i = 0; i < names.n; i++)
		if (hash_is_hex(names.v[i]) &&
		    file_read(from, names.v[i], SEED_MAX, &b, NULL, NULL) ==
			0 &&
		    inside_write(to, names.v[i], buf_str(&b), b.len, 0644) == 0)
			n++;
	if (from >= 0)
		close(from);
	strs_release(&names);
	buf_release(&b);
	return n;
}

static int
seeds(struct life *l)
{
	struct bundle_limits limits = BUNDLE_LIMITS;
	const char *member = kv_get(&l->job, "member");
	int from = inside_dir(l->workfd, "bundle");
	int to = inside_dir(l->workfd, "in");
	struct fail f = {0};
	uint64_t n = 0;
	int rc = unpack_seeds(
	    from, member != NULL ? member : "target", &limits, to, &n, &f);

	n += add_found(l, "queue", to);
	n += add_found(l, FOREIGN_DIR, to);
	n += add_found(l, FOREIGN_INCOMING, to);
	if (rc == 0 && n == 0)
		life_say(l, "no seeds: one file of eight '0'");
	close(from);
	close(to);
	if (rc != 0)
		return life_fail(l,
		    f.status == EX_LAGO_DATA ? "bundle" : "disk", f.status,
		    "%s", f.text);
	return 0;
}

int
start_provision(struct life *l)
{
	if (file_exists(l->workfd, "bundle/provision.sh") && provision(l) != 0)
		return -1;
	return needed_check(l) != 0 ? -1 : seeds(l);
}

/* ---- check ---- */

int
start_check(struct life *l)
{
	if (strcmp(kv_get(&l->job, "driver"), "bundle") == 0 &&
	    !keeper_sandboxed(l->keeper) &&
	    strcmp(kv_get(&l->job, "sandbox"), "no") != 0)
		return life_fail(l, "tool", EX_LAGO_UNAVAILABLE,
		    "a bundle with its own driver needs a sandbox: %s",
		    keeper_reason(l->keeper));
	if (verbs_start(l) != 0 || verbs_replay(l) != 0 ||
	    replays_prepare(l) != 0)
		return -1;
	return l->resumed ? 0 : seeds_check(l);
}
