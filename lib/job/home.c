#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include "base/paths.h"
#include "base/strs.h"
#include "job/home.h"

#define CONFIG_MAX (1 << 20)

int
home_open(struct home *h, const char *path, bool create, struct fail *f)
{
	int fd;

	h->path = NULL;
	h->fd = -1;
	if (path == NULL)
		path = paths_home();
	if (*path == '\0')
		return fail_set(f, EX_LAGO_CONFIG,
		    "no home: neither LAGO_HOME nor HOME is set");
	if (create && file_mkdirs(AT_FDCWD, path, 0700, f) == -1)
		return -1;
	if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return fail_errno(f, EX_LAGO_NOINPUT, "no home '%s'", path);
	if (create && mkdirat(fd, "jobs", 0700) == -1 && errno != EEXIST) {
		fail_errno(f, EX_LAGO_CANTCREAT, "cannot make '%s/jobs'", path);
		close(fd);
		return -1;
	}
	h->path = realpath(path, NULL);
	if (h->path == NULL)
		h->path = mem_strdup(path);
	h->fd = fd;
	return 0;
}

void
home_close(struct home *h)
{
	free(h->path);
	if (h->fd != -1)
		close(h->fd);
	h->path = NULL;
	h->fd = -1;
}

int
home_config(const struct home *h, struct kv *config, struct fail *f)
{
	if (!file_exists(h->fd, "config"))
		return 0;
	return kv_read(config, h->fd, "config", CONFIG_MAX, f);
}

static int
open_dir(
    const struct home *h, const char *path, const char *what, struct fail *f)
{
	int fd;

	fd = openat(h->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
		return fail_set(f, EX_LAGO_NOINPUT, "no such %s", what);
	if (fd == -1)
		return fail_errno(
		    f, EX_LAGO_IO, "cannot open '%s/%s'", h->path, path);
	return fd;
}

int
home_job(const struct home *h, long job, struct fail *f)
{
	char path[64], what[64];

	snprintf(path, sizeof(path), "jobs/%ld", job);
	snprintf(what, sizeof(what), "job '%ld'", job);
	return open_dir(h, path, what, f);
}

int
home_run(const struct home *h, long job, long run, struct fail *f)
{
	char path[64], what[64];

	snprintf(path, sizeof(path), "jobs/%ld/runs/%ld", job, run);
	snprintf(what, sizeof(what), "run '%ld.%ld'", job, run);
	return open_dir(h, path, what, f);
}

/* A number as directories carry it: no sign, no leading zero. */
static long
number(const char *s, const char **end)
{
	long n = 0;
	const char *p = s;

	if (*p < '1' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++)
		if ((n = n * 10 + (*p - '0')) > HOME_ID_MAX)
			return -1;
	*end = p;
	return n;
}

int
home_parse_id(const char *text, long *job, long *run)
{
	const char *p;

	*run = 0;
	if ((*job = number(text, &p)) == -1)
		return -1;
	if (*p == '.' && (*run = number(p + 1, &p)) == -1)
		return -1;
	return *p == '\0' ? 0 : -1;
}

static int
by_number(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return x < y ? -1 : x > y;
}

static int
numbers(int dirfd, const char *path, long **ids, size_t *n, struct fail *f)
{
	struct strs names = {0};
	const char *end;
	size_t i;
	long id;

	*ids = NULL;
	*n = 0;
	if (!file_exists(dirfd, path))
		return 0;
	if (file_list(dirfd, path, &names, f) == -1)
		return -1;
	*ids = mem_array(names.n + 1, sizeof(**ids));
	for (i = 0; i < names.n; i++)
		if ((id = number(names.v[i], &end)) != -1 && *end == '\0')
			(*ids)[(*n)++] = id;
	qsort(*ids, *n, sizeof(**ids), by_number);
	strs_release(&names);
	return 0;
}

int
home_jobs(const struct home *h, long **ids, size_t *n, struct fail *f)
{
	return numbers(h->fd, "jobs", ids, n, f);
}

int
home_runs(const struct home *h, long job, long **ids, size_t *n, struct fail *f)
{
	char path[64];

	snprintf(path, sizeof(path), "jobs/%ld/runs", job);
	return numbers(h->fd, path, ids, n, f);
}

/* Whoever fills a .new.X holds its lock; one that nobody holds was left by a
 * process that died.  The minute is for the instant before the lock. */
static void
sweep(int parent)
{
	struct dirent *e;
	struct stat st;
	DIR *d;
	int fd;

	if ((fd = openat(parent, ".", O_RDONLY | O_CLOEXEC)) == -1)
		return;
	if ((d = fdopendir(fd)) == NULL) {
		close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, ".new.", 5) != 0)
			continue;
		fd = openat(parent, e->d_name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd == -1)
			continue;
		if (fstat(fd, &st) == 0 && st.st_mtime + 60 < clock_unix() &&
		    flock(fd, LOCK_EX | LOCK_NB) == 0)
			file_remove(parent, e->d_name, NULL);
		close(fd);
	}
	closedir(d);
}

int
home_new_in(struct home_new *n, int parent, struct fail *f)
{
	char random[33];

	memset(n, 0, sizeof(*n));
	n->fd = n->lock = n->parent = -1;
	if ((n->parent = fcntl(parent, F_DUPFD_CLOEXEC, 3)) == -1)
		return fail_errno(f, EX_LAGO_TEMP, "cannot open a directory");
	sweep(n->parent);
	hash_random(random);
	snprintf(n->name, sizeof(n->name), ".new.%.8s", random);
	if (mkdirat(n->parent, n->name, 0700) == -1) {
		fail_errno(f, EX_LAGO_CANTCREAT, "cannot make a directory");
		n->name[0] = '\0';
		home_new_end(n);
		return -1;
	}
	n->fd = openat(n->parent, n->name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (n->fd == -1 || flock(n->fd, LOCK_EX) == -1) {
		fail_errno(f, EX_LAGO_IO, "cannot open '%s'", n->name);
		home_new_end(n);
		return -1;
	}
	return 0;
}

int
home_new_job(struct home_new *n, const struct home *h, struct fail *f)
{
	int fd, r;

	memset(n, 0, sizeof(*n));
	n->fd = n->lock = n->parent = -1;
	if (file_mkdirs(h->fd, "jobs", 0700, f) == -1 ||
	    (fd = open_dir(h, "jobs", "directory 'jobs'", f)) == -1)
		return -1;
	r = home_new_in(n, fd, f);
	close(fd);
	return r;
}

int
home_new_run(struct home_new *n, const struct home *h, long job, struct fail *f)
{
	char path[64];
	int fd, r;

	memset(n, 0, sizeof(*n));
	n->fd = n->lock = n->parent = -1;
	snprintf(path, sizeof(path), "jobs/%ld/runs", job);
	if (file_mkdirs(h->fd, path, 0700, f) == -1 ||
	    (fd = open_dir(h, path, "directory 'runs'", f)) == -1)
		return -1;
	r = home_new_in(n, fd, f);
	close(fd);
	return r;
}

/* The highest number in use: what .next says, unless it is missing, damaged
 * or behind; then the directories say it. */
static int
last_number(struct home_new *n, bool look, long *last, struct fail *f)
{
	char text[16] = "";
	const char *end;
	long *ids;
	size_t count;
	ssize_t r;

	if ((r = pread(n->lock, text, sizeof(text) - 1, 0)) == -1)
		return fail_errno(f, EX_LAGO_IO, "cannot read '.next'");
	*last = number(text, &end);
	if (!look && *last > 0 && *end == '\n') {
		--*last;
		return 0;
	}
	*last = *last > 0 ? *last - 1 : 0;
	if (numbers(n->parent, ".", &ids, &count, f) == -1)
		return -1;
	if (count > 0 && ids[count - 1] > *last)
		*last = ids[count - 1];
	free(ids);
	return 0;
}

/* Durable before the rename, so that a number that was given out once is never
 * given again, even when its directory is removed later. */
static int
store_next(struct home_new *n, long next, struct fail *f)
{
	char text[24];
	int len;

	len = snprintf(text, sizeof(text), "%ld\n", next);
	if (pwrite(n->lock, text, len, 0) != len ||
	    ftruncate(n->lock, len) == -1 || file_sync_fd(n->lock) == -1)
		return fail_errno(f, EX_LAGO_IO, "cannot write '.next'");
	return 0;
}

/* rename(2) that replaces nothing.  Under the lock, so that looking first will
 * do where the file system cannot (NFS). */
static int
rename_new(int dir, const char *from, const char *to)
{
	if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (file_exists(dir, to)) {
		errno = EEXIST;
		return -1;
	}
	return renameat(dir, from, dir, to);
}

int
home_new_publish(struct home_new *n, struct fail *f)
{
	char name[24];
	bool look = false;
	long last = 0;

	if (file_sync_fd(n->fd) == -1)
		return fail_errno(f, EX_LAGO_IO, "cannot sync '%s'", n->name);
	if ((n->lock = file_lock(n->parent, ".next", -1, f)) == -1)
		return -1;
	for (;; look = true) {
		if (last_number(n, look, &last, f) == -1)
			return -1;
		if (last >= HOME_ID_MAX)
			return fail_set(f, EX_LAGO_CANTCREAT, "no number left");
		if (store_next(n, last + 2, f) == -1)
			return -1;
		snprintf(name, sizeof(name), "%ld", last + 1);
		if (rename_new(n->parent, n->name, name) == 0)
			break;
		if (errno != EEXIST || look)
			return fail_errno(
			    f, EX_LAGO_CANTCREAT, "cannot make '%s'", name);
	}
	n->name[0] = '\0';
	n->id = last + 1;
	n->before = last;
	return file_sync_dir(n->parent, ".", f);
}

void
home_new_end(struct home_new *n)
{
	if (n->name[0] != '\0' && n->parent != -1)
		file_remove(n->parent, n->name, NULL);
	if (n->fd != -1)
		close(n->fd);
	if (n->lock != -1)
		close(n->lock);
	if (n->parent != -1)
		close(n->parent);
	n->name[0] = '\0';
	n->fd = n->lock = n->parent = -1;
}
