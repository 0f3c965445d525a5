#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/strs.h"
#include "corpus/inputs.h"
#include "corpus/publish.h"

enum { ID_MAX = 999999, LOCK_SECONDS = 10 };

/* Does somebody hold the lock of this file or directory? */
static bool
is_locked(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool yes = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB);

	if (fd >= 0)
		close(fd);
	return yes;
}

/* An output directory of AFL++, or a run's directory, in use. */
static bool
is_busy(const char *dir)
{
	char *stats = mem_printf("%s/fuzzer_stats", dir);
	char *lock = mem_printf("%s/lock", dir);
	bool yes =
	    (file_exists(AT_FDCWD, stats) && is_locked(dir)) || is_locked(lock);

	free(stats);
	free(lock);
	return yes;
}

bool
publish_is_live(const char *dir)
{
	char path[PATH_MAX], *slash;
	struct strs names = {0};
	bool yes = false;

	if (!realpath(dir, path))
		return false;
	if (!file_list(AT_FDCWD, path, &names, NULL))
		for (size_t i = 0; i < names.n && !yes; i++) {
			char *below = mem_printf("%s/%s", path, names.v[i]);

			yes = is_busy(below);
			free(below);
		}
	strs_release(&names);
	for (int up = 0; up < 3 && !yes && (slash = strrchr(path, '/')); up++) {
		yes = is_busy(path);
		*slash = '\0';
	}
	return yes;
}

/* --- a peer --- */

struct peer {
	int queue;
	struct strs have; /* SHA-256 of what is there */
	unsigned next;
	struct fail *f;
};

static int
look(struct peer *p, const char *path)
{
	struct strs names = {0};
	unsigned id;
	char hex[HASH_HEX];
	int fd;

	if (file_list(AT_FDCWD, path, &names, p->f))
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		if (sscanf(names.v[i], "id:%6u", &id) != 1)
			continue;
		if (id >= p->next)
			p->next = id + 1;
		fd = openat(
		    p->queue, names.v[i], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && !hash_fd(fd, hex))
			strs_add(&p->have, hex);
		if (fd >= 0)
			close(fd);
	}
	strs_release(&names);
	strs_sort(&p->have);
	return 0;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
add(struct peer *p, struct input *in, struct buf *b)
{
	char hex[HASH_HEX], *key = hex, *name;
	int rc;

	if (inputs_read(in, b, p->f))
		return in->state == INPUT_GONE ? 0 : -1;
	hash_bytes(buf_str(b), b->len, hex);
	if (p->have.n &&
	    bsearch(&key, p->have.v, p->have.n, sizeof *p->have.v, by_text))
		return 0;
	if (p->next > ID_MAX)
		return fail_set(p->f, EX_LAGO_CANTCREAT, "no more ids");
	name = mem_printf("id:%06u,orig:%.16s", p->next++, hex);
	rc = file_write(p->queue, name, buf_str(b), b->len, 0644, p->f);
	free(name);
	return rc;
}

/* Instances started with -S read only a main node: where there is none, that is
 * us. */
static int
be_main(const char *peer, struct fail *f)
{
	const char *slash = strrchr(peer, '/');
	char *parent = slash ? mem_strndup(peer, (size_t)(slash - peer) + 1)
			     : mem_strdup(".");
	char *mark = mem_printf("%s/is_main_node", peer), *other;
	struct strs names = {0};
	bool there = false;
	int rc = file_list(AT_FDCWD, parent, &names, f);

	for (size_t i = 0; i < names.n && !there; i++) {
		other = mem_printf("%s/%s/is_main_node", parent, names.v[i]);
		there = file_exists(AT_FDCWD, other);
		free(other);
	}
	if (rc == 0 && !there)
		rc = file_write(AT_FDCWD, mark, "", 0, 0644, f);
	strs_release(&names);
	free(mark);
	free(parent);
	return rc;
}

int
publish_inputs(
    const char *peer, struct inputs *in, const bool *yes, struct fail *f)
{
	char *path = mem_printf("%s/queue", peer);
	struct peer p = {.queue = -1, .f = f};
	struct buf b = BUF_INIT;
	int rc = file_mkdirs(AT_FDCWD, path, 0777, f), lock = -1;

	if (rc == 0) {
		p.queue = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		lock = p.queue < 0 ? -1 : file_lock(p.queue, ".lock", 10, f);
		rc = lock < 0 ? -1 : look(&p, path);
	}
	for (size_t i = 0; rc == 0 && i < in->n; i++)
		if (yes[i])
			rc = add(&p, &in->v[i], &b);
	if (rc == 0)
		rc = be_main(peer, f);
	if (lock >= 0)
		close(lock);
	if (p.queue >= 0)
		close(p.queue);
	buf_release(&b);
	strs_release(&p.have);
	free(path);
	return rc;
}
