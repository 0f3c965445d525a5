/*
 * keeper-test no|yes|auto DIR: TAP.  keeper-test hold no|yes DIR LOCK COMMAND...:
 * starts the command under a keeper that holds the lock, prints its id, then
 * sleeps until it is killed.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "target/cpus.h"
#include "target/keeper.h"

static int tests, bad;
static struct keeper *k;
static char path[] = "PATH=/usr/bin:/bin", word[] = "WORD=a b";
static char *env[] = {path, word, NULL};

static void
ok(bool good, const char *what)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tests, what);
	bad += !good;
}

static struct keeper *
begin(const char *sandbox, const char *dir, const int *locks, size_t n)
{
	struct keeper_config c = {.work = dir,
	    .overlay = getenv("OVERLAY"),
	    .sandbox = *sandbox == 'y'	 ? KEEPER_SANDBOX_YES
		       : *sandbox == 'a' ? KEEPER_SANDBOX_AUTO
					 : KEEPER_SANDBOX_NO,
	    .locks = locks,
	    .nlocks = n};
	struct fail f = {0};
	struct keeper *made = keeper_start(&c, &f);

	if (made == NULL) {
		printf("Bail out! %s\n", f.text);
		exit(1);
	}
	if (*keeper_reason(made) != '\0')
		printf("# went without: %s\n", keeper_reason(made));
	return made;
}

static int
shell(const char *script, int out, struct keeper_cmd *cmd)
{
	char name[] = "sh", flag[] = "-c";
	char *argv[] = {name, flag, (char *)script, NULL};
	struct keeper_cmd plain = KEEPER_CMD_INIT;
	struct fail f = {0};
	int id;

	if (cmd == NULL)
		cmd = &plain;
	cmd->argv = argv;
	cmd->env = env;
	cmd->out = out;
	if ((id = keeper_spawn(k, cmd, &f)) < 0)
		printf("# %s\n", f.text);
	return id;
}

/* The next end, within 20 seconds. */
static struct keeper_event
next(void)
{
	struct keeper_event ev = {0};
	struct pollfd p = {keeper_fd(k), POLLIN, 0};

	while (keeper_next(k, &ev) == 0)
		if (poll(&p, 1, 20000) <= 0)
			break;
	return ev;
}

/* What the script prints. */
static const char *
output(const char *script, struct keeper_cmd *cmd)
{
	static struct buf b;
	char block[512];
	ssize_t n;
	int fd[2];

	buf_reset(&b);
	if (pipe2(fd, O_CLOEXEC) < 0)
		return "";
	shell(script, fd[1], cmd);
	close(fd[1]);
	while ((n = read(fd[0], block, sizeof(block))) > 0)
		buf_add(&b, block, (size_t)n);
	close(fd[0]);
	next();
	return buf_str(&b);
}

static void
test_ends(void)
{
	struct keeper_event ev;
	int id = shell("exit 7", -1, NULL);

	ev = next();
	ok(ev.id == id && WIFEXITED(ev.status) && WEXITSTATUS(ev.status) == 7,
	    "the exit status comes back");
	id = shell("kill -ABRT $$", -1, NULL);
	ev = next();
	ok(ev.id == id && WIFSIGNALED(ev.status) &&
		WTERMSIG(ev.status) == SIGABRT,
	    "so does the signal");
	shell("i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done", -1, NULL);
	ev = next();
	ok(ev.user + ev.sys > 0.001 && ev.maxrss > 100000,
	    "so does what it used");
}

static void
test_setting(const char *dir)
{
	struct keeper_cmd cmd = KEEPER_CMD_INIT;
	struct cpus allowed;
	char want[64];

	ok(strcmp(output("env | sort | grep -v PWD; ls /proc/self/fd", NULL),
	       "PATH=/usr/bin:/bin\nWORD=a b\n0\n1\n2\n3\n") == 0,
	    "environment as given, nothing open but 0 to 2 (and ls's own)");
	ok(strncmp(output("pwd", NULL), dir, strlen(dir)) == 0,
	    "the work directory is the directory");
	cpus_allowed(&allowed, NULL);
	allowed.v[0] = allowed.v[allowed.n - 1];
	allowed.n = 1;
	snprintf(want, sizeof(want), "%d 1048576 0 %d 77\n", allowed.v[0],
	    getpriority(PRIO_PROCESS, 0) + 5);
	cmd.cpus = &allowed;
	cmd.memory = (uint64_t)1 << 30;
	cmd.nice = 5;
	cmd.oom_score_adj = 77;
	ok(strcmp(output("echo $(taskset -pc $$ | sed 's/.*: //') $(ulimit -v) "
			 "$(ulimit -c) $(nice) $(cat /proc/$$/oom_score_adj)",
		      &cmd),
	       want) == 0,
	    "CPU, memory, core, nice and OOM score are set");
	cpus_release(&allowed);
}

static void
test_missing(void)
{
	char name[] = "/nowhere/at/all", *argv[] = {name, NULL};
	struct keeper_cmd cmd = KEEPER_CMD_INIT;
	struct fail f = {0};

	cmd.argv = argv;
	ok(keeper_spawn(k, &cmd, &f) == -1 && f.status == EX_LAGO_UNAVAILABLE &&
		strstr(f.text, "/nowhere/at/all") != NULL,
	    "a program that is not there is said at once");
}

static void
test_signals(void)
{
	struct keeper_usage u;
	struct keeper_event ev;
	int id = shell("sleep 1000 & sleep 1000", -1, NULL);

	while (keeper_usage(k, id, &u) && u.nproc != 3)
		clock_sleep(0.01);
	ok(u.nproc == 3 && u.rss > 0, "usage counts its descendants");
	keeper_signal(k, id, SIGTERM);
	ev = next();
	ok(ev.id == id && WTERMSIG(ev.status) == SIGTERM,
	    "a signal reaches the whole group");
	ok(!keeper_usage(k, id, &u), "no usage after the end");
	id = shell("trap '' TERM; (setsid sh -c 'trap \"\" TERM; sleep 1000' &)"
		   "; sleep 1000",
	    -1, NULL);
	while (keeper_usage(k, id, &u) && u.nproc != 4)
		clock_sleep(0.01);
	keeper_signal(k, id, SIGTERM);
	keeper_signal(k, id, SIGKILL);
	ev = next();
	ok(ev.id == id && WTERMSIG(ev.status) == SIGKILL,
	    "KILL does what TERM could not");
}

/* A daemon in a session of its own that outlives its command. */
static void
test_daemon(const char *dir)
{
	char script[600];

	snprintf(script, sizeof(script),
	    "(setsid sh -c 'flock %s/held sleep 1000' >/dev/null &); "
	    "until ! flock -n %s/held true; do sleep 0.01; done; exit 3",
	    dir, dir);
	shell(script, -1, NULL);
	ok(WEXITSTATUS(next().status) == 3,
	    "a command ends although it left a daemon");
	snprintf(
	    script, sizeof(script), "flock -n %s/held true && echo free", dir);
	ok(strcmp(output(script, NULL), "free\n") == 0,
	    "and then the daemon has gone");
}

/* Each line is something that must not be possible in the sandbox. */
static void
test_box(const char *dir)
{
	static const char *const never[] = {
	    "touch /etc/lago-test-was-here",
	    "touch /var/lago-test-was-here",
	    "test -w /proc/sys/kernel/core_pattern",
	    "test -w /proc/sysrq-trigger",
	    "mount -o remount,rw /",
	    "mknod disk b 8 0",
	    "test -e /run/lock",
	    "grep -v lo: /proc/net/dev | grep :",
	    "kill -0 $(cat outside)",
	    "cat /proc/1/environ",
	};
	char script[4096];
	size_t i;
	FILE *fp;

	snprintf(script, sizeof(script), "%s/outside", dir);
	if ((fp = fopen(script, "w")) != NULL) {
		fprintf(fp, "%d\n", (int)getpid());
		fclose(fp);
	}
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		snprintf(script, sizeof(script), "(%s) >/dev/null 2>&1 && echo",
		    never[i]);
		ok(*output(script, NULL) == '\0', never[i]);
	}
	ok(*output("touch new /tmp/x && echo", NULL) != '\0',
	    "the work directory and /tmp can be written");
}

/* The system as provision.sh of root sees it. */
static void
test_overlay(void)
{
	ok(*output("touch /etc/lago-test-was-here /usr/lib/lago-test-was-here "
		   "&& rm /etc/passwd && /sbin/ldconfig && echo",
	       NULL) != '\0',
	    "the system can be changed");
	ok(access("/etc/passwd", F_OK) == 0 &&
		access("/etc/lago-test-was-here", F_OK) < 0,
	    "but not the real one");
	ok(strcmp(output("ls /etc/passwd /etc/lago-test-was-here 2>/dev/null",
		      NULL),
	       "/etc/lago-test-was-here\n") == 0,
	    "and the next command sees it so");
}

static int
hold(char **argv)
{
	int lock = open(argv[2], O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	struct keeper_cmd cmd = KEEPER_CMD_INIT;
	struct fail f = {0};

	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0)
		return 1;
	k = begin(argv[0], argv[1], &lock, 1);
	close(lock);
	cmd.argv = argv + 3;
	cmd.env = environ;
	printf("%d\n", keeper_spawn(k, &cmd, &f));
	fflush(stdout);
	for (;;)
		pause();
}

int
main(int argc, char **argv)
{
	if (argc > 5 && strcmp(argv[1], "hold") == 0)
		return hold(argv + 2);
	if (argc != 3)
		return 64;
	k = begin(argv[1], argv[2], NULL, 0);
	ok(keeper_sandboxed(k) == (*argv[1] == 'y'), "as asked for");
	test_ends();
	test_setting(argv[2]);
	test_missing();
	test_signals();
	test_daemon(argv[2]);
	if (keeper_overlaid(k))
		test_overlay();
	else if (*argv[1] == 'y')
		test_box(argv[2]);
	shell("exec sleep 1000", -1, NULL);
	keeper_stop(k, 0.5);
	printf("1..%d\n", tests);
	return bad > 0;
}
