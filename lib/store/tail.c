#include "store/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"

#define CHUNK ((size_t)256 << 10)

int
tail_open(
    struct tail *t, int dirfd, const char *name, int64_t at, struct fail *f)
{
	struct stat st;

	memset(t, 0, sizeof(*t));
	t->at = t->base = at;
	t->fd =
	    openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0 && errno == ENOENT) {
		t->cut = at > 0;
		t->at = t->base = 0;
		return 0;
	}
	if (t->fd < 0)
		return fail_errno(f, EX_LAGO_NOINPUT, "cannot open '%s'", name);
	if (fstat(t->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		tail_close(t);
		return fail_set(
		    f, EX_LAGO_NOINPUT, "'%s' is not a regular file", name);
	}
	t->size = st.st_size;
	t->cut = st.st_size < at;
	if (t->cut)
		t->at = t->base = 0;
	return 0;
}

void
tail_close(struct tail *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	buf_release(&t->b);
}

/* More bytes behind those in b; 0 at the end of the file. */
static ssize_t
more(struct tail *t, struct fail *f)
{
	ssize_t n;

	if (t->pos > 0) {
		t->b.len -= t->pos;
		memmove(t->b.p, t->b.p + t->pos, t->b.len);
		t->base += (int64_t)t->pos;
		t->pos = 0;
	}
	buf_reserve(&t->b, CHUNK + 1);
	do
		n = pread(t->fd, t->b.p + t->b.len, CHUNK,
		    t->base + (int64_t)t->b.len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_errno(f, EX_LAGO_IO, "cannot read");
	t->b.len += (size_t)n;
	return n;
}

int
tail_next(struct tail *t, char **line, size_t *len, int64_t *at, struct fail *f)
{
	size_t seen = 0;
	bool over = false;
	char *nl = NULL;
	ssize_t n;

	if (t->fd < 0)
		return 0;
	for (;;) {
		if (t->b.len > t->pos + seen)
			nl = memchr(t->b.p + t->pos + seen, '\n',
			    t->b.len - t->pos - seen);
		if (nl != NULL)
			break;
		seen = t->b.len - t->pos;
		if (seen > TAIL_LINE_MAX) {
			/* Too long to keep: only its end is looked for. */
			over = true;
			t->pos = t->b.len;
			seen = 0;
		}
		if ((n = more(t, f)) <= 0)
			return (int)n;
	}
	*nl = '\0';
	*at = t->at;
	*line = over ? NULL : t->b.p + t->pos;
	t->pos = (size_t)(nl - t->b.p) + 1;
	t->at = t->base + (int64_t)t->pos;
	*len = (size_t)(t->at - *at) - 1;
	return 1;
}
