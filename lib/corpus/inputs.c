#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "corpus/contents.h"
#include "corpus/inputs.h"

enum { INPUT_MAX = 256 << 20 };

/* A file system's clock ticks in up to 10 ms; be generous. */
#define SETTLED 2

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0xff51afd7ed558ccd;
	return h ^ h >> 32;
}

static uint64_t
stamp_of(const struct stat *st)
{
	uint64_t h = 0x9e3779b97f4a7c15;

	if (!S_ISREG(st->st_mode) ||
	    st->st_ctim.tv_sec + SETTLED > clock_unix())
		return 0;
	h = mix(h, st->st_dev);
	h = mix(h, st->st_ino);
	h = mix(h, (uint64_t)st->st_size);
	h = mix(h, (uint64_t)st->st_mtim.tv_sec);
	h = mix(h, (uint64_t)st->st_mtim.tv_nsec);
	h = mix(h, (uint64_t)st->st_ctim.tv_sec);
	h = mix(h, (uint64_t)st->st_ctim.tv_nsec);
	return h ? h : 1;
}

uint64_t
inputs_stamp(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : stamp_of(&st);
}

/* The path is ours then. */
static void
take(struct inputs *l, char *path, const struct stat *st, bool base)
{
	bool there = st && S_ISREG(st->st_mode);

	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 256;
		l->v = mem_grow(l->v, l->room, sizeof *l->v);
	}
	l->v[l->n++] = (struct input){.path = path,
	    .size = there ? (uint64_t)st->st_size : 0,
	    .state = there ? INPUT_NEW : INPUT_GONE,
	    .base = base,
	    .stamp = there ? stamp_of(st) : 0};
}

void
inputs_put(struct inputs *l, const char *path)
{
	struct stat st;

	take(l, mem_strdup(path), lstat(path, &st) ? NULL : &st, false);
}

static char *
joined(const char *dir, const char *name)
{
	size_t n = strlen(dir), m = strlen(name) + 1;
	char *full = mem_alloc(n + 1 + m);

	memcpy(full, dir, n);
	full[n] = '/';
	memcpy(full + n + (dir[n - 1] != '/'), name, m);
	return full;
}

/* The files of an open directory, whose descriptor is ours; below the operand
 * hidden directories are left out. */
static int
walk(struct inputs *l, int fd, const char *path, bool base)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	struct stat st;
	int rc = dir ? 0 : -1;

	while (rc == 0 && (errno = 0, e = readdir(dir))) {
		const char *name = e->d_name;
		char *full;

		if (!strcmp(name, ".") || !strcmp(name, "..") ||
		    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!S_ISREG(st.st_mode) &&
		    (!S_ISDIR(st.st_mode) || name[0] == '.'))
			continue;
		full = joined(path, name);
		if (S_ISREG(st.st_mode)) {
			take(l, full, &st, base);
			continue;
		}
		rc = walk(l,
		    openat(fd, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
		    full, base);
		free(full);
	}
	if (dir && errno)
		rc = -1;
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return rc;
}

int
inputs_add(struct inputs *l, const char *path, bool base, struct fail *f)
{
	struct stat st;
	int rc = *path ? stat(path, &st) : -1;

	if (rc == 0 && S_ISREG(st.st_mode))
		take(l, mem_strdup(path), &st, base);
	else if (rc == 0)
		rc = walk(l, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		    path, base);
	if (rc)
		return fail_errno(f,
		    errno == ENOENT ? EX_LAGO_NOINPUT : EX_LAGO_IO,
		    "cannot read '%s'", path);
	return 0;
}

/* What is compared, close together; most paths differ in the eight bytes that
 * follow what all have in common. */
struct key {
	uint64_t size, bytes;
	const char *path;
	uint32_t input;
	bool base;
};

static int
by_size(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->base != y->base)
		return x->base ? -1 : 1;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? -1 : 1;
	return strcmp(x->path, y->path);
}

static size_t
in_common(const struct inputs *l)
{
	size_t n = l->n ? strlen(l->v[0].path) : 0;

	for (size_t i = 1; i < l->n; i++)
		while (n && strncmp(l->v[0].path, l->v[i].path, n) != 0)
			n--;
	return n;
}

static uint64_t
eight_of(const char *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++) {
		v = v << 8 | (uint8_t)*p;
		p += *p != '\0';
	}
	return v;
}

void
inputs_sort(struct inputs *l)
{
	struct key *key = mem_array(l->n, sizeof *key);
	struct input *v = mem_array(l->n, sizeof *v);
	size_t same = in_common(l);

	for (uint32_t i = 0; i < l->n; i++)
		key[i] =
		    (struct key){l->v[i].size, eight_of(l->v[i].path + same),
			l->v[i].path, i, l->v[i].base};
	qsort(key, l->n, sizeof *key, by_size);
	for (size_t i = 0; i < l->n; i++) {
		v[i] = l->v[key[i].input];
		if (v[i].size == 0 && v[i].state == INPUT_NEW)
			v[i].state = INPUT_EMPTY;
	}
	free(key);
	free(l->v);
	l->v = v;
	l->room = l->n;
}

void
inputs_hash(struct input *in, const struct buf *b)
{
	hash_raw(buf_str(b), b->len, in->sha);
	in->hashed = true;
}

void
inputs_hex(const struct input *in, char hex[2 * INPUT_SHA + 1])
{
	for (size_t i = 0; i < INPUT_SHA; i++)
		sprintf(hex + 2 * i, "%02x", in->sha[i]);
}

void
inputs_dedupe(struct inputs *l)
{
	struct buf b = BUF_INIT;
	struct contents c;

	contents_init(&c, l);
	for (uint32_t i = 0; i < l->n; i++)
		if (l->v[i].hashed && l->v[i].state != INPUT_NEW)
			contents_first(&c, i);
	for (uint32_t i = 0; i < l->n; i++) {
		if (l->v[i].state != INPUT_NEW)
			continue;
		if (!l->v[i].hashed) {
			if (inputs_read(&l->v[i], &b, NULL))
				continue;
			inputs_hash(&l->v[i], &b);
		}
		if (contents_first(&c, i) != i)
			l->v[i].state = INPUT_COPY;
	}
	buf_release(&b);
	contents_release(&c);
}

void
inputs_settle(struct inputs *l)
{
	struct contents c;

	contents_init(&c, l);
	for (uint32_t i = 0; i < l->n; i++) {
		struct input *in = &l->v[i], *first;

		if (!in->hashed)
			continue;
		first = &l->v[contents_first(&c, i)];
		if (first == in || in->state == INPUT_COPY ||
		    in->state == INPUT_NEW)
			continue;
		if (first->state == INPUT_COPY) {
			first->state = in->state;
			first->trace = in->trace;
			first->micros = in->micros;
		}
		in->state = INPUT_COPY;
	}
	contents_release(&c);
}

int
inputs_read(struct input *in, struct buf *b, struct fail *f)
{
	bool cut;

	if (file_read(AT_FDCWD, in->path, INPUT_MAX, b, &cut, f)) {
		in->state = INPUT_GONE;
		return -1;
	}
	if (cut)
		return fail_set(f, EX_LAGO_DATA, "too large '%s'", in->path);
	return 0;
}

size_t
inputs_count(const struct inputs *l, enum input_state state, uint64_t *bytes)
{
	size_t n = 0;

	*bytes = 0;
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].state == state) {
			*bytes += l->v[i].size;
			n++;
		}
	return n;
}

void
inputs_release(struct inputs *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].path);
	free(l->v);
	memset(l, 0, sizeof *l);
}
