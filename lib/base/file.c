#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/strs.h"

#define TEMP_RANDOM 6	/* digits behind the dot of a temporary name */
#define SWEEP_AGE 3600	/* seconds */
#define LOCK_PAUSE 0.05 /* seconds between two tries for a lock */

/* fail_errno that names the whole path, whatever directory it starts from. */
static int
failed(
    struct fail *f, int status, const char *what, int dirfd, const char *path)
{
	char link[32], dir[PATH_MAX] = "";
	int why = errno;
	ssize_t n = 0;

	if (dirfd != AT_FDCWD && *path != '/') {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
		n = readlink(link, dir, sizeof(dir) - 1);
	}
	dir[n > 0 ? n : 0] = '\0';
	errno = why;
	return fail_errno(f, status, "cannot %s '%s%s%s'", what, dir,
	    *dir != '\0' ? "/" : "", path);
}

/* The directory a path lies in, opened; *base is the last component. */
static int
open_parent(int dirfd, const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int fd;

	*base = slash == NULL ? path : slash + 1;
	if (slash == NULL)
		return openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = mem_strndup(path, slash == path ? 1 : (size_t)(slash - path));
	fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	return fd;
}

static char *
temp_name(const char *base)
{
	char random[33];

	hash_random(random);
	random[TEMP_RANDOM] = '\0';
	return mem_printf(".%.200s.%s", base, random);
}

int
file_out_open(struct file_out *o, int dirfd, const char *path, mode_t mode,
    struct fail *f)
{
	const char *base;
	int fd = -1;

	memset(o, 0, sizeof(*o));
	o->dirfd = open_parent(dirfd, path, &base);
	if (o->dirfd >= 0) {
		o->name = mem_strdup(base);
		o->temp = temp_name(base);
		fd = openat(o->dirfd, o->temp,
		    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	}
	if (fd >= 0)
		o->fp = fdopen(fd, "w");
	if (o->fp == NULL) {
		failed(f, EX_LAGO_CANTCREAT, "create", dirfd, path);
		file_out_abort(o);
		return -1;
	}
	return 0;
}

static void
file_out_release(struct file_out *o)
{
	if (o->fp != NULL)
		fclose(o->fp);
	if (o->dirfd >= 0)
		close(o->dirfd);
	free(o->name);
	free(o->temp);
	memset(o, 0, sizeof(*o));
	o->dirfd = -1;
}

static bool deferred;

void
file_defer(bool on)
{
	deferred = on;
}

int
file_sync_fd(int fd)
{
	return deferred ? 0 : fsync(fd);
}

int
file_sync_all(int dirfd, struct fail *f)
{
	if (syncfs(dirfd) != 0)
		return fail_errno(f, EX_LAGO_IO, "cannot sync a file system");
	return 0;
}

int
file_out_commit(struct file_out *o, struct fail *f)
{
	FILE *fp = o->fp;
	int rc = 0;

	o->fp = NULL;
	if (fflush(fp) != 0 || file_sync_fd(fileno(fp)) != 0)
		rc = -1;
	if (fclose(fp) != 0)
		rc = -1;
	if (rc == 0)
		rc = renameat(o->dirfd, o->temp, o->dirfd, o->name);
	if (rc == 0)
		rc = file_sync_fd(o->dirfd);
	if (rc != 0) {
		failed(f, EX_LAGO_IO, "write", o->dirfd, o->name);
		file_out_abort(o);
		return -1;
	}
	file_out_release(o);
	return 0;
}

void
file_out_abort(struct file_out *o)
{
	if (o->temp != NULL)
		unlinkat(o->dirfd, o->temp, 0);
	file_out_release(o);
}

int
file_write(int dirfd, const char *path, const void *p, size_t n, mode_t mode,
    struct fail *f)
{
	struct file_out o;

	if (file_out_open(&o, dirfd, path, mode, f) != 0)
		return -1;
	if (fwrite(p, 1, n, o.fp) != n) {
		failed(f, EX_LAGO_IO, "write", dirfd, path);
		file_out_abort(&o);
		return -1;
	}
	return file_out_commit(&o, f);
}

int
file_open(int dirfd, const char *path, uint64_t *size, struct fail *f)
{
	struct stat st;
	int fd;

	/* O_NONBLOCK: opening a fifo somebody put here must not wait. */
	fd = openat(dirfd, path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ELOOP)
			return fail_set(f, EX_LAGO_NOINPUT,
			    "'%s' is a symbolic link, not a file", path);
		return failed(f, EX_LAGO_NOINPUT, "open", dirfd, path);
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return fail_set(
		    f, EX_LAGO_NOINPUT, "'%s' is not a regular file", path);
	}
	*size = (uint64_t)st.st_size;
	return fd;
}

int
file_read(int dirfd, const char *path, size_t max, struct buf *b, bool *cut,
    struct fail *f)
{
	uint64_t size;
	int fd = file_open(dirfd, path, &size, f), rc;

	if (fd == -1)
		return -1;
	if (size > 0)
		buf_reserve(b, size < max ? (size_t)size : max);
	rc = file_read_fd(fd, path, max, b, cut, f);
	close(fd);
	return rc;
}

int
file_read_fd(int fd, const char *name, size_t max, struct buf *b, bool *cut,
    struct fail *f)
{
	char block[65536];
	size_t want;
	ssize_t n;

	buf_reset(b);
	if (cut != NULL)
		*cut = false;
	for (;;) {
		/* One byte more than max tells a file of max from a larger. */
		want = max - b->len + 1;
		if (want > sizeof(block) || want == 0)
			want = sizeof(block);
		n = read(fd, block, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(
			    f, EX_LAGO_IO, "cannot read '%s'", name);
		if (n == 0)
			return 0;
		if ((size_t)n > max - b->len) {
			buf_add(b, block, max - b->len);
			if (cut == NULL)
				return fail_set(f, EX_LAGO_DATA,
				    "'%s' is larger than %zu bytes", name, max);
			*cut = true;
			return 0;
		}
		buf_add(b, block, (size_t)n);
	}
}

int
file_write_fd(int fd, const void *p, size_t n)
{
	const char *at = p;
	ssize_t done;

	while (n > 0) {
		done = write(fd, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

int
file_copy_fd(
    int fd, int tofd, const char *to, uint64_t max, mode_t mode, struct fail *f)
{
	struct file_out o;
	char block[65536];
	uint64_t at = 0;
	ssize_t n;

	if (file_out_open(&o, tofd, to, mode, f) != 0)
		return -1;
	while ((n = pread(fd, block, sizeof(block), (off_t)at)) > 0) {
		at += (uint64_t)n;
		if (at > max) {
			file_out_abort(&o);
			return fail_set(f, EX_LAGO_DATA,
			    "'%s' would be larger than %llu bytes", to,
			    (unsigned long long)max);
		}
		if (fwrite(block, 1, (size_t)n, o.fp) != (size_t)n)
			break;
	}
	if (n != 0) {
		failed(f, EX_LAGO_IO, "copy to", tofd, to);
		file_out_abort(&o);
		return -1;
	}
	return file_out_commit(&o, f);
}

int
file_link(
    int fromfd, const char *from, int tofd, const char *to, struct fail *f)
{
	struct stat st;
	int fd, rc;

	if (linkat(fromfd, from, tofd, to, 0) == 0)
		return 0;
	if (errno == EEXIST)
		return 1;
	fd = openat(
	    fromfd, from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return failed(f, EX_LAGO_NOINPUT, "open", fromfd, from);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		rc = fail_set(
		    f, EX_LAGO_NOINPUT, "'%s' is not a regular file", from);
	else
		rc = file_copy_fd(
		    fd, tofd, to, UINT64_MAX, st.st_mode & 0777, f);
	close(fd);
	return rc;
}

int
file_mkdirs(int dirfd, const char *path, mode_t mode, struct fail *f)
{
	char *part = mem_strdup(path), *at = part;
	struct stat st;
	int rc = 0;

	do {
		at = strchr(at + 1, '/');
		if (at != NULL)
			*at = '\0';
		if (mkdirat(dirfd, part, mode) != 0 && errno != EEXIST)
			rc = -1;
		if (at != NULL)
			*at = '/';
	} while (at != NULL && rc == 0);
	if (rc == 0 && fstatat(dirfd, path, &st, 0) == 0 &&
	    !S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		rc = -1;
	}
	if (rc != 0)
		failed(f, EX_LAGO_CANTCREAT, "make directory", dirfd, path);
	free(part);
	return rc;
}

int
file_sync_dir(int dirfd, const char *path, struct fail *f)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : file_sync_fd(fd);

	if (rc != 0)
		failed(f, EX_LAGO_IO, "sync", dirfd, path);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Calls fn for every entry but "." and "..". */
static int
each_entry(int dirfd, const char *path,
    int (*fn)(int dir, const char *name, void *arg), void *arg)
{
	int fd = openat(
	    dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (rc == 0 && (errno = 0, e = readdir(dir)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = fn(fd, e->d_name, arg);
	if (rc == 0 && errno != 0)
		rc = -1;
	closedir(dir);
	return rc;
}

static int
remove_entry(int dirfd, const char *name, void *arg)
{
	(void)arg;
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST && errno != EACCES)
		return -1;
	/* A target can take away its own directories' permissions. */
	if (fchmodat(dirfd, name, 0700, 0) != 0 ||
	    each_entry(dirfd, name, remove_entry, NULL) != 0)
		return -1;
	return unlinkat(dirfd, name, AT_REMOVEDIR);
}

int
file_remove(int dirfd, const char *path, struct fail *f)
{
	if (remove_entry(dirfd, path, NULL) != 0 && errno != ENOENT)
		return failed(f, EX_LAGO_IO, "remove", dirfd, path);
	return 0;
}

static int
sweep_entry(int dirfd, const char *name, void *arg)
{
	size_t n = strlen(name);
	struct stat st;

	(void)arg;
	if (n < TEMP_RANDOM + 3 || name[0] != '.' ||
	    name[n - TEMP_RANDOM - 1] != '.')
		return 0;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && clock_unix() - st.st_mtime > SWEEP_AGE)
		unlinkat(dirfd, name, 0);
	return 0;
}

void
file_sweep(int dirfd, const char *path)
{
	each_entry(dirfd, path, sweep_entry, NULL);
}

static int
list_entry(int dirfd, const char *name, void *arg)
{
	(void)dirfd;
	if (name[0] != '.')
		strs_add(arg, name);
	return 0;
}

int
file_list(int dirfd, const char *path, struct strs *names, struct fail *f)
{
	if (each_entry(dirfd, path, list_entry, names) != 0)
		return failed(f, errno == ENOENT ? EX_LAGO_NOINPUT : EX_LAGO_IO,
		    "read directory", dirfd, path);
	strs_sort(names);
	return 0;
}

struct walk {
	struct strs *files;
	const char *path; /* of the directory being read */
};

static int
walk_entry(int dirfd, const char *name, void *arg)
{
	struct walk *w = arg, below;
	size_t n = strlen(w->path);
	struct stat st;
	char *path;
	int rc = 0;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	path = mem_printf(
	    "%s%s%s", w->path, n > 0 && w->path[n - 1] == '/' ? "" : "/", name);
	if (S_ISREG(st.st_mode)) {
		strs_add(w->files, path);
	} else if (S_ISDIR(st.st_mode)) {
		below = (struct walk){w->files, path};
		rc = each_entry(dirfd, name, walk_entry, &below);
	}
	free(path);
	return rc;
}

int
file_walk(const char *path, struct strs *files, struct fail *f)
{
	struct walk w = {files, path};
	struct stat st;
	int rc;

	rc = stat(path, &st);
	if (rc == 0 && S_ISREG(st.st_mode))
		strs_add(files, path);
	else if (rc == 0)
		rc = each_entry(AT_FDCWD, path, walk_entry, &w);
	if (rc != 0)
		return fail_errno(f,
		    errno == ENOENT ? EX_LAGO_NOINPUT : EX_LAGO_IO,
		    "cannot read '%s'", path);
	strs_sort(files);
	return 0;
}

bool
file_exists(int dirfd, const char *path)
{
	struct stat st;

	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int
usage_entry(int dirfd, const char *name, void *arg)
{
	uint64_t *sum = arg;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	*sum += (uint64_t)st.st_blocks * 512;
	if (S_ISDIR(st.st_mode))
		each_entry(dirfd, name, usage_entry, sum);
	return 0;
}

uint64_t
file_usage(int dirfd, const char *path)
{
	uint64_t sum = 0;

	usage_entry(dirfd, path, &sum);
	return sum;
}

int
file_lock(int dirfd, const char *path, double seconds, struct fail *f)
{
	double end = clock_mono() + seconds;
	int fd;

	/* Without O_CREAT first: in a sticky directory the kernel refuses it
	 * for files of others (fs.protected_regular). */
	fd = openat(dirfd, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		fd = openat(dirfd, path,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return failed(f, EX_LAGO_CANTCREAT, "open lock", dirfd, path);
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			failed(f, EX_LAGO_IO, "lock", dirfd, path);
			close(fd);
			return -1;
		}
		if (seconds >= 0 && clock_mono() >= end) {
			fail_set(f, EX_LAGO_TEMP,
			    "'%s' is locked by another "
			    "process",
			    path);
			close(fd);
			return -1;
		}
		clock_sleep(LOCK_PAUSE);
	}
	return fd;
}
