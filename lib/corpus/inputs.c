#include <errno.h>
#include <fcntl.h>
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
#include "corpus/inputs.h"

enum { INPUT_MAX = 256 << 20 };

void
inputs_put(struct inputs *l, const char *path)
{
	struct stat st = {0};
	bool there = lstat(path, &st) == 0 && S_ISREG(st.st_mode);

	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 256;
		l->v = mem_grow(l->v, l->room, sizeof *l->v);
	}
	l->v[l->n++] = (struct input){mem_strdup(path), (uint64_t)st.st_size,
	    there ? INPUT_NEW : INPUT_GONE, 0};
}

/* Inside a directory that is hidden. */
static bool
hidden(const char *below)
{
	const char *dot = strstr(below, "/.");

	return dot && strchr(dot + 1, '/');
}

int
inputs_add(struct inputs *l, const char *path, struct fail *f)
{
	struct strs files = {0};
	int rc = file_walk(path, &files, f);

	for (size_t i = 0; i < files.n; i++)
		if (!hidden(files.v[i] + strlen(path)))
			inputs_put(l, files.v[i]);
	strs_release(&files);
	return rc;
}

static int
by_size(const void *a, const void *b)
{
	const struct input *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return strcmp(x->path, y->path);
}

struct named {
	char hex[HASH_HEX];
	struct input *in;
};

static int
by_hash(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = strcmp(x->hex, y->hex);

	return c ? c : strcmp(x->in->path, y->in->path);
}

/* Of n inputs of one size all but the first of each content are copies. */
static void
mark_copies(struct input *v, size_t n)
{
	struct named *list = mem_array(n, sizeof *list);
	size_t have = 0;
	int fd;

	for (size_t i = 0; i < n; i++) {
		fd = open(v[i].path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && !hash_fd(fd, list[have].hex))
			list[have++].in = &v[i];
		if (fd >= 0)
			close(fd);
	}
	qsort(list, have, sizeof *list, by_hash);
	for (size_t i = 1; i < have; i++)
		if (!strcmp(list[i].hex, list[i - 1].hex))
			list[i].in->state = INPUT_COPY;
	free(list);
}

static void
mark_empty(struct input *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].state == INPUT_NEW)
			v[i].state = INPUT_EMPTY;
}

void
inputs_sort(struct inputs *l)
{
	size_t end;

	if (!l->n)
		return;
	qsort(l->v, l->n, sizeof *l->v, by_size);
	for (size_t i = 0; i < l->n; i = end) {
		for (end = i + 1; end < l->n && l->v[end].size == l->v[i].size;)
			end++;
		if (l->v[i].size == 0)
			mark_empty(l->v + i, end - i);
		else if (end - i > 1)
			mark_copies(l->v + i, end - i);
	}
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
