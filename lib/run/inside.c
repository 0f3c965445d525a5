#include "run/inside.h"

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

int
inside_open(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
	    .flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK),
	    .mode = (flags & O_CREAT) != 0 ? mode : 0,
	    .resolve =
		RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

/* Of the directory that path lies in; *name is its last part. */
static int
parent(int dir, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char *above;
	int fd;

	*name = slash != NULL ? slash + 1 : path;
	if (slash == NULL)
		return fcntl(dir, F_DUPFD_CLOEXEC, 3);
	above = mem_strndup(path, (size_t)(slash - path));
	fd = inside_open(dir, above, O_RDONLY | O_DIRECTORY, 0);
	free(above);
	return fd;
}

int
inside_dir(int dir, const char *path)
{
	int fd = inside_open(dir, path, O_RDONLY | O_DIRECTORY, 0), above;
	const char *name;

	if (fd >= 0 || (above = parent(dir, path, &name)) < 0)
		return fd;
	/* A link or file that a target put there goes. */
	unlinkat(above, name, 0);
	mkdirat(above, name, 0755);
	fd = inside_open(above, name, O_RDONLY | O_DIRECTORY, 0);
	close(above);
	return fd;
}

void
inside_remove(int dir, const char *path)
{
	const char *name;
	int above = parent(dir, path, &name);

	if (above < 0)
		return;
	file_remove(above, name, NULL);
	close(above);
}

/* Open for reading; its size. */
static int
open_regular(int dir, const char *path, off_t *size)
{
	struct stat st;
	int fd = inside_open(dir, path, O_RDONLY, 0);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*size = st.st_size;
		return fd;
	}
	close(fd);
	errno = EINVAL;
	return -1;
}

/* n bytes at an offset, or fewer when the file shrank. */
static int
add(int fd, off_t at, size_t n, struct buf *b)
{
	ssize_t got = 1;

	buf_reserve(b, n);
	while (n > 0 && (got = pread(fd, b->p + b->len, n, at)) > 0) {
		b->len += (size_t)got;
		n -= (size_t)got;
		at += got;
	}
	b->p[b->len] = '\0';
	return got < 0 ? -1 : 0;
}

int
inside_read(int dir, const char *path, size_t max, struct buf *b)
{
	off_t size;
	int rc, fd = open_regular(dir, path, &size);

	buf_reset(b);
	if (fd < 0)
		return -1;
	if ((uint64_t)size > max) {
		close(fd);
		errno = EFBIG;
		return -1;
	}
	rc = add(fd, 0, (size_t)size, b);
	close(fd);
	return rc;
}

int
inside_read_ends(int dir, const char *path, size_t max, struct buf *b)
{
	off_t size, half = (off_t)(max / 2);
	int rc, fd = open_regular(dir, path, &size);

	buf_reset(b);
	if (fd < 0)
		return -1;
	rc = add(fd, 0, (size_t)(size > 2 * half ? half : size), b);
	if (rc == 0 && size > 2 * half) {
		buf_addf(b, "\n[%lld bytes left out]\n",
		    (long long)(size - 2 * half));
		rc = add(fd, size - half, (size_t)half, b);
	}
	close(fd);
	return rc;
}

int
inside_write(int dir, const char *path, const void *p, size_t n, mode_t mode)
{
	const char *name;
	int above = parent(dir, path, &name), fd = -1, rc = -1;

	if (above < 0)
		return -1;
	file_remove(above, name, NULL);
	fd = inside_open(above, name, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd >= 0) {
		rc = file_write_fd(fd, p, n);
		close(fd);
	}
	close(above);
	return rc;
}
