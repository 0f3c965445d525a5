#include "job/rundir.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
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
#include "job/home.h"

#define FILE_MAX (1 << 20)

const struct rundir_reason rundir_reasons[] = {
    {"deadline", RUNDIR_NOBODY, "done"},
    {"killed", RUNDIR_NOBODY, "killed"},
    {"bundle", RUNDIR_JOB, "failed"},
    {"provision", RUNDIR_JOB, "failed"},
    {"driver", RUNDIR_JOB, "failed"},
    {"target", RUNDIR_JOB, "failed"},
    {"quota", RUNDIR_JOB, "failed"},
    {"tool", RUNDIR_NODE, "lost"},
    {"memory", RUNDIR_NODE, "lost"},
    {"disk", RUNDIR_NODE, "lost"},
    {"node", RUNDIR_NODE, "lost"},
    {"lease", RUNDIR_NODE, "lost"},
    {"signal", RUNDIR_UNCOUNTED, NULL},
    {"cores", RUNDIR_UNCOUNTED, NULL},
    {NULL, RUNDIR_NOBODY, NULL},
};

const struct rundir_reason *
rundir_reason(const char *text)
{
	size_t n = text != NULL ? strcspn(text, " :") : 0;
	const struct rundir_reason *r;

	for (r = rundir_reasons; n > 0 && r->word != NULL; r++)
		if (strncmp(r->word, text, n) == 0 && r->word[n] == '\0')
			return r;
	return NULL;
}

bool
rundir_ended(const char *state)
{
	static const char *const ended[] = {"done", "failed", "killed", "lost"};
	size_t i;

	for (i = 0; state != NULL && i < sizeof(ended) / sizeof(ended[0]); i++)
		if (strcmp(state, ended[i]) == 0)
			return true;
	return false;
}

/* The file `run` of a directory being made. */
static int
write_first(int dir, const struct kv *keys, struct fail *f)
{
	struct kv all = {0};
	char uuid[33];
	size_t i;
	int rc;

	hash_random(uuid);
	kv_set(&all, "uuid", uuid);
	kv_set(&all, "shard", "1");
	kv_set(&all, "attempt", "1");
	kv_setf(&all, "created", "%lld", (long long)clock_unix());
	kv_set(&all, "state", "starting");
	kv_set(&all, "version", LAGO_VERSION);
	for (i = 0; i < keys->n; i++)
		kv_set(&all, keys->v[i].key, keys->v[i].value);
	rc = rundir_write_run(dir, &all, f);
	kv_release(&all);
	return rc;
}

int
rundir_draft(struct home_new *n, const struct home *h, long job,
    const struct kv *keys, struct fail *f)
{
	if (home_new_run(n, h, job, f) != 0)
		return -1;
	if (write_first(n->fd, keys, f) == 0)
		return 0;
	home_new_end(n);
	return -1;
}

int
rundir_publish(struct home_new *n, const struct home *h, long job, long *run,
    struct fail *f)
{
	int fd = -1;

	if (home_new_publish(n, f) == 0) {
		*run = n->id;
		fd = home_run(h, job, n->id, f);
	}
	home_new_end(n);
	return fd;
}

/* path made by renaming temp, a directory beside it. */
static int
make_at(
    const char *temp, const char *path, const struct kv *keys, struct fail *f)
{
	int fd;

	if (mkdir(temp, 0755) != 0)
		return fail_errno(
		    f, EX_LAGO_CANTCREAT, "cannot make '%s'", path);
	fd = open(temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(f, EX_LAGO_IO, "cannot open '%s'", temp);
	if (write_first(fd, keys, f) == 0) {
		if (rename(temp, path) == 0)
			return fd;
		fail_errno(f, EX_LAGO_CANTCREAT, "cannot make '%s'", path);
	}
	close(fd);
	return -1;
}

int
rundir_new_at(const char *path, const struct kv *keys, struct fail *f)
{
	char *copy = mem_strdup(path), *parent = mem_strdup(path), *temp;
	char random[33];
	int fd;

	hash_random(random);
	temp =
	    mem_printf("%s/.%s.%.6s", dirname(parent), basename(copy), random);
	fd = make_at(temp, path, keys, f);
	if (fd < 0)
		file_remove(AT_FDCWD, temp, NULL);
	else if (file_sync_dir(AT_FDCWD, parent, f) != 0) {
		close(fd);
		fd = -1;
	}
	free(temp);
	free(copy);
	free(parent);
	return fd;
}

int
rundir_read(int dir, struct kv *run, struct kv *progress, struct fail *f)
{
	if (kv_read(run, dir, "run", FILE_MAX, f) != 0)
		return -1;
	if (progress == NULL || !file_exists(dir, "progress"))
		return 0;
	return kv_read(progress, dir, "progress", FILE_MAX, f);
}

int
rundir_write_run(int dir, const struct kv *run, struct fail *f)
{
	return kv_write(run, dir, "run", f);
}

int
rundir_write_progress(int dir, const struct kv *progress, struct fail *f)
{
	return kv_write(progress, dir, "progress", f);
}

int
rundir_lock(int dir, struct fail *f)
{
	struct fail why = {0};
	int fd = file_lock(dir, "lock", 0, &why);

	if (fd < 0 && why.status == EX_LAGO_TEMP)
		return fail_set(f, EX_LAGO_TEMP, "the run is alive");
	if (fd < 0)
		return fail_set(f, why.status, "%s", why.text);
	return fd;
}

bool
rundir_alive(int dir)
{
	int fd = openat(dir, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool alive;

	if (fd < 0)
		return false;
	alive = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return alive;
}
