/*
 * lease - holds a run on a node whose head may go away; see lago-engine(7)
 *
 *	lease [-f] DIR SECONDS WALL COMMAND...
 *
 * Starts COMMAND apart from whoever called and returns when it is under way: 0,
 * or 75 when DIR/lock is held, so the run lives.  While the command lives the
 * lock is held; how it ended is DIR/exit, an exit status as shells count.
 *
 * The run has a lease of SECONDS that a new DIR/lease prolongs: the moment it
 * ends, in seconds of CLOCK_BOOTTIME, which no wrong wall clock touches.  With
 * a quarter left the command gets TERM, so that it delivers; at the end it is
 * killed.  The same when WALL seconds are over, with GRACE in between.  If this
 * process is killed the kernel kills the command.
 *
 * With -f it stays in the foreground, a batch system's, and ends as the command
 * does.  Who renews then knows no clock of this machine: each change of
 * DIR/lease is SECONDS more from now on, and 0 in it that the last quarter
 * begins.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/opt.h"
#include "base/sig.h"

#define GRACE 60 /* seconds between TERM and KILL at the wall limit */

static int dir;
static double seconds, wall_end;
static bool foreground;

static void
write_number(const char *name, double value)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%.0f\n", value);

	file_write(dir, name, text, (size_t)n, 0600, NULL);
}

/* What DIR/lease says. */
static bool
lease_read(double *value)
{
	struct buf b = BUF_INIT;
	char *rest = NULL;
	bool is = file_read(dir, "lease", 64, &b, NULL, NULL) == 0;

	if (is) {
		*value = strtod(buf_str(&b), &rest);
		is = rest != b.p && *value >= 0;
	}
	buf_release(&b);
	return is;
}

/* The moment the lease ends; one that cannot be read does not end it. */
static double
lease_end(double otherwise, double *last)
{
	double value, now = clock_boot();

	if (!lease_read(&value))
		return otherwise;
	if (!foreground)
		return value > 0 ? value : otherwise;
	if (value == *last)
		return otherwise;
	*last = value;
	return now + (value > 0 ? seconds : seconds / 4);
}

static pid_t
start(char **argv)
{
	pid_t self = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	sig_default();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != self)
		_exit(EX_LAGO_TEMP);
	execv(argv[0], argv);
	fprintf(
	    stderr, "lease: cannot start '%s': %s\n", argv[0], strerror(errno));
	_exit(EX_LAGO_UNAVAILABLE);
}

/* Its wait status when it has ended. */
static bool
ended(pid_t pid, int *status)
{
	pid_t got;

	do
		got = waitpid(pid, status, WNOHANG);
	while (got < 0 && errno == EINTR);
	return got == pid;
}

static int
hold(pid_t pid)
{
	double end = clock_boot() + seconds, now, last = -1;
	bool told = false;
	int status = 0;

	while (!ended(pid, &status)) {
		now = clock_boot();
		end = lease_end(end, &last);
		if (now >= end || now >= wall_end + GRACE)
			kill(pid, SIGKILL);
		else if (!told && (sig_got != 0 || now >= wall_end ||
				      end - now <= seconds / 4)) {
			kill(pid, SIGTERM);
			told = true;
		}
		sig_poll(NULL, 0, 1);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Of the command, from its start on. */
static int
whole(char **argv)
{
	pid_t pid;
	int status;

	sig_init();
	pid = start(argv);
	status = pid < 0 ? EX_LAGO_TEMP : hold(pid);
	write_number("exit", status);
	return status;
}

/* Apart from the caller, whose connection may be cut. */
static void
detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = openat(
	    dir, "lease.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	setsid();
	dup2(null, 0);
	dup2(log >= 0 ? log : null, 1);
	dup2(log >= 0 ? log : null, 2);
}

int
main(int argc, char **argv)
{
	int64_t length, wall;
	struct fail f;
	pid_t pid;

	opt_start(argv);
	if (argc > 1 && strcmp(argv[1], "-f") == 0) {
		foreground = true;
		argv++;
		argc--;
	}
	if (argc < 5 || opt_parse_num(argv[2], 1, 1 << 30, &length) != 0 ||
	    opt_parse_num(argv[3], 1, 1 << 30, &wall) != 0)
		opt_usage("usage: lease [-f] dir seconds wall command...\n",
		    "lago's own; see lago-engine(7)");
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		fail_errno(&f, EX_LAGO_NOINPUT, "no run '%s'", argv[1]);
		opt_fail(&f);
	}
	if (file_lock(dir, "lock", 0, &f) < 0) {
		if (f.status != EX_LAGO_TEMP)
			opt_fail(&f);
		return EX_LAGO_TEMP; /* an answer, no failure */
	}
	seconds = (double)length;
	wall_end = clock_boot() + (double)wall;
	unlinkat(dir, "exit", 0);
	write_number("lease", clock_boot() + seconds);
	if (foreground)
		return whole(argv + 4);
	pid = fork();
	if (pid < 0) {
		fail_errno(&f, EX_LAGO_TEMP, "cannot start a process");
		opt_fail(&f);
	}
	if (pid > 0)
		return 0; /* the lock is the child's as well */
	detach();
	whole(argv + 4);
	return 0;
}
