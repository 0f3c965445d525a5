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
#include "base/strs.h"
#include "corpus/contents.h"
#include "corpus/inputs.h"
#include "corpus/stats.h"

enum { INPUT_MAX = 256 << 20 };

uint64_t
inputs_stamp(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : stats_stamp(&st);
}

/* The path is ours then. */
static void
take(struct inputs *l, char *path, const struct stats *st, bool base)
{
	bool there = S_ISREG(st->mode);

	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 256;
		l->v = mem_grow(l->v, l->room, sizeof *l->v);
	}
	l->v[l->n++] = (struct input){.path = path,
	    .size = there ? st->size : 0,
	    .state = there ? INPUT_NEW : INPUT_GONE,
	    .base = base,
	    .stamp = there ? st->stamp : 0};
}

static void
take_file(struct inputs *l, const char *path, const struct stat *st, bool base)
{
	struct stats s = {0};

	if (st)
		s = (struct stats){
		    (uint64_t)st->st_size, stats_stamp(st), st->st_mode};
	take(l, mem_strdup(path), &s, base);
}

void
inputs_put(struct inputs *l, const char *path)
{
	struct stat st;

	take_file(l, path, lstat(path, &st) ? NULL : &st, false);
}

/* n: of the directory's name with a slash. */
static char *
joined(const char *dir, size_t n, const char *name)
{
	size_t m = strlen(name) + 1;
	char *full = mem_alloc(n + m);

	memcpy(full, dir, n - 1);
	full[n - 1] = '/';
	memcpy(full + n, name, m);
	return full;
}

/* Paths of what may be a file or a directory to go into; the name in each
 * starts at skip. */
static int
entries(DIR *dir, const char *path, size_t *skip, struct strs *to)
{
	size_t n = strlen(path);
	struct dirent *e;

	*skip = n + (path[n - 1] != '/');
	while (errno = 0, e = readdir(dir)) {
		if (e->d_type != DT_REG && e->d_type != DT_DIR &&
		    e->d_type != DT_UNKNOWN)
			continue;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (to->n == to->size) {
			to->size = to->size ? to->size * 2 : 256;
			to->v = mem_grow(to->v, to->size, sizeof *to->v);
		}
		to->v[to->n++] = joined(path, *skip, e->d_name);
	}
	return errno ? -1 : 0;
}

static int walk(struct inputs *l, int fd, const char *path, bool base);

/* Files become inputs, which own their paths then; directories are gone into,
 * hidden ones left out. */
static int
take_entries(
    struct inputs *l, int fd, const struct strs *list, size_t skip, bool base)
{
	struct stats *st = stats_of(fd, list->v, skip, list->n);
	int rc = st ? 0 : -1;

	for (size_t i = 0; i < list->n; i++) {
		char *path = list->v[i];

		if (rc == 0 && S_ISREG(st[i].mode)) {
			take(l, path, &st[i], base);
			continue;
		}
		if (rc == 0 && S_ISDIR(st[i].mode) && path[skip] != '.')
			rc = walk(l,
			    openat(fd, path + skip,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
				    O_CLOEXEC),
			    path, base);
		free(path);
	}
	if (st)
		stats_free(st, list->n);
	return rc;
}

/* The files of an open directory, whose descriptor is ours. */
static int
walk(struct inputs *l, int fd, const char *path, bool base)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct strs list = {0};
	size_t skip;
	int rc;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	rc = entries(dir, path, &skip, &list);
	if (take_entries(l, fd, &list, skip, base))
		rc = -1;
	free(list.v);
	closedir(dir);
	return rc;
}

int
inputs_add(struct inputs *l, const char *path, bool base, struct fail *f)
{
	struct stat st;
	int rc = *path ? stat(path, &st) : -1;

	if (rc == 0 && S_ISREG(st.st_mode))
		take_file(l, path, &st, base);
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
by_path(const void *a, const void *b)
{
	return strcmp(
	    ((const struct key *)a)->path, ((const struct key *)b)->path);
}

enum { DIGITS = 17 };

/* From the least of those that count on. */
static uint8_t
digit(const struct key *k, int i)
{
	return (uint8_t)(i < 8	  ? k->bytes >> 8 * i
			 : i < 16 ? k->size >> 8 * (i - 8)
				  : !k->base);
}

/* By one digit; false when all have the same. */
static bool
by_digit(const struct key *from, struct key *to, size_t n, int i)
{
	size_t count[256] = {0}, at = 0, many;

	for (size_t k = 0; k < n; k++)
		count[digit(&from[k], i)]++;
	if (count[digit(from, i)] == n)
		return false;
	for (size_t k = 0; k < 256; k++) {
		many = count[k];
		count[k] = at;
		at += many;
	}
	for (size_t k = 0; k < n; k++)
		to[count[digit(&from[k], i)]++] = from[k];
	return true;
}

static bool
same_digits(const struct key *x, const struct key *y)
{
	return x->bytes == y->bytes && x->size == y->size && x->base == y->base;
}

/* Digit by digit, then the few that those do not tell apart by their paths;
 * the keys are where it returns. */
static struct key *
sort(struct key *key, struct key *room, size_t n)
{
	struct key *other;

	for (int i = 0; n && i < DIGITS; i++) {
		if (!by_digit(key, room, n, i))
			continue;
		other = key;
		key = room;
		room = other;
	}
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && same_digits(&key[i], &key[end]);)
			end++;
		if (end > i + 1)
			qsort(key + i, end - i, sizeof *key, by_path);
	}
	return key;
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
	struct key *key = mem_array(2 * l->n, sizeof *key), *sorted;
	struct input *v = mem_array(l->n, sizeof *v);
	size_t same = in_common(l);

	for (uint32_t i = 0; i < l->n; i++)
		key[i] =
		    (struct key){l->v[i].size, eight_of(l->v[i].path + same),
			l->v[i].path, i, l->v[i].base};
	sorted = sort(key, key + l->n, l->n);
	for (size_t i = 0; i < l->n; i++) {
		v[i] = l->v[sorted[i].input];
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

void
inputs_count(const struct inputs *l, uint64_t n[INPUT_STATES])
{
	memset(n, 0, INPUT_STATES * sizeof *n);
	for (size_t i = 0; i < l->n; i++)
		n[l->v[i].state]++;
}

void
inputs_release(struct inputs *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].path);
	free(l->v);
	memset(l, 0, sizeof *l);
}
