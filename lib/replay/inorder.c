#include "replay/inorder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

/* Names of a batch; bytes of answers that may wait for their turn; the exit
 * status of a worker that cannot print: that, and errno. */
enum { BATCH = 16, WAITING = 4 << 20, CANNOT_PRINT = 128 };

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

/* What batches printed that is not out yet, the oldest first. */
struct waiting {
	struct buf text, lengths; /* size_t each */
	int turn, next;		  /* pipes */
};

static bool
is_turn(int turn)
{
	struct pollfd p = {.fd = turn, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* Prints what there is a turn for, and waits for turns as long as more bytes
 * than most are left.  An exit status. */
static int
print(struct waiting *w, size_t most)
{
	size_t at = 0, i = 0, n;
	char byte;

	while (i < w->lengths.len &&
	       (w->text.len - at > most || is_turn(w->turn))) {
		memcpy(&n, w->lengths.p + i, sizeof(n));
		if (!read_all(w->turn, &byte, 1))
			return EX_LAGO_IO;
		if (file_write_fd(STDOUT_FILENO, w->text.p + at, n) == -1)
			return CANNOT_PRINT + errno;
		file_write_fd(w->next, &byte, 1);
		at += n;
		i += sizeof(n);
	}
	buf_cut(&w->text, at);
	buf_cut(&w->lengths, i);
	return 0;
}

/* What the batch prints, behind what is waiting. */
static int
add_batch(const struct inorder_job *job, const struct buf *b, struct waiting *w)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	int status = do_batch(job, b, out);

	fclose(out);
	buf_add(&w->text, text, n);
	buf_add(&w->lengths, &n, sizeof(n));
	free(text);
	return status;
}

/* Until there are names, or none will come. */
static int
print_meanwhile(struct waiting *w, int names)
{
	struct pollfd p[] = {
	    {.fd = names, .events = POLLIN}, {.fd = w->turn, .events = POLLIN}};
	int rc = 0;

	while (rc == 0 && w->lengths.len > 0 && p[0].revents == 0)
		if (poll(p, 2, -1) > 0 && p[1].revents != 0)
			rc = print(w, WAITING);
	return rc;
}

static int
work(const struct inorder_job *job, int names, int turn, int next)
{
	struct waiting w = {.turn = turn, .next = next};
	struct buf b = BUF_INIT;
	int status = 0, rc = 0;

	while (
	    (rc = print_meanwhile(&w, names)) == 0 && take_batch(names, &b)) {
		status = fail_worse(status, add_batch(job, &b, &w));
		if ((rc = print(&w, WAITING)) != 0)
			break;
	}
	while (rc == 0 && w.lengths.len > 0)
		rc = print(&w, 0);
	buf_release(&w.text);
	buf_release(&w.lengths);
	buf_release(&b);
	return rc != 0 ? rc : status;
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

/* *error: of a worker that could not print. */
static int
wait_for(struct worker *w, unsigned n, int *error)
{
	int status = 0, how;

	for (unsigned i = 0; i < n; i++) {
		close(w[i].names[1]);
		close(w[i].turn[1]);
	}
	for (unsigned i = 0; i < n; i++) {
		while (waitpid(w[i].pid, &how, 0) == -1 && errno == EINTR)
			;
		if (WIFEXITED(how) && WEXITSTATUS(how) > CANNOT_PRINT)
			*error = WEXITSTATUS(how) - CANNOT_PRINT;
		else
			status = fail_worse(status,
			    WIFEXITED(how) ? WEXITSTATUS(how) : EX_LAGO_TEMP);
	}
	return status;
}

static int
run(const struct inorder_job *job, struct buf *first, struct fail *f)
{
	struct worker *w = mem_array(job->workers, sizeof(*w));
	struct buf b = BUF_INIT;
	unsigned i = 0;
	int status, error = 0;
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
	status = wait_for(w, job->workers, &error);
	free(w);
	signal(SIGPIPE, SIG_DFL);
	if (error == EPIPE) /* nobody reads on: as one worker would end */
		raise(SIGPIPE);
	errno = error;
	return error != 0
		   ? fail_errno(f, EX_LAGO_IO, "cannot write standard output")
		   : status;
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
