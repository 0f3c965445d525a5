#include "crash/inorder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"

enum { BATCH = 16 };

/* Where a worker gets its names, and its turn. */
struct worker {
	int names[2], turn[2];
	pid_t pid;
};

/* Names, each ended by a NUL; 0: there are no more. */
static size_t
next_batch(const struct inorder_job *job, struct buf *b)
{
	size_t n = 0;
	char *name;

	buf_reset(b);
	for (; n < BATCH && (name = job->next(job->arg)) != NULL; n++)
		buf_add(b, name, strlen(name) + 1);
	return n;
}

static int
do_batch(const struct inorder_job *job, const struct buf *b, FILE *out)
{
	int status = 0;

	for (const char *p = b->p; p < b->p + b->len; p += strlen(p) + 1)
		status = fail_worse(status, job->one(job->arg, p, out));
	return status;
}

/* ---- a worker ---- */

static bool
read_all(int fd, void *p, size_t n)
{
	for (char *at = p; n > 0;) {
		ssize_t got = read(fd, at, n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

static bool
take_batch(int fd, struct buf *b)
{
	uint32_t n;

	if (!read_all(fd, &n, sizeof(n)))
		return false;
	buf_reset(b);
	buf_reserve(b, n);
	b->len = n;
	return read_all(fd, b->p, n);
}

static int
work(const struct inorder_job *job, int names, int turn, int next)
{
	struct buf b = BUF_INIT;
	char *text = NULL, byte;
	size_t n = 0;
	int status = 0;
	FILE *out;

	while (take_batch(names, &b)) {
		out = open_memstream(&text, &n);
		status = fail_worse(status, do_batch(job, &b, out));
		fclose(out);
		if (!read_all(turn, &byte, 1))
			return EX_LAGO_IO;
		if (file_write_fd(STDOUT_FILENO, text, n) == -1)
			return EX_LAGO_IO;
		free(text);
		file_write_fd(next, &byte, 1);
	}
	return status;
}

/* Keeps of all pipes only its own ends. */
static void
in_worker(
    const struct inorder_job *job, struct worker *w, unsigned i, pid_t parent)
{
	unsigned n = job->workers, next = (i + 1) % n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EX_LAGO_TEMP);
	for (unsigned k = 0; k < n; k++) {
		close(w[k].names[1]);
		if (k != i) {
			close(w[k].names[0]);
			close(w[k].turn[0]);
		}
		if (k != next)
			close(w[k].turn[1]);
	}
	_exit(work(job, w[i].names[0], w[i].turn[0], w[next].turn[1]));
}

/* ---- who deals out ---- */

static int
start(const struct inorder_job *job, struct worker *w)
{
	pid_t parent = getpid();
	unsigned n = job->workers;

	for (unsigned i = 0; i < n; i++)
		if (pipe2(w[i].names, O_CLOEXEC) == -1 ||
		    pipe2(w[i].turn, O_CLOEXEC) == -1)
			return -1;
	for (unsigned i = 0; i < n; i++) {
		w[i].pid = fork();
		if (w[i].pid == -1)
			return -1;
		if (w[i].pid == 0)
			in_worker(job, w, i, parent);
	}
	for (unsigned i = 0; i < n; i++) {
		close(w[i].names[0]);
		close(w[i].turn[0]);
	}
	return 0;
}

/* False: the worker is gone. */
static bool
deal(struct worker *w, const struct buf *b)
{
	uint32_t n = (uint32_t)b->len;

	return file_write_fd(w->names[1], &n, sizeof(n)) == 0 &&
	       file_write_fd(w->names[1], b->p, b->len) == 0;
}

static int
wait_for(struct worker *w, unsigned n)
{
	int status = 0, how;

	for (unsigned i = 0; i < n; i++) {
		close(w[i].names[1]);
		close(w[i].turn[1]);
	}
	for (unsigned i = 0; i < n; i++) {
		while (waitpid(w[i].pid, &how, 0) == -1 && errno == EINTR)
			;
		status = fail_worse(
		    status, WIFEXITED(how) ? WEXITSTATUS(how) : EX_LAGO_TEMP);
	}
	return status;
}

static int
run(const struct inorder_job *job, struct buf *first, struct fail *f)
{
	struct worker *w = mem_array(job->workers, sizeof(*w));
	struct buf b = BUF_INIT;
	unsigned i = 0;
	bool ok;

	signal(SIGPIPE, SIG_IGN);
	if (start(job, w) == -1) {
		free(w);
		return fail_errno(f, EX_LAGO_TEMP, "cannot start workers");
	}
	file_write_fd(w[0].turn[1], "", 1);
	ok = deal(&w[0], first);
	while (ok && next_batch(job, &b) > 0) {
		i = (i + 1) % job->workers;
		ok = deal(&w[i], &b);
	}
	buf_release(&b);
	i = (unsigned)wait_for(w, job->workers);
	free(w);
	return (int)i;
}

int
inorder_run(const struct inorder_job *job, struct fail *f)
{
	struct buf b = BUF_INIT;
	size_t n = next_batch(job, &b);
	int status = 0;

	if (n == BATCH && job->workers > 1)
		status = run(job, &b, f);
	else
		for (; n > 0; n = next_batch(job, &b))
			status = fail_worse(status, do_batch(job, &b, stdout));
	buf_release(&b);
	return status;
}
