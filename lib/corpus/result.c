#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strs.h"
#include "corpus/result.h"

#define MARK ".lago."

/* Without slashes at the end; of a link what it leads to. */
static char *
resolve(const char *out)
{
	char *path = realpath(out, NULL);
	size_t n;

	if (path)
		return path;
	path = mem_strdup(out);
	for (n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
	return path;
}

static int
replaceable(const char *out, struct fail *f)
{
	struct strs names = {0};
	struct stat st;
	int rc = 0;

	if (lstat(out, &st))
		return 0;
	if (!S_ISDIR(st.st_mode))
		return fail_set(
		    f, EX_LAGO_CANTCREAT, "not a directory '%s'", out);
	if (file_list(AT_FDCWD, out, &names, f))
		return -1;
	for (size_t i = 0; rc == 0 && i < names.n; i++)
		if (!hash_is_hex(names.v[i]))
			rc = fail_set(f, EX_LAGO_CANTCREAT,
			    "holds more than results '%s'", out);
	strs_release(&names);
	return rc;
}

/* Directories of the same result whose maker is dead: nobody holds the lock. */
static void
sweep(const char *parent, const char *prefix)
{
	DIR *dir = opendir(parent);
	struct dirent *e;
	int fd;

	while (dir && (e = readdir(dir))) {
		if (strncmp(e->d_name, prefix, strlen(prefix)))
			continue;
		fd = openat(
		    dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
			file_remove(dirfd(dir), e->d_name, NULL);
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
}

int
result_open(struct result *r, const char *out, struct fail *f)
{
	char *slash, *parent, *prefix;
	mode_t mask = umask(0);

	umask(mask);
	memset(r, 0, sizeof *r);
	r->fd = -1;
	r->out = resolve(out);
	if (replaceable(r->out, f))
		return -1;
	slash = strrchr(r->out, '/');
	parent = slash ? mem_strndup(r->out, (size_t)(slash - r->out) + 1)
		       : mem_strdup("./");
	prefix = mem_printf(".%.200s" MARK, slash ? slash + 1 : r->out);
	sweep(parent, prefix);
	r->temp = mem_printf("%s%sXXXXXX", parent, prefix);
	if (mkdtemp(r->temp) && !chmod(r->temp, 0777 & ~mask))
		r->fd = open(r->temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(parent);
	free(prefix);
	if (r->fd < 0)
		return fail_errno(
		    f, EX_LAGO_CANTCREAT, "cannot make '%s'", r->temp);
	flock(r->fd, LOCK_EX | LOCK_NB);
	return 0;
}

/* Has the file there these bytes? */
static bool
same(const struct result *r, const char *name, const char *hex)
{
	int fd = openat(r->fd, name, O_RDONLY | O_CLOEXEC);
	char there[HASH_HEX];
	bool yes = fd >= 0 && !hash_fd(fd, there) && !strcmp(there, hex);

	if (fd >= 0)
		close(fd);
	return yes;
}

char *
result_add(
    struct result *r, const struct buf *b, const char *name, struct fail *f)
{
	char hex[HASH_HEX], *as;
	int fd, rc;

	hash_bytes(buf_str(b), b->len, hex);
	as = mem_strdup(name ? name : hex);
	fd = openat(r->fd, as, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST && !same(r, as, hex)) {
		free(as);
		as = mem_printf("%.180s.%.12s", name ? name : hex, hex);
		fd = openat(
		    r->fd, as, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	}
	if (fd < 0 && errno == EEXIST)
		return as;
	rc = fd < 0 ? -1 : file_write_fd(fd, buf_str(b), b->len);
	if (fd >= 0 && close(fd))
		rc = -1;
	if (rc) {
		fail_errno(f, fd < 0 ? EX_LAGO_CANTCREAT : EX_LAGO_IO,
		    "cannot write '%s/%s'", r->temp, as);
		free(as);
		return NULL;
	}
	r->files++;
	r->bytes += b->len;
	return as;
}

void
result_remove(struct result *r, const char *name)
{
	struct stat st;

	if (fstatat(r->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    unlinkat(r->fd, name, 0) == 0) {
		r->files--;
		r->bytes -= (uint64_t)st.st_size;
	}
}

char *
result_path(const struct result *r, const char *name)
{
	return mem_printf("%s/%s", r->temp, name);
}

int
result_commit(struct result *r, struct fail *f)
{
	char *slash = strrchr(r->out, '/'), *parent;
	int rc;

	if (syncfs(r->fd))
		return fail_errno(f, EX_LAGO_IO, "cannot write '%s'", r->temp);
	if (rename(r->temp, r->out) &&
	    (replaceable(r->out, f) || renameat2(AT_FDCWD, r->temp, AT_FDCWD,
					   r->out, RENAME_EXCHANGE)))
		return fail_errno(
		    f, EX_LAGO_CANTCREAT, "cannot make '%s'", r->out);
	parent = slash ? mem_strndup(r->out, (size_t)(slash - r->out) + 1)
		       : mem_strdup(".");
	rc = file_sync_dir(AT_FDCWD, parent, f);
	free(parent);
	return rc;
}

void
result_release(struct result *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	free(r->out);
	free(r->temp);
	r->out = r->temp = NULL;
}
