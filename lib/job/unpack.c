#include "job/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "job/bundle.h"
#include "job/bundleread.h"
#include "job/bundletree.h"

#define FLAGS                                                  \
	(ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_NO_OVERWRITE | \
	    ARCHIVE_EXTRACT_SECURE_SYMLINKS |                  \
	    ARCHIVE_EXTRACT_SECURE_NODOTDOT |                  \
	    ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS)
#define DEPTH 100 /* of corpus/, as in bundletree.c */

/* What is being unpacked, and how much room is left. */
struct unpack {
	struct bundleread *r;
	struct bundle_limits left;
	struct archive *disk;
	struct archive_entry *e;
	struct buf name, target;
};

static int
full(struct fail *f)
{
	return fail_set(
	    f, EX_LAGO_IO, "larger than the space or number of files allowed");
}

static int
disk_failed(struct unpack *u, struct fail *f)
{
	const char *why = archive_error_string(u->disk);

	return fail_set(f, EX_LAGO_IO, "cannot write '%.200s': %.200s",
	    buf_str(&u->name), why != NULL ? why : "unknown error");
}

/* The next piece of the member, accounted for. */
static int
next_piece(struct bundleread *r, struct bundle_limits *left, uint64_t *end,
    const void **p, size_t *n, int64_t *offset, struct fail *f)
{
	int got = bundleread_data(r, p, n, offset, f);
	uint64_t to;

	if (got != 1)
		return got;
	to = (uint64_t)*offset + *n;
	if (*offset < 0 || to < *end)
		return fail_set(f, EX_LAGO_DATA, "pieces out of order");
	if (to - *end > left->bytes)
		return full(f);
	left->bytes -= to - *end;
	*end = to;
	return 1;
}

static bool
is_program(const char *name, const char *p, size_t n)
{
	return strncmp(name, "corpus/", 7) != 0 &&
	       ((n >= 4 && memcmp(p, "\177ELF", 4) == 0) ||
		   (n >= 2 && memcmp(p, "#!", 2) == 0));
}

/* A regular file.  Its first bytes decide its mode. */
static int
write_file(struct unpack *u, const struct bundleread_member *m, struct fail *f)
{
	bool program = m->executable;
	uint64_t end = 0;
	const void *p;
	int64_t offset;
	size_t n = 0;
	int got;

	if (m->size > 0 && (uint64_t)m->size > u->left.bytes)
		return full(f);
	got = next_piece(u->r, &u->left, &end, &p, &n, &offset, f);
	if (got == -1)
		return -1;
	if (got == 1 && offset == 0)
		program = program || is_program(u->name.p, p, n);
	archive_entry_set_perm(u->e, program ? 0755 : 0644);
	if (archive_write_header(u->disk, u->e) != ARCHIVE_OK)
		return disk_failed(u, f);
	while (got == 1) {
		if (archive_write_data_block(u->disk, p, n, offset) <
		    ARCHIVE_OK)
			return disk_failed(u, f);
		got = next_piece(u->r, &u->left, &end, &p, &n, &offset, f);
	}
	return got;
}

/* Only name, kind, mode and link go to the disk: no owner, set-id, ACL. */
static int
write_member(
    struct unpack *u, const struct bundleread_member *m, struct fail *f)
{
	if (bundletree_name(m->raw, &u->name, f) == -1)
		return -1;
	if (u->name.len == 0)
		return 0;
	if (u->left.members-- == 0)
		return full(f);
	archive_entry_clear(u->e);
	archive_entry_copy_pathname(u->e, u->name.p);
	archive_entry_set_filetype(u->e, m->type);
	if (m->hard) {
		if (bundletree_name(m->target, &u->target, f) == -1)
			return -1;
		archive_entry_copy_hardlink(u->e, buf_str(&u->target));
	} else if (S_ISREG(m->type)) {
		if (m->size >= 0)
			archive_entry_set_size(u->e, m->size);
		return write_file(u, m, f);
	} else if (S_ISLNK(m->type) && m->target != NULL) {
		archive_entry_copy_symlink(u->e, m->target);
	} else if (!S_ISDIR(m->type)) {
		return fail_set(f, EX_LAGO_DATA,
		    "'%.200s' is no file, directory or link", u->name.p);
	}
	archive_entry_set_perm(u->e, 0755);
	if (archive_write_header(u->disk, u->e) != ARCHIVE_OK)
		return disk_failed(u, f);
	return 0;
}

static int
write_all(struct unpack *u, struct fail *f)
{
	struct bundleread_member m;
	int got;

	while ((got = bundleread_next(u->r, &m, f)) == 1)
		if (write_member(u, &m, f) == -1)
			return -1;
	if (got == 0 && archive_write_close(u->disk) != ARCHIVE_OK)
		return disk_failed(u, f);
	return got;
}

/* In the working directory: libarchive knows no other relative paths. */
static int
unpack_here(int fd, const struct bundle_limits *l, struct fail *f)
{
	struct unpack u = {.left = *l};
	int rc = -1;

	u.r = bundleread_open(fd, UINT64_MAX, UINT64_MAX, f);
	if (u.r == NULL)
		return -1;
	u.disk = archive_write_disk_new();
	u.e = archive_entry_new();
	if (u.disk == NULL || u.e == NULL)
		fail_set(f, EX_LAGO_TEMP, "out of memory");
	else {
		archive_write_disk_set_options(u.disk, FLAGS);
		rc = write_all(&u, f);
	}
	archive_entry_free(u.e);
	archive_write_free(u.disk);
	bundleread_close(u.r);
	buf_release(&u.name);
	buf_release(&u.target);
	return rc;
}

int
unpack_bundle(int fd, const char *name, const struct bundle_limits *l, int dest,
    struct fail *f)
{
	struct fail why;
	mode_t mask;
	int before, rc = -1;

	if ((before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1)
		return fail_errno(
		    f, EX_LAGO_IO, "cannot open the working directory");
	mask = umask(022);
	if (fchdir(dest) == -1)
		fail_errno(f, EX_LAGO_IO, "cannot change directory");
	else if ((rc = unpack_here(fd, l, &why)) == -1)
		fail_set(f, why.status, "'%.300s': %s", name, why.text);
	if (fchdir(before) == -1 && rc == 0)
		rc = fail_errno(
		    f, EX_LAGO_IO, "cannot go back to the working directory");
	umask(mask);
	close(before);
	return rc;
}

/* Seeds. */
struct gather {
	int seeds;
	struct bundle_limits left;
	uint64_t n;
};

/* fd is a seed: give it its name, by a link to where it lies or by a copy. */
static int
add_seed(struct gather *g, int fd, int dir, const char *name, struct fail *f)
{
	char hex[HASH_HEX];
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	if (g->left.members == 0 || (uint64_t)st.st_size > g->left.bytes)
		return full(f);
	g->left.members--;
	g->left.bytes -= (uint64_t)st.st_size;
	if (hash_fd(fd, hex) == -1)
		return fail_errno(f, EX_LAGO_IO, "cannot read a seed");
	if (name != NULL && linkat(dir, name, g->seeds, hex, 0) == 0)
		g->n++;
	else if (!file_exists(g->seeds, hex)) {
		if (file_copy_fd(fd, g->seeds, hex, UINT64_MAX, 0644, f) == -1)
			return -1;
		g->n++;
	}
	return 0;
}

/* All regular files below a directory; no link is followed. */
static int
gather_dir(struct gather *g, int fd, unsigned depth, struct fail *f)
{
	struct dirent *e;
	struct stat st;
	int in, rc = 0;
	DIR *d;

	if ((d = fdopendir(fd)) == NULL) {
		close(fd);
		return fail_errno(f, EX_LAGO_IO, "cannot read the corpus");
	}
	while (rc == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		in = openat(dirfd(d), e->d_name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (in == -1)
			continue;
		if (fstat(in, &st) == 0 && S_ISDIR(st.st_mode) &&
		    depth < DEPTH) {
			rc = gather_dir(g, in, depth + 1, f);
			continue;
		}
		rc = add_seed(g, in, dirfd(d), e->d_name, f);
		close(in);
	}
	closedir(d);
	return rc;
}

/* One member of a seed archive: written beside under a hidden name, then named
 * by its hash. */
static int
gather_member(struct gather *g, struct bundleread *r,
    const struct bundleread_member *m, struct fail *f)
{
	static const char temp[] = ".seed";
	struct bundle_limits left = g->left;
	uint64_t end = 0;
	const void *p;
	int64_t offset;
	size_t n;
	int fd, got;

	if (!S_ISREG(m->type) || m->hard)
		return 0;
	unlinkat(g->seeds, temp, 0);
	fd = openat(g->seeds, temp,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1)
		return fail_errno(f, EX_LAGO_CANTCREAT, "cannot make a seed");
	while ((got = next_piece(r, &left, &end, &p, &n, &offset, f)) == 1)
		if (pwrite(fd, p, n, offset) != (ssize_t)n) {
			got = fail_errno(f, EX_LAGO_IO, "cannot write a seed");
			break;
		}
	if (got == 0)
		got = add_seed(g, fd, g->seeds, temp, f);
	close(fd);
	unlinkat(g->seeds, temp, 0);
	return got;
}

static int
gather_archive(struct gather *g, int fd, struct fail *f)
{
	struct bundleread_member m;
	struct bundleread *r;
	int got;

	r = bundleread_open(fd, g->left.bytes, g->left.members, f);
	if (r == NULL)
		return -1;
	while ((got = bundleread_next(r, &m, f)) == 1)
		if (gather_member(g, r, &m, f) == -1) {
			got = -1;
			break;
		}
	bundleread_close(r);
	return got;
}

static int
gather_archives(struct gather *g, int dir, const char *target, struct fail *f)
{
	struct fail why;
	struct stat st;
	char *path;
	size_t i;
	int fd, rc = 0;

	for (i = 0; rc == 0 && bundle_seed_exts[i] != NULL; i++) {
		path =
		    mem_printf("%s_seed_corpus%s", target, bundle_seed_exts[i]);
		fd = openat(
		    dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
			rc = gather_archive(g, fd, &why);
			if (rc == -1)
				fail_set(f, why.status, "'%.200s': %s", path,
				    why.text);
		}
		if (fd != -1)
			close(fd);
		free(path);
	}
	return rc;
}

int
unpack_seeds(int dir, const char *target, const struct bundle_limits *l,
    int seeds, uint64_t *n, struct fail *f)
{
	struct gather g = {.seeds = seeds, .left = *l};
	int fd, rc = 0;

	fd = openat(
	    dir, "corpus", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd != -1)
		rc = gather_dir(&g, fd, 0, f);
	if (rc == 0)
		rc = gather_archives(&g, dir, target, f);
	*n = g.n;
	return rc;
}
