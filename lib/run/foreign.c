#include "run/foreign.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/strs.h"
#include "run/collect.h"
#include "run/inside.h"
#include "run/life.h"

#define INPUT_MAX (4 << 20)
#define AT_ONCE 2000 /* files of a tick */
#define TEMP ".import"

/* The driver's directory, made part by part; -1 with errno. */
static int
open_import(struct life *l)
{
	char *path = mem_printf("out/%s", l->import), *p;
	int fd;

	for (p = strchr(path, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		fd = inside_dir(l->workfd, path);
		*p = '/';
		if (fd >= 0)
			close(fd);
	}
	fd = inside_dir(l->workfd, path);
	free(path);
	return fd;
}

/* The number behind the last one there. */
static unsigned
next_number(int dir)
{
	struct strs names = {0};
	unsigned n, next = 0;
	size_t i;

	file_list(dir, ".", &names, NULL);
	for (i = 0; i < names.n; i++)
		if (sscanf(names.v[i], "id:%6u,lago", &n) == 1 && n >= next)
			next = n + 1;
	strs_release(&names);
	return next;
}

void
foreign_start(struct life *l)
{
	struct strs names = {0};
	size_t i;
	int dir;

	if (file_list(l->dir, FOREIGN_DIR, &names, NULL) == 0)
		for (i = 0; i < names.n; i++)
			collect_others(l, names.v[i]);
	strs_release(&names);
	if (l->import == NULL || (dir = open_import(l)) < 0)
		return;
	l->imported = next_number(dir);
	close(dir);
}

/* libFuzzer looks again only at a directory whose time is later than when it
 * last looked, in whole seconds, and at files no older than that: what comes in
 * a second in which it looked already would wait for the next change.  So theirs
 * is the next second; what instances of ours share in it is passed over. */
static const struct timespec *
times(const struct life *l)
{
	static struct timespec both[2];

	both[0].tv_sec = both[1].tv_sec = l->import_time;
	return both;
}

/* One file to the fuzzer, whole at once.  1: it has it already. */
static int
give(struct life *l, int from, const char *sha, int to)
{
	struct buf b = BUF_INIT;
	char real[HASH_HEX], name[32];
	int rc = 1;

	if (!collect_has(l, sha) &&
	    file_read(from, sha, INPUT_MAX, &b, NULL, NULL) == 0 && b.len > 0) {
		hash_bytes(b.p, b.len, real);
		snprintf(name, sizeof(name), "id:%06u,lago", l->imported);
		if (strcmp(real, sha) == 0) {
			rc = inside_write(l->workfd, TEMP, b.p, b.len, 0644);
			if (rc == 0)
				rc = renameat(l->workfd, TEMP, to, name);
		}
		if (rc == 0) {
			utimensat(to, name, times(l), AT_SYMLINK_NOFOLLOW);
			l->imported++;
			l->imported_bytes += b.len;
		}
	}
	buf_release(&b);
	return rc;
}

/* Given first, then kept: what is done twice is found in .queue or here. */
static void
take(struct life *l, int from, const struct strs *names)
{
	unsigned before = l->imported;
	int keep, to = open_import(l);
	uint64_t bytes = l->imported_bytes;
	time_t now;
	size_t i;

	now = time(NULL);
	l->import_time = 1 + (now > l->import_time ? now : l->import_time);
	mkdirat(l->dir, FOREIGN_DIR, 0755);
	keep = openat(l->dir, FOREIGN_DIR,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	for (i = 0; to >= 0 && keep >= 0 && i < names->n && i < AT_ONCE; i++) {
		if (!hash_is_hex(names->v[i]))
			continue;
		switch (give(l, from, names->v[i], to)) {
		case 0:
			renameat(from, names->v[i], keep, names->v[i]);
			collect_others(l, names->v[i]);
			break;
		case 1:
			unlinkat(from, names->v[i], 0);
		}
	}
	if (l->imported > before) {
		futimens(to, times(l));
		life_say(l, "%u files of others, %llu bytes, taken in",
		    l->imported - before,
		    (unsigned long long)(l->imported_bytes - bytes));
	}
	if (to >= 0)
		close(to);
	if (keep >= 0)
		close(keep);
}

void
foreign_tick(struct life *l)
{
	struct strs names = {0};
	int from;

	if (l->import == NULL)
		return;
	from = openat(l->dir, FOREIGN_INCOMING,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (from < 0)
		return;
	if (file_list(from, ".", &names, NULL) == 0 && names.n > 0)
		take(l, from, &names);
	strs_release(&names);
	close(from);
}
