#include "run/replays.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/kv.h"
#include "base/strs.h"
#include "run/inside.h"
#include "run/life.h"
#include "run/rooms.h"
#include "run/task.h"

#define HANG_LEAST 1.0 /* seconds */

#define INPUT_MAX (16 << 20)

static const char *const dirs[] = {
    "triage/crashes", "triage/traces", "triage/reports", "triage/before"};

int
replays_prepare(struct life *l)
{
	int fd = inside_dir(l->workfd, "triage"), one;
	size_t i;

	for (i = 0; fd >= 0 && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		one = inside_dir(fd, dirs[i] + strlen("triage/"));
		if (one < 0)
			break;
		close(one);
	}
	if (fd >= 0)
		close(fd);
	if (fd < 0 || i < sizeof(dirs) / sizeof(dirs[0]) ||
	    rooms_make(l, "triage", 0) != 0)
		return life_fail(
		    l, "disk", EX_LAGO_IO, "cannot make 'work/triage'");
	return 0;
}

void
replays_write(
    struct life *l, const char *dir, const char *name, const struct buf *text)
{
	char *path = mem_printf("triage/%s", dir);
	int fd = inside_open(l->workfd, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd >= 0) {
		inside_write(fd, name, buf_str(text), text->len, 0644);
		close(fd);
	}
	free(path);
}

void
replays_before(struct life *l, const char *sha, const char *dir)
{
	int fd =
	    inside_open(l->workfd, "triage/before", O_RDONLY | O_DIRECTORY, 0);
	char *to = mem_printf("%s/%s", l->work, dir);

	/* One that is there already leads to the same. */
	if (fd >= 0 && symlinkat(to, fd, sha) != 0 && errno != EEXIST)
		life_say(l, "cannot make 'triage/before/%s'", sha);
	if (fd >= 0)
		close(fd);
	free(to);
}

int
replays_stage(struct life *l, const char *sha)
{
	char *path = mem_printf("crashes/%s", sha);
	struct buf b = BUF_INIT;
	int rc = file_read(l->dir, path, INPUT_MAX, &b, NULL, NULL);

	if (rc == 0)
		replays_write(l, "crashes", sha, &b);
	buf_release(&b);
	free(path);
	return rc;
}

void
replays_unstage(struct life *l, const char *sha)
{
	char path[128];
	int fd;
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s", dirs[i]);
		fd = inside_open(l->workfd, path, O_RDONLY | O_DIRECTORY, 0);
		if (fd < 0)
			continue;
		unlinkat(fd, sha, 0);
		close(fd);
	}
}

char *
replays_path(const struct life *l, const char *sha)
{
	return mem_printf("%s/triage/crashes/%s", l->work, sha);
}

int
replays_operands(const struct strs *inputs)
{
	int fd = memfd_create("operands", MFD_CLOEXEC);
	size_t i;

	for (i = 0; fd >= 0 && i < inputs->n; i++)
		if (file_write_fd(fd, inputs->v[i], strlen(inputs->v[i]) + 1) !=
		    0) {
			close(fd);
			fd = -1;
		}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

void
replays_words(const struct plugin_command *c, double timeout, unsigned memory,
    struct strs *argv)
{
	size_t i;

	if (memory > 0)
		strs_addf(argv, "-m%u", memory);
	/* A fuzzer's limit is for a quiet moment on a warm machine: only what
	 * takes twice as long is a hang. */
	if (timeout > 0)
		strs_addf(argv, "-t%g",
		    2 * timeout < HANG_LEAST ? HANG_LEAST : 2 * timeout);
	for (i = 0; i < c->more.n; i++)
		if (strncmp(c->more.v[i], "file ", 5) == 0 &&
		    strchr(c->more.v[i] + 5, '/') == NULL)
			strs_addf(argv, "-xfile=%s", c->more.v[i] + 5);
		else if (strncmp(c->more.v[i], "crash_status ", 13) == 0)
			strs_addf(argv, "-xcrash_status=%s", c->more.v[i] + 13);
	for (i = 0; i < c->env.n; i++)
		strs_addf(argv, "-xenv.%s", c->env.v[i]);
}

/* What every call has: the job's limits, how the input is presented, the
 * environment. */
static void
add_job(const struct life *l, enum life_build build, const char *name,
    struct strs *argv)
{
	strs_add(argv, "-0j");
	replays_words(&l->replay[build], life_timeout(l),
	    (unsigned)(life_int(l, "memory", 2048) / l->n), argv);
	if (strcmp(name, "lago-triage") == 0) {
		strs_addf(argv, "-xtraces=%s/triage/traces", l->work);
		strs_addf(argv, "-xbefore=%s/triage/before", l->work);
		strs_addf(argv, "-o%s/triage/reports", l->work);
		if (kv_get(&l->job, "target") != NULL)
			strs_addf(argv, "-xfuzz_target=%s",
			    kv_get(&l->job, "target"));
	}
}

static struct task *
start(struct life *l, enum life_build build, const struct strs *words, int in,
    int nice, double seconds, struct fail *f)
{
	const struct strs *vector = &l->replay[build].argv;
	struct keeper_cmd cmd = KEEPER_CMD_INIT;
	struct strs argv = {0}, env = {0};
	char *cwd = mem_printf("%s/triage/0", l->work);
	struct task *t = NULL;
	size_t i;

	strs_addf(&argv, "%s/%s", paths_bin(), words->v[0]);
	for (i = 1; i < words->n; i++)
		strs_add(&argv, words->v[i]);
	add_job(l, build, words->v[0], &argv);
	strs_add(&argv, "--");
	for (i = 0; i < vector->n; i++)
		strs_add(&argv, vector->v[i]);
	rooms_env(l, &env);
	cmd.in = in;
	cmd.argv = argv.v;
	cmd.env = strs_argv(&env);
	cmd.cwd = cwd;
	cmd.cpus = &l->claim.cpus;
	cmd.nice = nice;
	if (cmd.in < 0)
		fail_errno(f, EX_LAGO_TEMP, "cannot start '%s'", words->v[0]);
	else
		t = task_start(l, words->v[0], &cmd, seconds, f);
	strs_release(&argv);
	strs_release(&env);
	free(cwd);
	return t;
}

struct task *
replays_start(struct life *l, enum life_build build, const struct strs *words,
    const struct strs *inputs, int nice, double seconds, struct fail *f)
{
	int in = replays_operands(inputs);
	struct task *t = start(l, build, words, in, nice, seconds, f);

	if (in >= 0)
		close(in);
	return t;
}

struct task *
replays_stay(struct life *l, enum life_build build, const struct strs *words,
    int nice, int *feed, struct fail *f)
{
	int ends[2] = {-1, -1};
	struct task *t;

	/* A socket: who writes to one that has died is told, not killed. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		ends[0] = -1;
	t = start(l, build, words, ends[0], nice, 0, f);
	*feed = ends[1];
	if (ends[0] >= 0)
		close(ends[0]);
	if (t == NULL && ends[1] >= 0)
		close(ends[1]);
	return t;
}
