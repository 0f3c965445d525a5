#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/mem.h"
#include "corpus/collect.h"
#include "corpus/worker.h"
#include "target/forkserver.h"

/* It is a subreaper: what its server leaves behind are its children. */
static void
kill_orphans(void)
{
	char path[64], text[4096], *p, *end;
	long pid;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	for (int tries = 0; tries < 100; tries++) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
		if (fd >= 0)
			close(fd);
		if (n <= 0)
			return;
		text[n] = '\0';
		for (p = text; (pid = strtol(p, &end, 10)) > 1; p = end)
			kill((pid_t)pid, SIGKILL);
		waitpid(-1, NULL, 0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

static void
bind_cpu(const struct collect *c, size_t number)
{
	cpu_set_t set;

	if (!c->cpus)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)c->cpu[number % c->cpus], &set);
	sched_setaffinity(0, sizeof set, &set);
}

static void
work(const struct collect *c, size_t number, int fd, worker_job *job, void *arg)
{
	char *dir = mem_printf("%s/%zu", c->dir, number);
	char *input = mem_printf("%s/%s", dir, c->file);
	struct forkserver_opts o = {.argv = c->argv,
	    .env = c->env,
	    .input = input,
	    .cpu = -1,
	    .memory = c->memory,
	    .timeout = c->timeout,
	    .crash_status = c->crash_status,
	    .ncrash_status = c->ncrash_status,
	    .loop = c->loop};
	struct forkserver *s;
	struct fail f = {0};

	signal(SIGPIPE, SIG_IGN);
	bind_cpu(c, number);
	mkdir(dir, 0700);
	s = forkserver_start(&o, &f);
	job(s, &f, fd, arg);
	forkserver_stop(s);
	kill_orphans();
}

int
worker_start(struct worker *w, const struct collect *c, size_t number,
    worker_job *job, void *arg)
{
	pid_t parent = getpid();
	int fd[2];

	w->fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return -1;
	w->pid = fork();
	if (w->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		if (getppid() != parent)
			_exit(1);
		/* The sockets of the others too. */
		close_range(3, (unsigned)fd[1] - 1, 0);
		close_range((unsigned)fd[1] + 1, ~0U, 0);
		work(c, number, fd[1], job, arg);
		_exit(0);
	}
	close(fd[1]);
	if (w->pid < 0) {
		close(fd[0]);
		return -1;
	}
	w->fd = fd[0];
	return 0;
}

void
worker_end(struct worker *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	if (w->pid > 0)
		waitpid(w->pid, NULL, 0);
	w->pid = 0;
}
