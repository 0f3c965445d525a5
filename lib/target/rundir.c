#include "target/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "target/exec.h"

static const struct {
	const char *name;
	unsigned entries; /* after a run that left nothing */
} dirs[] = {{"", 3}, {"/in", 1}, {"/tmp", 0}, {"/cwd", 0}};
enum { CWD = 3 };

int
rundir_name(struct rundir *d, const char *file, struct fail *f)
{
	const char *tmp = getenv("TMPDIR");
	char random[33], *real;

	if (tmp == NULL || *tmp == '\0')
		tmp = "/tmp";
	real = realpath(tmp, NULL);
	if (real == NULL)
		return fail_errno(f, EX_LAGO_CANTCREAT,
		    "cannot make a directory in '%s'", tmp);
	hash_random(random);
	d->dir = mem_printf("%s/lago-exec.%s", real, random);
	free(real);
	d->run = mem_printf("%s/run", d->dir);
	d->input =
	    mem_printf("%s/in/%s", d->run, file != NULL ? file : "input");
	return 0;
}

int
rundir_create(struct rundir *d, struct fail *f)
{
	return mkdir(d->dir, 0700) == 0 ? 0
					: fail_errno(f, EX_LAGO_CANTCREAT,
					      "cannot make '%s'", d->dir);
}

int
rundir_tree(struct rundir *d, const char *tree, struct fail *f)
{
	struct strs names = {0};
	char *real;
	size_t i;

	real = realpath(tree, NULL);
	if (real == NULL || file_list(AT_FDCWD, real, &names, f) != 0) {
		free(real);
		return fail_errno(f, EX_LAGO_NOINPUT, "cannot read '%s'", tree);
	}
	for (i = 0; i < names.n; i++) {
		strs_addf(&d->tree, "%s/%s", real, names.v[i]);
		strs_addf(&d->tree, "%s/cwd/%s", d->run, names.v[i]);
	}
	strs_release(&names);
	free(real);
	return 0;
}

void
rundir_remove(struct rundir *d)
{
	if (d->dir != NULL)
		file_remove(AT_FDCWD, d->dir, NULL);
	strs_release(&d->tree);
	free(d->dir);
	free(d->run);
	free(d->input);
	*d = (struct rundir){0};
}

static uint64_t
hash_name(const char *name)
{
	uint64_t h = 14695981039346656037u;

	while (*name != '\0')
		h = (h ^ (unsigned char)*name++) * 1099511628211u;
	return h;
}

/* Is it a directory as we made it, with that many entries and these links?  Where a
 * link leads to is not asked: whoever makes another under its name harms only
 * himself. */
static bool
has(const char *path, size_t entries, uint64_t links)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	uint64_t names = 0;
	size_t n = 0;
	struct dirent *entry;
	struct stat st;
	bool ours;

	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	ours = fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0700;
	while ((entry = readdir(d)) != NULL)
		if (entry->d_type == DT_LNK)
			names += hash_name(entry->d_name);
		else
			n++;
	closedir(d);
	return ours && n == entries + 2 && names == links;
}

/* Most targets leave nothing behind.  To make all directories anew takes
 * longer than to run a small one. */
static bool
can_stay(const struct rundir *d)
{
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", d->run, dirs[i].name);
		if (!has(path, dirs[i].entries, i == CWD ? d->links : 0))
			return false;
	}
	return unlink(d->input) == 0;
}

/* Of the last run, whatever the target made of it. */
static void
clear_run(struct rundir *d)
{
	char *aside;

	if (file_remove(AT_FDCWD, d->run, NULL) == 0)
		return;
	aside = mem_printf("%s/bad%u", d->dir, d->bad++);
	if (rename(d->run, aside) != 0)
		d->bad--;
	free(aside);
}

int
rundir_clean(struct rundir *d, struct fail *f)
{
	char path[PATH_MAX];
	size_t i;

	if (can_stay(d))
		return 0;
	clear_run(d);
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", d->run, dirs[i].name);
		if (mkdir(path, 0700) != 0)
			return fail_errno(
			    f, EX_LAGO_CANTCREAT, "cannot make '%s'", path);
	}
	d->links = 0;
	for (i = 0; i + 1 < d->tree.n; i += 2) {
		d->links += hash_name(strrchr(d->tree.v[i + 1], '/') + 1);
		if (symlink(d->tree.v[i], d->tree.v[i + 1]) != 0)
			return fail_errno(f, EX_LAGO_CANTCREAT,
			    "cannot make '%s'", d->tree.v[i + 1]);
	}
	return 0;
}

static int
copy_input(const char *path, int to, struct fail *f)
{
	int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n;

	if (from < 0)
		return fail_errno(f, EX_LAGO_NOINPUT, "cannot open '%s'", path);
	if (fstat(from, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(from);
		return fail_set(
		    f, EX_LAGO_NOINPUT, "not a regular file '%s'", path);
	}
	while ((n = sendfile(to, from, NULL, 1 << 30)) > 0)
		;
	if (n < 0)
		fail_errno(f, EX_LAGO_IO, "cannot copy '%s'", path);
	close(from);
	return n < 0 ? -1 : 0;
}

int
rundir_input(struct rundir *d, const struct exec_input *in, struct fail *f)
{
	int fd, rc = 0;

	fd = open(d->input, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_errno(
		    f, EX_LAGO_CANTCREAT, "cannot make '%s'", d->input);
	if (in->data == NULL && in->path != NULL)
		rc = copy_input(in->path, fd, f);
	else if (in->len > 0 && file_write_fd(fd, in->data, in->len) != 0)
		rc = fail_errno(f, EX_LAGO_IO, "cannot write '%s'", d->input);
	close(fd);
	return rc;
}
