#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/sig.h"

/* The descriptor of the child for one that was asked for. */
static int
resolve(int fd, int flags)
{
	return fd >= 0 ? fd : open("/dev/null", flags | O_CLOEXEC);
}

/* In the child; errno goes up the pipe when exec fails. */
static void
run(struct child *c, int report)
{
	int in = resolve(c->in, O_RDONLY), out = resolve(c->out, O_WRONLY);
	int error = resolve(c->err, O_WRONLY);

	setpgid(0, 0);
	sig_default();
	if (c->tied)
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* Out of the way of 0 to 2 first, so that no dup2 hits another. */
	in = fcntl(in, F_DUPFD_CLOEXEC, 3);
	out = fcntl(out, F_DUPFD_CLOEXEC, 3);
	error = fcntl(error, F_DUPFD_CLOEXEC, 3);
	report = fcntl(report, F_DUPFD_CLOEXEC, 3);
	if (in >= 0 && out >= 0 && error >= 0 && dup2(in, 0) == 0 &&
	    dup2(out, 1) == 1 && dup2(error, 2) == 2 &&
	    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
	    (c->cwd == NULL || chdir(c->cwd) == 0))
		execvpe(c->argv[0], c->argv, c->env != NULL ? c->env : environ);
	file_write_fd(report, &errno, sizeof(errno));
	_exit(127);
}

int
child_start(struct child *c, struct fail *f)
{
	int report[2], why = 0;

	if (pipe2(report, O_CLOEXEC) != 0)
		return fail_errno(
		    f, EX_LAGO_TEMP, "cannot start '%s'", c->argv[0]);
	c->pid = fork();
	if (c->pid == 0)
		run(c, report[1]);
	close(report[1]);
	if (c->pid < 0)
		why = errno;
	else if (read(report[0], &why, sizeof(why)) > 0)
		waitpid(c->pid, NULL, 0);
	else
		why = 0;
	close(report[0]);
	if (why == 0)
		return 0;
	c->pid = -1;
	errno = why;
	return fail_errno(f,
	    why == EAGAIN || why == ENOMEM ? EX_LAGO_TEMP : EX_LAGO_UNAVAILABLE,
	    "cannot run '%s'", c->argv[0]);
}

int
child_wait(struct child *c, double seconds, int *status)
{
	double end = clock_mono() + seconds;
	double pause = 0.0005;
	pid_t pid;

	for (;;) {
		pid = waitpid(c->pid, status, seconds < 0 ? 0 : WNOHANG);
		if (pid == c->pid)
			return 0;
		if (pid < 0 && errno != EINTR)
			return -1;
		if (seconds >= 0 && clock_mono() >= end)
			return -1;
		clock_sleep(pause);
		if (pause < 0.05)
			pause *= 2;
	}
}

void
child_stop(struct child *c, double grace)
{
	int status;

	kill(-c->pid, SIGTERM);
	if (child_wait(c, grace, &status) != 0) {
		kill(-c->pid, SIGKILL);
		child_wait(c, -1, &status);
		return;
	}
	kill(-c->pid, SIGKILL); /* what it left behind in its group */
}

/* Feed standard input and take standard output until it ends. 0, or the reason
 * why the child must be stopped. */
static const char *
converse(int to, int from, const char *in, size_t inlen, double end, size_t max,
    struct buf *out)
{
	struct pollfd p[2] = {{from, POLLIN, 0}, {to, POLLOUT, 0}};
	char block[65536];
	double left;
	ssize_t n;

	for (;;) {
		if (inlen == 0 && p[1].fd >= 0) {
			close(p[1].fd);
			p[1].fd = -1;
		}
		left = end - clock_mono();
		if (left <= 0)
			break;
		n = poll(p, 2, left > 3600 ? -1 : (int)(left * 1000) + 1);
		if (n < 0 && errno != EINTR)
			break;
		if (n <= 0)
			continue;
		if (p[1].fd >= 0 && p[1].revents != 0) {
			n = write(p[1].fd, in, inlen);
			if (n < 0 && errno != EAGAIN && errno != EINTR)
				inlen =
				    0; /* it does not read all: its choice */
			else if (n > 0) {
				in += n;
				inlen -= (size_t)n;
			}
		}
		if (p[0].revents == 0)
			continue;
		n = read(from, block, sizeof(block));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (p[1].fd >= 0)
				close(p[1].fd);
			return NULL;
		}
		if ((size_t)n > max - out->len) {
			if (p[1].fd >= 0)
				close(p[1].fd);
			return "printed too much";
		}
		buf_add(out, block, (size_t)n);
	}
	if (p[1].fd >= 0)
		close(p[1].fd);
	return "took too long";
}

int
child_run(char *const *argv, char *const *env, const char *cwd, const void *in,
    size_t inlen, double seconds, size_t max, struct buf *out, int *status,
    struct fail *f)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	struct child c = {argv, env, cwd, -1, -1, 2, false, -1};
	int to[2] = {-1, -1}, from[2] = {-1, -1};
	const char *why;
	double end = clock_mono() + seconds;
	int rc;

	buf_reset(out);
	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
		return fail_errno(
		    f, EX_LAGO_TEMP, "cannot start '%s'", argv[0]);
	fcntl(to[1], F_SETFL, O_NONBLOCK);
	c.in = to[0];
	c.out = from[1];
	rc = child_start(&c, f);
	close(to[0]);
	close(from[1]);
	if (rc != 0) {
		close(to[1]);
		close(from[0]);
		return -1;
	}
	sigaction(SIGPIPE, &ignore, &old);
	why = converse(to[1], from[0], in, inlen, end, max, out);
	sigaction(SIGPIPE, &old, NULL);
	close(from[0]);
	if (why == NULL &&
	    child_wait(&c, end - clock_mono() > 0 ? end - clock_mono() : 0,
		status) != 0)
		why = "took too long";
	if (why == NULL)
		return 0;
	child_stop(&c, 1);
	return fail_set(
	    f, EX_LAGO_UNAVAILABLE, "'%s' %s and was stopped", argv[0], why);
}
