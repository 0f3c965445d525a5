/* Running one input: exec-test VICTIM, the program of 3010-exec.bats, which
 * does what the first letter of its input says.  TAP. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/strs.h"
#include "target/exec.h"
#include "target/late.h"
#include "target/procs.h"

static unsigned number, failed;
static struct fail f;
static struct strs env;
static int late; /* how inputs are run: as struct exec_input has it */

static void
check(bool ok, const char *what)
{
	printf("%sok %u - %s\n", ok ? "" : "not ", ++number, what);
	if (!ok)
		printf("# %s\n", f.text);
	failed += !ok;
}

static const struct exec_result *
run_bytes(struct exec *e, const char *bytes, size_t n)
{
	static const struct exec_result nothing = {.out = ""};
	struct exec_input in = {.data = bytes, .len = n, .late = late};

	return exec_run(e, &in, &f) == 0 ? exec_result(e) : &nothing;
}

static const struct exec_result *
run(struct exec *e, const char *text)
{
	return run_bytes(e, text, strlen(text));
}

/* Nothing but the guardians is below us. */
static unsigned
below(void)
{
	struct procs p;
	unsigned n;

	procs_below(getpid(), &p);
	n = (unsigned)p.n;
	procs_release(&p);
	return n;
}

static void
test_output(struct exec *e)
{
	const struct exec_result *r;
	char cwd[4096];

	r = run_bytes(e, "ea\0b\n", 5);
	check(r->outlen == 8 && memcmp(r->out, "a\0b\nerr\n", 8) == 0 &&
		  r->status == 0 && !r->crashed && r->limit == EXEC_NO_LIMIT,
	    "both outputs in order, NULs kept");
	r = run(e, "l");
	check(
	    r->printed == 1000000 && r->outlen < 8300 &&
		memcmp(r->out, "0000000\n0000001\n", 16) == 0 &&
		strstr(r->out, "\n[lago: 991808 bytes left out]\n") &&
		memcmp(r->out + r->outlen - 16, "0124998\n0124999\n", 16) == 0,
	    "of much output head and tail");
	r = run(e, "f");
	check(strcmp(r->out, "0 1 2\n") == 0, "no descriptor above 2");
	r = run(e, "w");
	check(sscanf(r->out, "%4000s", cwd) == 1 && strstr(cwd, "/run/cwd") &&
		  strstr(r->out, "/run/tmp\nmarker=1\nno PWD\nempty\n"),
	    "environment as given, own directory and TMPDIR");
	check(strcmp(run(e, "w")->out, r->out) == 0,
	    "what a run leaves in its directory the next does not see");
}

static void
test_ends(struct exec *e)
{
	struct exec_input busy = {
	    .data = "b", .len = 1, .wall = 30, .late = late};
	const struct exec_result *r;

	r = run(e, "s");
	check(r->crashed && WIFSIGNALED(r->status) &&
		  WTERMSIG(r->status) == SIGSEGV && r->wall > 0,
	    "a signal is a crash");
	r = run(e, "x");
	check(r->crashed && WEXITSTATUS(r->status) == 7,
	    "so is a chosen exit status");
	check(!run(e, "y")->crashed, "another is none");
	r = run(e, "h");
	check(r->limit == EXEC_WALL && !r->crashed && r->wall >= 0.5,
	    "one that sleeps is ended at the wall limit");
	/* Beside others half a second may not be enough to get that far. */
	check(exec_run(e, &busy, &f) == 0 && r->limit == EXEC_CPU &&
		  r->cpu >= 0.2,
	    "one that works at the CPU limit");
}

/* The victim's child holds a lock in a session of its own. */
static void
test_children(struct exec *e, const char *lock)
{
	const struct exec_result *r;
	int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	unsigned before = below();

	r = run(e, "d");
	check(r->left && strcmp(r->out, "locked\n") == 0 &&
		  flock(fd, LOCK_EX | LOCK_NB) == 0,
	    "a daemon ends with its run");
	flock(fd, LOCK_UN);
	r = run(e, "D");
	check(r->limit == EXEC_WALL && r->left &&
		  flock(fd, LOCK_EX | LOCK_NB) == 0,
	    "grandchildren end at the time limit");
	check(below() <= before, "no process and no zombie stays");
	close(fd);
}

static void
hook(pid_t pid, void *arg)
{
	struct exec_result *seen = arg;

	seen->pid = pid;
	seen->printed++;
}

static void
test_hooks(struct exec *e)
{
	struct exec_result seen = {0};
	struct exec_input in = {
	    .data = "h", .len = 1, .at_start = hook, .at_limit = hook};

	in.arg = &seen;
	in.late = late;
	in.wall = 0.1;
	check(exec_run(e, &in, &f) == 0 && seen.printed == 2 &&
		  seen.pid == exec_result(e)->pid && exec_result(e)->wall < 0.4,
	    "hooks at start and limit; a limit for one run");
}

static void
test_aslr(struct exec *e)
{
	struct exec_input in = {.data = "a", .len = 1, .aslr = true};
	char first[64];

	snprintf(first, sizeof(first), "%s", run(e, "a")->out);
	if (exec_result(e)->aslr)
		check(true, "# skip personality is not allowed here");
	else
		check(*first != '\0' && strcmp(run(e, "a")->out, first) == 0,
		    "the same addresses in each run");
	check(exec_run(e, &in, &f) == 0 && exec_result(e)->aslr &&
		  strcmp(exec_result(e)->out, first) != 0,
	    "random ones when asked for");
}

static void
test_several(const struct exec_target *t)
{
	static const char *const todo[] = {"h", "s", "ea", "h"};
	struct exec_input in = {.len = 1};
	struct pollfd p[4];
	struct exec *e[4];
	unsigned i, done = 0, rounds = 0;

	for (i = 0; i < 4; i++) {
		e[i] = exec_open(t, &f);
		in.data = todo[i];
		p[i] = (struct pollfd){-1, POLLIN, 0};
		if (e[i] != NULL && exec_start(e[i], &in, &f) == 0)
			p[i].fd = exec_fd(e[i]);
	}
	while (done < 4 && rounds++ < 100 && poll(p, 4, 5000) > 0)
		for (i = 0; i < 4; i++)
			if (p[i].revents && exec_step(e[i], &f) != 0) {
				p[i].fd = -1;
				done++;
				if (i == 1)
					exec_kill(e[3]);
			}
	check(done == 4 && exec_result(e[0])->limit == EXEC_WALL &&
		  exec_result(e[1])->crashed &&
		  strcmp(exec_result(e[2])->out, "err\n") == 0,
	    "several at once");
	check(exec_result(e[3])->limit == EXEC_NO_LIMIT &&
		  WIFSIGNALED(exec_result(e[3])->status) &&
		  !exec_result(e[3])->crashed,
	    "one that we end is no crash");
	for (i = 0; i < 4; i++)
		exec_close(e[i]);
}

static void
test_input(struct exec_target t, char *victim)
{
	char in_at[] = "--in=@@", absent[] = "./none",
	     text[] = "./not-a-program";
	char *at[] = {victim, in_at, NULL}, *none[] = {absent, NULL};
	const struct exec_result *r;
	struct exec_input in = {.path = "input-file"};
	struct exec *e;
	FILE *fp = fopen("input-file", "w");

	fputs("n", fp);
	fclose(fp);
	t.argv = at;
	t.file = "some name.xml";
	e = exec_open(&t, &f);
	check(e != NULL && exec_run(e, &in, &f) == 0 &&
		  strstr(exec_result(e)->out, "/in/some name.xml\n"),
	    "@@ in an argument, a file name, input from a file");
	r = exec_result(e);
	check(strstr(r->out, "stdin 0\n"), "then standard input is empty");
	in.path = ".";
	check(exec_run(e, &in, &f) == -1 && f.status == EX_LAGO_NOINPUT,
	    "a directory is no input");
	exec_close(e);
	t.argv = none;
	check(exec_open(&t, &f) == NULL && f.status == EX_LAGO_NOINPUT,
	    "no program");
	t.argv = none;
	none[0] = text;
	e = exec_open(&t, &f);
	in.path = "input-file";
	check(e != NULL && exec_run(e, &in, &f) == -1 &&
		  f.status == EX_LAGO_UNAVAILABLE,
	    "one that cannot be executed");
	exec_close(e);
}

static void
test_memory(struct exec_target t, char *asan)
{
	const struct exec_result *r;
	struct exec *e;

	t.memory = 300;
	t.wall = t.cpu = 20;
	e = exec_open(&t, &f);
	r = run(e, "m");
	check(strcmp(r->out, "no memory\n") == 0,
	    "the address space of a plain program is limited");
	exec_close(e);
	if (asan == NULL)
		return;
	t.argv = (char *[]){asan, NULL};
	e = exec_open(&t, &f);
	r = run(e, "m");
	check(r->limit == EXEC_MEMORY && !r->crashed,
	    "the resident memory of one with a sanitizer");
	check(run(e, "e")->status == 0, "which else starts");
	r = run(e, "u");
	check(r->crashed && strstr(r->out, "heap-use-after-free") &&
		  strstr(r->out, "+0x") && !strstr(r->out, ".c:"),
	    "sanitizer options reach it: abort, not symbolized");
	exec_close(e);
}

/* The guardian is killed by the kernel, or we are. */
static void
test_killed(const struct exec_target *t, const char *lock)
{
	struct exec_input in = {.data = "D", .len = 1};
	struct pollfd p = {.events = POLLIN};
	struct exec *e = exec_open(t, &f);
	int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct procs below_us;
	pid_t pid;

	procs_below(getpid(), &below_us);
	exec_start(e, &in, &f);
	kill(below_us.v[0].pid, SIGKILL);
	p.fd = exec_fd(e);
	poll(&p, 1, 5000);
	check(exec_step(e, &f) == 1 && exec_result(e)->status == SIGKILL &&
		  !exec_result(e)->crashed && exec_result(e)->left,
	    "a guardian that is killed is noticed");
	procs_end();
	check(run(e, "s")->crashed, "and replaced");
	exec_close(e);
	if ((pid = fork()) == 0) {
		alarm(20);
		e = exec_open(t, &f);
		in.wall = 100;
		exec_start(e, &in, &f);
		while (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			flock(fd, LOCK_UN);
			usleep(1000);
		}
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	while (wait(NULL) > 0)
		;
	check(flock(fd, LOCK_EX | LOCK_NB) == 0,
	    "when we are killed, the guardian ends all and itself");
	procs_release(&below_us);
	close(fd);
}

/* All of it once more, by copies of a process that waits at main, or where it
 * opens its input. */
static void
test_late(struct exec_target t, char *victim, const char *lock)
{
	char at[] = "@@", script[] = "./script";
	struct exec_input in = {.data = "e", .len = 1};
	struct exec *e = exec_open(&t, &f);

	late = LATE_AT_MAIN;
	test_output(e);
	test_ends(e);
	test_children(e, lock);
	test_hooks(e);
	in.late = LATE_AT_OPEN;
	check(exec_run(e, &in, &f) == -1 && f.status == EX_LAGO_UNAVAILABLE,
	    "no server at the open of an input that is not opened");
	exec_close(e);
	t.argv = (char *[]){victim, at, NULL};
	e = exec_open(&t, &f);
	check(strcmp(exec_late(e), "sm") == 0, "where a server may begin");
	late = LATE_AT_OPEN;
	test_ends(e);
	check(run(e, "s")->crashed && !run(e, "n")->crashed &&
		  strstr(exec_result(e)->out, "stdin 0\n"),
	    "one after the other; standard input is empty");
	exec_close(e);
	late = 0;
	t.argv = (char *[]){script, NULL};
	e = exec_open(&t, &f);
	check(e != NULL && *exec_late(e) == '\0', "no server for scripts");
	exec_close(e);
	check(below() == 0, "and no server stays");
}

int
main(int argc, char **argv)
{
	static const int seven[] = {7};
	char *command[] = {argv[1], NULL};
	struct exec_target t = EXEC_TARGET_INIT;
	struct exec *e;

	if (argc < 2)
		return 64;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	alarm(60);
	setvbuf(stdout, NULL, _IONBF, 0);
	strs_add(&env, "MARKER=1");
	strs_addf(&env, "LOCK=%s", argv[2]);
	exec_sanitizer_env(&env, 0);
	t.argv = command;
	t.env = strs_argv(&env);
	t.wall = 0.5;
	t.cpu = 0.2;
	t.output = 8192;
	t.crash_status = seven;
	t.ncrash_status = 1;
	e = exec_open(&t, &f);
	check(e != NULL, "a slot");
	test_output(e);
	test_ends(e);
	test_children(e, argv[2]);
	test_hooks(e);
	test_aslr(e);
	exec_close(e);
	check(below() == 0, "a closed slot leaves no process");
	test_late(t, argv[1], argv[2]);
	test_several(&t);
	test_input(t, argv[1]);
	test_memory(t, argc > 3 ? argv[3] : NULL);
	test_killed(&t, argv[2]);
	printf("1..%u\n", number);
	return failed != 0;
}
