#include "target/procs.h"

#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

static ssize_t
read_small(int dir, const char *pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", pid, name);
	if ((fd = openat(dir, path, O_RDONLY | O_CLOEXEC)) < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

/* One process; -1 when it has gone.  The command's name in stat is in
 * parentheses and may hold anything: fields are counted from the last ')'. */
static int
read_one(int dir, const char *name, struct procs_one *one)
{
	unsigned long long user, sys, size, rss, shared;
	char buf[1024], *p;
	int parent;

	if (read_small(dir, name, "stat", buf, sizeof(buf)) <= 0 ||
	    (p = strrchr(buf, ')')) == NULL ||
	    sscanf(p + 1,
		" %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
		&one->state, &parent, &user, &sys) != 4)
		return -1;
	one->pid = (pid_t)atol(name);
	one->parent = parent;
	one->cpu = (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
	one->rss = 0;
	one->below = 0;
	if (read_small(dir, name, "statm", buf, sizeof(buf)) > 0 &&
	    sscanf(buf, "%llu %llu %llu", &size, &rss, &shared) == 3 &&
	    rss > shared)
		one->rss = (rss - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

static void
read_all(struct procs *p)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	*p = (struct procs){0};
	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		p->v = mem_grow(p->v, p->n + 1, sizeof(*p->v));
		if (read_one(dirfd(d), e->d_name, &p->v[p->n]) == 0)
			p->n++;
	}
	closedir(d);
}

static int
by_pid(const void *a, const void *b)
{
	const struct procs_one *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Is it below root?  Known answers are kept: 1 yes, -1 no. */
static int
below(struct procs *p, struct procs_one *one, pid_t root, int depth)
{
	struct procs_one key = {.pid = one->parent}, *parent;

	if (one->below != 0)
		return one->below;
	if (one->parent == root)
		return one->below = 1;
	parent = bsearch(&key, p->v, p->n, sizeof(*p->v), by_pid);
	/* Ids that are used again while we look could make a circle. */
	if (parent == NULL || depth > 10000)
		return one->below = -1;
	return one->below = below(p, parent, root, depth + 1);
}

void
procs_below(pid_t root, struct procs *p)
{
	size_t i, n = 0;

	read_all(p);
	if (p->n == 0)
		return;
	qsort(p->v, p->n, sizeof(*p->v), by_pid);
	for (i = 0; i < p->n; i++)
		below(p, &p->v[i], root, 0);
	for (i = 0; i < p->n; i++)
		if (p->v[i].below > 0)
			p->v[n++] = p->v[i];
	p->n = n;
}

void
procs_release(struct procs *p)
{
	free(p->v);
	*p = (struct procs){0};
}

void
procs_kill_below(pid_t root)
{
	struct procs p;
	size_t i;

	procs_below(root, &p);
	for (i = 0; i < p.n; i++)
		kill(p.v[i].pid, SIGKILL);
	procs_release(&p);
}

void
procs_end(void)
{
	double pause = 0.0005;
	pid_t pid;

	for (;;) {
		/* Process 1 reaches all of its namespace at once: nothing can
		 * fork away between two looks. */
		if (getpid() == 1)
			kill(-1, SIGKILL);
		else
			procs_kill_below(getpid());
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return;
		clock_sleep(pause);
		if (pause < 0.05)
			pause *= 2;
	}
}
