/* Crashes under ptrace: native-test VICTIM, the program of 4060-native.bats,
 * which crashes as the first letter of its input says.  TAP. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/strs.h"
#include "crash/native.h"
#include "symbols/symbols.h"
#include "target/exec.h"

static unsigned number, failed;
static struct fail f;
static struct buf names; /* of the frames, inlined ones included */
static struct native_crash c;

static void
check(bool ok, const char *what)
{
	printf("%sok %u - %s\n", ok ? "" : "not ", ++number, what);
	if (!ok)
		printf("# signal %d code %d address %llx %s; %s\n", c.signal,
		    c.code, (unsigned long long)c.address, buf_str(&names),
		    f.text);
	failed += !ok;
}

static void
name_frames(void)
{
	const struct symbols_place *p;
	size_t i, k;

	buf_reset(&names);
	for (i = 0; i < c.n && i < 20; i++) {
		p = c.v[i].place;
		for (k = 0; k < p->n; k++)
			buf_addf(&names, "%s:%u ",
			    p->v[k].function ? p->v[k].function : "?",
			    p->v[k].line);
		if (p->n == 0)
			buf_adds(&names, c.v[i].module ? "- " : "?? ");
	}
}

static const char *
run(struct native *n, struct exec *e, const char *text)
{
	struct exec_input in = {.data = text, .len = strlen(text)};

	if (native_run(n, e, &in, &c, &f) != 0)
		return "";
	name_frames();
	return buf_str(&names);
}

static void
test_crashes(struct native *n, struct exec *e)
{
	const char *s = run(n, e, "s");

	check(c.signal == SIGSEGV && c.known && c.address == 8 &&
		  strstr(s, "deref:10 crash:20 main:") == s &&
		  exec_result(e)->crashed && c.ninsn == 16 && c.sp != 0,
	    "a fault: signal, address, frames with those inlined");
	check(strcmp(run(n, e, "s"), s) == 0, "again the same");
	s = run(n, e, "j");
	check(c.signal == SIGSEGV && c.pc == 0x1000 && c.ninsn == 0 &&
		  strncmp(s, "?? jump:", 8) == 0 && strstr(s, "main:"),
	    "a jump to a bad address: the caller is found");
#if defined(__x86_64__) /* others know it, and divide by zero */
	s = run(n, e, "c");
	check(c.signal == SIGSEGV && !c.known, "an address nobody knows");
	s = run(n, e, "f");
	check(c.signal == SIGFPE && c.known, "a division");
#endif
	s = run(n, e, "a");
	check(
	    c.signal == SIGABRT && !c.known && strstr(s, "main:"), "an abort");
	s = run(n, e, "o");
	check(c.signal == SIGSEGV && c.n == NATIVE_FRAMES && c.depth > 1000 &&
		  strncmp(s, "deep:", 5) == 0,
	    "recursion");
	s = run(n, e, "h");
	check(c.signal == SIGSEGV && !exec_result(e)->crashed &&
		  WEXITSTATUS(exec_result(e)->status) == 3,
	    "a fault that the program handles");
	s = run(n, e, "r");
	check(c.signal == SIGSEGV && c.address == 16 &&
		  WTERMSIG(exec_result(e)->status) == SIGABRT,
	    "the fault, not the abort of its handler");
	s = run(n, e, "t");
	check(c.signal == SIGSEGV && strstr(s, "thread:") == s,
	    "in another thread");
	run(n, e, "x");
	check(c.signal == 0 && c.n == 0, "none");
}

struct sample {
	struct native *n;
	int rc;
};

static void
take_sample(pid_t pid, void *arg)
{
	struct sample *s = arg;

	s->rc = native_sample(s->n, pid, &c, &f);
}

static void
test_sample(struct native *n, struct exec *e)
{
	struct sample s = {n, -1};
	struct exec_input in = {.data = "b", .len = 1, .wall = 30, .cpu = 0.05};

	in.at_limit = take_sample;
	in.arg = &s;
	check(exec_run(e, &in, &f) == 0 && s.rc == 0 &&
		  exec_result(e)->limit == EXEC_CPU,
	    "a sample at the limit");
	name_frames();
	check(strncmp(buf_str(&names), "spin:", 5) == 0, "of a busy loop");
	in.data = "T";
	check(exec_run(e, &in, &f) == 0 && s.rc == 0, "of a thread");
	name_frames();
	check(strncmp(buf_str(&names), "spin:", 5) == 0, "that is busy");
	in.data = "z";
	in.wall = 0.1;
	check(exec_run(e, &in, &f) == 0 && s.rc == 0, "of one that sleeps");
	name_frames();
	check(strstr(buf_str(&names), "main:"), "where it does");
	in.wall = 60;
	in.cpu = 0;
	in.data = "s";
	check(exec_run(e, &in, &f) == 0 && exec_result(e)->crashed,
	    "the slot goes on");
}

static void
test_asan(struct native *n, struct exec_target t, char *asan)
{
	struct exec *e;
	const char *s;

	t.argv = (char *[]){asan, NULL};
	e = exec_open(&t, &f);
	s = run(n, e, "j");
	check(c.signal == SIGSEGV && c.pc == 0x1000 && strstr(s, "jump:") &&
		  strstr(exec_result(e)->out, "AddressSanitizer"),
	    "before the handler of a sanitizer, whose report comes too");
	exec_close(e);
}

int
main(int argc, char **argv)
{
	char *command[] = {argv[1], NULL};
	struct exec_target t = EXEC_TARGET_INIT;
	struct symbols *symbols = symbols_new();
	struct native *n = native_new(symbols);
	struct strs env = {0};
	struct exec *e;

	if (argc < 2)
		return 64;
	alarm(60);
	setvbuf(stdout, NULL, _IONBF, 0);
	exec_sanitizer_env(&env, 0);
	t.argv = command;
	t.env = strs_argv(&env);
	t.wall = 20;
	e = exec_open(&t, &f);
	if (e == NULL)
		return 1;
	test_crashes(n, e);
	test_sample(n, e);
	if (argc > 2)
		test_asan(n, t, argv[2]);
	exec_close(e);
	native_free(n);
	symbols_free(symbols);
	strs_release(&env);
	buf_release(&names);
	printf("1..%u\n", number);
	return failed != 0;
}
