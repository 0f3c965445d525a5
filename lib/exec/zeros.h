/*
 * For a process that is going to be copied often: gives back those of its pages
 * that are nothing but zeros.  What it reads there stays the same, and no copy
 * has to take them along, or to drop them when it ends.  libFuzzer's start
 * alone leaves 32 MiB of such.
 *
 * Only private memory that belongs to no file; raw system calls, for a
 * sanitizer's own functions would change what they look at.  No other thread
 * may exist.
 */
#ifndef LAGO_EXEC_ZEROS_H
#define LAGO_EXEC_ZEROS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of what is larger nearly nothing is there, and to ask for each page of a
 * sanitizer's shadow takes too long. */
#define ZEROS_MOST ((uintptr_t)1 << 30)

static bool
zeros_only(uintptr_t at, size_t page)
{
	const uint64_t *p = (const uint64_t *)at;

	for (size_t i = 0; i < page / sizeof(*p); i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* To read a page that is not there would make it. */
static void
zeros_of(int pagemap, uintptr_t at, uintptr_t end, size_t page)
{
	const uint64_t present = (uint64_t)1 << 63;
	static uint64_t is[4096];
	size_t n = 0, i = 0, run = 0;
	ssize_t got;

	for (; at < end; at += page, i++) {
		if (i == n) {
			got = syscall(SYS_pread64, pagemap, is, sizeof(is),
			    (off_t)(at / page * sizeof(*is)));
			n = got > 0 ? (size_t)got / sizeof(*is) : 0;
			i = 0;
		}
		if (n == 0)
			break;
		if ((is[i] & present) != 0 && zeros_only(at, page)) {
			run += page;
			continue;
		}
		if (run > 0)
			syscall(SYS_madvise, at - run, run, MADV_DONTNEED);
		run = 0;
	}
	if (run > 0)
		syscall(SYS_madvise, at - run, run, MADV_DONTNEED);
}

/* A line of maps: "FROM-TO PERMS OFFSET DEVICE INODE NAME". */
static bool
zeros_line(char *line, uintptr_t *from, uintptr_t *to)
{
	char *p;
	int spaces = 0;

	*from = strtoull(line, &p, 16);
	*to = *p == '-' ? strtoull(p + 1, &p, 16) : 0;
	if (strncmp(p, " rw-p ", 6) != 0 || strstr(p, "[stack") != NULL ||
	    *to - *from > ZEROS_MOST)
		return false;
	for (; spaces < 4 && *p != '\0'; p++)
		spaces += *p == ' ';
	return spaces == 4 && p[0] == '0' && p[1] == ' ';
}

static void
zeros_drop(void)
{
	static char maps[256 << 10];
	int fd = (int)syscall(
	    SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
	int pagemap = (int)syscall(
	    SYS_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t page = (size_t)sysconf(_SC_PAGESIZE), len = 0;
	uintptr_t from, to;
	ssize_t n;

	while (len < sizeof(maps) - 1 && (n = syscall(SYS_read, fd, maps + len,
					      sizeof(maps) - 1 - len)) > 0)
		len += (size_t)n;
	syscall(SYS_close, fd);
	maps[len] = '\0';
	for (char *line = maps, *end; (end = strchr(line, '\n')) != NULL;
	     line = end + 1) {
		*end = '\0';
		if (zeros_line(line, &from, &to))
			zeros_of(pagemap, from, to, page);
	}
	syscall(SYS_close, pagemap);
}

#endif
