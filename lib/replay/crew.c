#include "replay/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sig.h"

/*
 * The queue is a pipe: a length and that many bytes for each item.  Who takes
 * one holds a record lock on byte TAKE of a memfd, who answers one on byte
 * ANSWER; the kernel frees them when their holder dies.
 */
enum { TAKE, ANSWER };

struct crew {
	int queue[2], lock;
	pid_t parent;
};

static void
lock(struct crew *c, int which, int type)
{
	struct flock l = {.l_type = (short)type,
	    .l_whence = SEEK_SET,
	    .l_start = which,
	    .l_len = 1};

	while (fcntl(c->lock, F_SETLKW, &l) == -1 && errno == EINTR)
		;
}

int
crew_put(struct crew *c, const char *item)
{
	uint32_t n = (uint32_t)strlen(item);

	if (file_write_fd(c->queue[1], &n, sizeof(n)) == -1)
		return -1;
	return file_write_fd(c->queue[1], item, n);
}

static int
read_all(int fd, void *p, size_t n)
{
	char *at = p;

	while (n > 0) {
		ssize_t got = read(fd, at, n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

static char *
take(struct crew *c)
{
	char *item;
	uint32_t n;

	if (read_all(c->queue[0], &n, sizeof(n)) == -1)
		return NULL;
	item = mem_alloc((size_t)n + 1);
	if (read_all(c->queue[0], item, n) == 0)
		return item;
	free(item);
	return NULL;
}

/* Waits for an item in sig_poll, where signals come in; whoever has the lock
 * has to look again. */
char *
crew_take(struct crew *c)
{
	struct pollfd p = {.fd = c->queue[0], .events = POLLIN};
	char *item = NULL;
	bool there = false;

	while (!sig_got && !there) {
		if (sig_poll(&p, 1, -1) <= 0)
			continue;
		lock(c, TAKE, F_WRLCK);
		there = poll(&p, 1, 0) > 0;
		if (there)
			item = take(c);
		lock(c, TAKE, F_UNLCK);
	}
	return item;
}

int
crew_answer(struct crew *c, const void *p, size_t n)
{
	int rc;

	lock(c, ANSWER, F_WRLCK);
	rc = file_write_fd(1, p, n);
	lock(c, ANSWER, F_UNLCK);
	return rc;
}

static void
in_child(struct crew *c)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != c->parent)
		_exit(EX_LAGO_TEMP);
}

static pid_t
start_feeder(struct crew *c, const struct crew_job *job)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	in_child(c);
	sig_default();
	signal(SIGPIPE, SIG_IGN);
	close(c->queue[0]);
	_exit(job->feed(c, job->arg));
}

static pid_t
start_worker(struct crew *c, const struct crew_job *job, unsigned worker)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	in_child(c);
	close(c->queue[1]);
	_exit(job->work(c, worker, job->arg));
}

static int
reap(pid_t *pids, unsigned n, int status)
{
	int how;
	pid_t pid;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
		for (unsigned i = 0; i < n; i++)
			if (pids[i] == pid) {
				pids[i] = 0;
				status = fail_worse(
				    status, WIFEXITED(how) ? WEXITSTATUS(how)
							   : EX_LAGO_TEMP);
			}
	return status;
}

static unsigned
alive(const pid_t *pids, unsigned n)
{
	unsigned count = 0;

	for (unsigned i = 0; i < n; i++)
		count += pids[i] > 0;
	return count;
}

static void
tell(const pid_t *pids, unsigned n, int signo)
{
	for (unsigned i = 0; i < n; i++)
		if (pids[i] > 0)
			kill(pids[i], signo);
}

/* Until all are gone; a signal to us is one to them. */
static int
wait_for_all(pid_t *pids, unsigned n)
{
	bool told = false;
	int status = 0;

	for (;;) {
		sig_child = 0;
		status = reap(pids, n, status);
		/* Without workers nobody empties the queue. */
		if (alive(pids + 1, n - 1) == 0 && pids[0] > 0)
			kill(pids[0], SIGKILL);
		if (alive(pids, n) == 0)
			return status;
		if (sig_got && !told) {
			told = true;
			tell(pids, n, SIGTERM);
		}
		if (!sig_child)
			sig_poll(NULL, 0, told ? 0.1 : -1);
	}
}

int
crew_run(const struct crew_job *job, struct fail *f)
{
	struct crew c = {.parent = getpid()};
	unsigned n = job->workers + 1;
	pid_t *pids = mem_array(n, sizeof(*pids));
	int status = 0;

	c.lock = memfd_create("crew", MFD_CLOEXEC);
	if (c.lock == -1 || ftruncate(c.lock, 2) == -1 ||
	    pipe2(c.queue, O_CLOEXEC) == -1) {
		free(pids);
		return fail_errno(f, EX_LAGO_TEMP, "cannot make a queue");
	}
	pids[0] = start_feeder(&c, job);
	for (unsigned i = 1; i < n && pids[0] > 0; i++)
		pids[i] = start_worker(&c, job, i - 1);
	close(c.queue[0]);
	close(c.queue[1]);
	if (pids[0] == -1 || pids[1] == -1)
		status = fail_errno(f, EX_LAGO_TEMP, "cannot start workers");
	status = fail_worse(wait_for_all(pids, n), status == -1 ? 75 : status);
	close(c.lock);
	free(pids);
	return status;
}
