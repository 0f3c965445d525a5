#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/sig.h"
#include "target/cpus.h"

#define CPUS_MAX 8192 /* the kernel's largest NR_CPUS */

/* ---- sets ---- */

static void
add(struct cpus *c, int cpu)
{
	c->v = mem_grow(c->v, c->n + 1, sizeof *c->v);
	c->v[c->n++] = cpu;
}

int
cpus_allowed(struct cpus *c, struct fail *f)
{
	size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
	cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
	int i, r = 0;

	*c = (struct cpus){0};
	if (set == NULL || sched_getaffinity(0, size, set) < 0)
		r = fail_errno(f, EX_LAGO_TEMP, "cannot ask for our CPUs");
	else
		for (i = 0; i < CPUS_MAX; i++)
			if (CPU_ISSET_S(i, size, set))
				add(c, i);
	CPU_FREE(set);
	return r;
}

/* "A" or "A-B" at *p; moves *p behind it. */
static int
range(const char **p, long *a, long *b)
{
	char *end;

	if (**p < '0' || **p > '9')
		return -1;
	*b = *a = strtol(*p, &end, 10);
	if (*end == '-') {
		if (end[1] < '0' || end[1] > '9')
			return -1;
		*b = strtol(end + 1, &end, 10);
	}
	*p = end;
	return *a <= *b && *b < CPUS_MAX ? 0 : -1;
}

static int
mark(const char *list, unsigned char *want)
{
	const char *p = list;
	long a, b;

	for (;; p++) {
		if (range(&p, &a, &b) < 0)
			return -1;
		memset(want + a, 1, (size_t)(b - a) + 1);
		if (*p != ',')
			return *p == '\0' ? 0 : -1;
	}
}

int
cpus_parse(struct cpus *c, const char *list, struct fail *f)
{
	unsigned char want[CPUS_MAX] = {0};
	struct cpus allowed;
	size_t i;
	int cpu;

	*c = (struct cpus){0};
	if (mark(list, want) < 0)
		return fail_set(
		    f, EX_LAGO_USAGE, "not a list of CPUs: '%s'", list);
	if (cpus_allowed(&allowed, f) < 0)
		return -1;
	for (i = 0; i < allowed.n; i++) {
		if (want[allowed.v[i]])
			add(c, allowed.v[i]);
		want[allowed.v[i]] = 0;
	}
	cpus_release(&allowed);
	for (cpu = 0; cpu < CPUS_MAX; cpu++)
		if (want[cpu]) {
			cpus_release(c);
			return fail_set(
			    f, EX_LAGO_USAGE, "we may not run on CPU %d", cpu);
		}
	return 0;
}

void
cpus_format(const struct cpus *c, struct buf *b)
{
	size_t i, j;

	for (i = 0; i < c->n; i = j + 1) {
		for (j = i; j + 1 < c->n && c->v[j + 1] == c->v[j] + 1;)
			j++;
		buf_addf(b, "%s%d", i > 0 ? "," : "", c->v[i]);
		if (j > i)
			buf_addf(b, "-%d", c->v[j]);
	}
}

void
cpus_release(struct cpus *c)
{
	free(c->v);
	*c = (struct cpus){0};
}

/* ---- claims ---- */

/*
 * The mode is set after the making because of the umask.  The directory may be
 * another user's (whoever came first); a symbolic link is nobody's.
 */
static int
open_dir(const char *path)
{
	int fd;

	if (mkdir(path, 01777) == 0)
		chmod(path, 01777);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
locks_dir(struct fail *f)
{
	const char *env = getenv("LAGO_LOCKS");
	const char *path = env != NULL && *env ? env : "/run/lock/lago";
	int fd = open_dir(path);

	if (fd < 0 && (env == NULL || *env == '\0')) {
		path = "/tmp/lago-locks";
		fd = open_dir(path);
	}
	if (fd < 0)
		return fail_errno(f, EX_LAGO_CANTCREAT,
		    "cannot use the lock directory '%s'", path);
	return fd;
}

/*
 * The lock of one core, or -1.  First without O_CREAT: with it the kernel
 * (fs.protected_regular) refuses files of other users in a sticky directory,
 * to root also.
 */
static int
lock(int dir, int cpu)
{
	char name[16];
	int fd, flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

	snprintf(name, sizeof name, "%d", cpu);
	fd = openat(dir, name, flags);
	if (fd < 0 && errno == ENOENT) {
		fd = openat(dir, name, flags | O_CREAT | O_EXCL, 0666);
		if (fd >= 0)
			fchmod(fd, 0666);
		else if (errno == EEXIST)
			fd = openat(dir, name, flags);
	}
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Up to n locks; how many. */
static size_t
claim_some(struct cpus_claim *claim, const struct cpus *from, size_t n, int dir)
{
	size_t i;
	int fd;

	for (i = 0; i < from->n && claim->cpus.n < n; i++) {
		if ((fd = lock(dir, from->v[i])) < 0)
			continue;
		claim->fd =
		    mem_grow(claim->fd, claim->cpus.n + 1, sizeof *claim->fd);
		claim->fd[claim->cpus.n] = fd;
		add(&claim->cpus, from->v[i]);
	}
	return claim->cpus.n;
}

int
cpus_claim(struct cpus_claim *claim, const struct cpus *from, size_t n,
    double wait, struct fail *f)
{
	double end = clock_mono() + wait;
	size_t have = 0;
	int dir;

	*claim = (struct cpus_claim){0};
	if (n > from->n)
		return fail_set(f, EX_LAGO_USAGE,
		    "%zu CPUs wanted, but only %zu may be used", n, from->n);
	if ((dir = locks_dir(f)) < 0)
		return -1;
	while ((have = claim_some(claim, from, n, dir)) < n) {
		cpus_unclaim(claim);
		if (sig_got || (wait >= 0 && clock_mono() >= end))
			break;
		sig_poll(NULL, 0, 0.25);
	}
	close(dir);
	if (have < n)
		return fail_set(f, EX_LAGO_TEMP,
		    "%zu CPUs wanted, %zu free of %zu", n, have, from->n);
	return 0;
}

void
cpus_unclaim(struct cpus_claim *claim)
{
	size_t i;

	for (i = 0; i < claim->cpus.n; i++)
		close(claim->fd[i]);
	free(claim->fd);
	cpus_release(&claim->cpus);
	*claim = (struct cpus_claim){0};
}

int
cpus_free(const struct cpus *from, struct fail *f)
{
	int dir = locks_dir(f), fd, n = 0;
	size_t i;

	if (dir < 0)
		return -1;
	/* One at a time: somebody who claims just now must not find all of
	 * them taken. */
	for (i = 0; i < from->n; i++)
		if ((fd = lock(dir, from->v[i])) >= 0) {
			close(fd);
			n++;
		}
	close(dir);
	return n;
}
