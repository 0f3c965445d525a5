#include "target/exec.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/sig.h"
#include "base/strs.h"
#include "target/cgroup.h"
#include "target/forkserver.h"
#include "target/guardian.h"
#include "target/late.h"
#include "target/procs.h"
#include "target/rundir.h"

#define OUTPUT_DEFAULT (256 << 10)
#define OUTPUT_LEAST 4096
#define GROUP_OWN (16 << 20) /* memory of the guardian and of what is printed */

struct exec {
	struct exec_target t;
	struct guardian g;
	struct cgroup group;
	struct strs argv, env, late_argv, late_env, afl_env;
	char late[4]; /* for exec_late() */
	struct rundir d;
	char *program, *cwd;
	int look; /* FORKSERVER_ flags */
	int sock;
	pid_t guardian;
	bool running;
	struct exec_input in; /* hooks of the current run */
	struct exec_result result;
	struct buf out;
	size_t size; /* of g.out */
};

static bool
program_at(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

/* As execvp finds it, but in the target's own PATH. */
static char *
find_program(const char *name, const char *path)
{
	char *real = NULL, *p;
	size_t n;

	if (strchr(name, '/') != NULL)
		return program_at(name) ? realpath(name, NULL) : NULL;
	for (; real == NULL && path != NULL; path = *path ? path + 1 : NULL) {
		n = strcspn(path, ":");
		p = mem_printf("%.*s/%s", n ? (int)n : 1, n ? path : ".", name);
		if (program_at(p))
			real = realpath(p, NULL);
		free(p);
		path += n;
	}
	return real;
}

/* Is the input named in the command?  "@@" becomes its path. */
static bool
fill_argv(struct exec *e)
{
	char *const *a, *p, *arg;
	bool named = false;
	struct buf b = BUF_INIT;

	for (a = e->t.argv; *a != NULL; a++) {
		buf_reset(&b);
		for (arg = *a; (p = strstr(arg, "@@")) != NULL; arg = p + 2) {
			buf_add(&b, arg, (size_t)(p - arg));
			buf_adds(&b, e->d.input);
			named = true;
		}
		buf_adds(&b, arg);
		strs_add(&e->argv, buf_str(&b));
	}
	buf_release(&b);
	if (!named && (e->look & FORKSERVER_LIBFUZZER)) {
		strs_add(&e->argv, e->d.input);
		named = true;
	}
	return named;
}

enum { IS_ELF = 1, LOADS = 2 };

/* Is there a loader that takes what is preloaded?  None of static programs, and
 * with somebody else's rights it takes nothing of ours. */
static int
look_program(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), flags = 0;
	struct stat st;
	Elf64_Ehdr h;
	Elf64_Phdr p;

	if (fd < 0)
		return 0;
	if (read(fd, &h, sizeof(h)) == sizeof(h) &&
	    memcmp(h.e_ident, ELFMAG, SELFMAG) == 0)
		flags = IS_ELF;
	if (flags != 0 && h.e_ident[EI_CLASS] == ELFCLASS64 &&
	    fstat(fd, &st) == 0 && (st.st_mode & (S_ISUID | S_ISGID)) == 0)
		for (unsigned i = 0; i < h.e_phnum; i++)
			if (pread(fd, &p, sizeof(p),
				(off_t)(h.e_phoff + i * sizeof(p))) ==
				sizeof(p) &&
			    p.p_type == PT_INTERP)
				flags |= LOADS;
	close(fd);
	return flags;
}

static void
fill_memory(struct exec *e)
{
	uint64_t bytes = (uint64_t)e->t.memory << 20;

	/* A sanitizer maps terabytes, libFuzzer's threads map much; what a
	 * script starts nobody knows. */
	if ((e->look & (FORKSERVER_SANITIZER | FORKSERVER_LIBFUZZER)) ||
	    look_program(e->program) == 0)
		e->g.resident = bytes;
	else
		e->g.space = bytes;
}

static int
fill_output(struct exec *e, struct fail *f)
{
	size_t size = e->t.output ? e->t.output : OUTPUT_DEFAULT;

	if (size < OUTPUT_LEAST)
		size = OUTPUT_LEAST;
	e->size = size;
	e->g.head = size / 2;
	e->g.ring = size - e->g.head;
	e->g.out = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (e->g.out == MAP_FAILED)
		return fail_errno(f, EX_LAGO_TEMP, "no memory for output");
	return 0;
}

/* The value of a number flag of libFuzzer: the last one counts. */
static uint64_t
libfuzzer_flag(const struct exec *e, const char *flag, uint64_t value)
{
	size_t n = strlen(flag);

	for (size_t i = 0; i < e->argv.n; i++)
		if (strncmp(e->argv.v[i], flag, n) == 0)
			value = strtoull(e->argv.v[i] + n, NULL, 10);
	return value;
}

/* libFuzzer watches its memory by a thread, and a process with threads cannot
 * be copied: we watch instead. */
static void
late_libfuzzer(struct exec *e)
{
	uint64_t rss = libfuzzer_flag(e, "-rss_limit_mb=", 2048);
	uint64_t most = libfuzzer_flag(e, "-malloc_limit_mb=", 0);

	strs_add(&e->late_argv, "-rss_limit_mb=0");
	strs_addf(&e->late_argv, "-malloc_limit_mb=%llu",
	    (unsigned long long)(most ? most : rss));
	if (rss != 0 && (e->g.resident == 0 || rss << 20 < e->g.resident))
		e->g.late_resident = rss << 20;
}

/* Command and environment of the late fork server (lib/exec/late.c). */
static void
fill_late(struct exec *e, bool named)
{
	char *shim = mem_printf("%s/exec/late.so", paths_libexec()), *all;
	const char *theirs = strs_env_get(&e->env, "LD_PRELOAD");

	for (size_t i = 0; i < e->env.n; i++)
		strs_add(&e->late_env, e->env.v[i]);
	all = theirs != NULL && *theirs != '\0'
		  ? mem_printf("%s:%s", shim, theirs)
		  : mem_strdup(shim);
	strs_env_set(&e->late_env, "LD_PRELOAD", all);
	/* gcc's shared runtime wants to be the first library. */
	strs_env_join(&e->late_env, "ASAN_OPTIONS", "verify_asan_link_order=0");
	strs_addf(
	    &e->late_env, "LAGO_LATE=o%c%s", named ? '-' : 'i', e->d.input);
	e->g.late_env = strs_argv(&e->late_env);
	e->g.late_where =
	    e->late_env.v[e->late_env.n - 1] + strlen("LAGO_LATE=");
	free(all);
	free(shim);
	for (size_t i = 0; i < e->argv.n; i++)
		strs_add(&e->late_argv, e->argv.v[i]);
	e->g.late_resident = e->g.resident;
	if (e->look & FORKSERVER_LIBFUZZER)
		late_libfuzzer(e);
	e->g.late_argv = strs_argv(&e->late_argv);
}

/* As afl-fuzz would, but each input has a process of its own. */
static void
fill_afl(struct exec *e)
{
	for (size_t i = 0; i < e->env.n; i++)
		strs_add(&e->afl_env, e->env.v[i]);
	if (e->look & FORKSERVER_DEFERRED)
		strs_env_set(&e->afl_env, "__AFL_DEFER_FORKSRV", "1");
	e->g.afl_env = strs_argv(&e->afl_env);
}

/* Where a server may begin.  libFuzzer looks at its arguments early, and opens
 * them late. */
static void
fill_where(struct exec *e, bool named)
{
	int program = look_program(e->program);
	char *at = e->late;

	if (program & LOADS) {
		if (e->look & FORKSERVER_LIBFUZZER)
			*at++ = LATE_AT_OPEN;
		else if (named)
			*at++ = LATE_AT_STAT;
		*at++ = LATE_AT_MAIN;
	}
	if (program != 0 && (e->look & FORKSERVER_AFL))
		*at++ = LATE_AT_AFL;
	*at = '\0';
}

static int
prepare(struct exec *e, struct fail *f)
{
	char *const *v;
	bool named;

	if (e->t.file != NULL &&
	    (*e->t.file == '\0' || strchr(e->t.file, '/') != NULL))
		return fail_set(
		    f, EX_LAGO_USAGE, "not a file name '%s'", e->t.file);
	for (v = e->t.env; v != NULL && *v != NULL; v++)
		strs_add(&e->env, *v);
	e->program = find_program(e->t.argv[0], strs_env_get(&e->env, "PATH"));
	if (e->program == NULL)
		return fail_set(
		    f, EX_LAGO_NOINPUT, "no program '%s'", e->t.argv[0]);
	if ((e->look = forkserver_look(e->program, f)) < 0 ||
	    rundir_name(&e->d, e->t.file, f) != 0 || fill_output(e, f) != 0)
		return -1;
	e->cwd = e->t.cwd != NULL ? realpath(e->t.cwd, NULL)
				  : mem_printf("%s/cwd", e->d.run);
	if (e->cwd == NULL)
		return fail_errno(
		    f, EX_LAGO_NOINPUT, "cannot enter '%s'", e->t.cwd);
	if (strs_env_get(&e->env, "TMPDIR") == NULL)
		strs_addf(&e->env, "TMPDIR=%s/tmp", e->d.run);
	if (strs_env_get(&e->env, "HOME") == NULL)
		strs_addf(&e->env, "HOME=%s", e->cwd);
	named = fill_argv(e);
	fill_memory(e);
	fill_late(e, named);
	fill_afl(e);
	fill_where(e, named);
	e->g.program = e->program;
	e->g.argv = strs_argv(&e->argv);
	e->g.env = strs_argv(&e->env);
	e->g.dir = e->d.dir;
	e->g.cwd = e->cwd;
	e->g.in = named ? "/dev/null" : e->d.input;
	e->g.core = e->t.core;
	e->g.group = &e->group;
	return e->t.tree != NULL && e->t.cwd == NULL
		   ? rundir_tree(&e->d, e->t.tree, f)
		   : 0;
}

/* A guardian that the kernel killed for memory is replaced. */
static int
start_guardian(struct exec *e, struct fail *f)
{
	int sock[2];

	if (e->guardian > 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) != 0)
		return fail_errno(f, EX_LAGO_TEMP, "cannot make a socket");
	if (e->t.memory != 0)
		cgroup_make(
		    &e->group, ((uint64_t)e->t.memory << 20) + GROUP_OWN);
	e->guardian = fork();
	if (e->guardian == 0)
		guardian_serve(&e->g, sock[1]);
	close(sock[1]);
	if (e->guardian < 0) {
		close(sock[0]);
		return fail_errno(f, EX_LAGO_TEMP, "cannot fork");
	}
	e->sock = sock[0];
	return 0;
}

/* How it ended, as waitpid(2). */
static int
end_guardian(struct exec *e)
{
	int status = 0;

	if (e->guardian <= 0)
		return 0;
	close(e->sock);
	e->sock = -1;
	while (waitpid(e->guardian, &status, 0) < 0 && errno == EINTR)
		;
	e->guardian = -1;
	e->running = false;
	cgroup_remove(&e->group);
	return status;
}

struct exec *
exec_open(const struct exec_target *t, struct fail *f)
{
	struct exec *e = mem_alloc(sizeof(*e));

	e->t = *t;
	e->sock = -1;
	e->guardian = -1;
	e->g.out = MAP_FAILED;
	e->group = (struct cgroup)CGROUP_INIT;
	if (t->alone)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (prepare(e, f) == 0 && start_guardian(e, f) == 0 &&
	    /* The guardian removes it, however we end. */
	    rundir_create(&e->d, f) == 0)
		return e;
	exec_close(e);
	return NULL;
}

void
exec_close(struct exec *e)
{
	if (e == NULL)
		return;
	end_guardian(e);
	rundir_remove(&e->d);
	if (e->g.out != MAP_FAILED)
		munmap(e->g.out, e->size);
	strs_release(&e->argv);
	strs_release(&e->env);
	strs_release(&e->late_argv);
	strs_release(&e->late_env);
	strs_release(&e->afl_env);
	buf_release(&e->out);
	free(e->program);
	free(e->cwd);
	free(e);
}

static int
order(struct exec *e, const struct guardian_order *o)
{
	return send(e->sock, o, sizeof(*o), MSG_NOSIGNAL) == sizeof(*o) ? 0
									: -1;
}

int
exec_start(struct exec *e, const struct exec_input *in, struct fail *f)
{
	struct guardian_order o = {
	    .what = GUARDIAN_RUN, .aslr = in->aslr, .late = in->late};

	if (e->running)
		abort();
	o.wall = in->wall > 0 ? in->wall : e->t.wall;
	o.cpu = in->cpu > 0 ? in->cpu : e->t.cpu;
	o.tell_start = in->at_start != NULL;
	o.tell_limit = in->at_limit != NULL;
	if (rundir_clean(&e->d, f) != 0 || rundir_input(&e->d, in, f) != 0)
		return -1;
	if (e->guardian > 0 && order(e, &o) != 0)
		end_guardian(e);
	if (e->guardian <= 0 &&
	    (start_guardian(e, f) != 0 || order(e, &o) != 0))
		return -1;
	e->in = *in;
	e->running = true;
	return 0;
}

int
exec_fd(const struct exec *e)
{
	return e->sock;
}

/* The head and, after a line that says so, the tail of the ring. */
static void
take_output(struct exec *e, uint64_t printed)
{
	const struct guardian *g = &e->g;
	size_t at;

	buf_reset(&e->out);
	if (printed <= g->head + g->ring) {
		buf_add(&e->out, g->out, (size_t)printed);
	} else {
		at = (size_t)((printed - g->head) % g->ring);
		buf_add(&e->out, g->out, g->head);
		buf_addf(&e->out, "\n[lago: %llu bytes left out]\n",
		    (unsigned long long)(printed - g->head - g->ring));
		buf_add(&e->out, g->out + g->head + at, g->ring - at);
		buf_add(&e->out, g->out + g->head, at);
	}
	e->result.out = buf_str(&e->out);
	e->result.outlen = e->out.len;
	e->result.printed = printed;
}

static bool
is_crash(const struct exec *e, const struct guardian_news *n)
{
	size_t i;

	if (n->asked || n->limit != EXEC_NO_LIMIT)
		return false;
	if (WIFSIGNALED(n->status))
		return true;
	for (i = 0; i < e->t.ncrash_status; i++)
		if (WEXITSTATUS(n->status) == e->t.crash_status[i])
			return true;
	return false;
}

static int
ended(struct exec *e, struct guardian_news *n, struct fail *f)
{
	struct exec_result *r = &e->result;

	e->running = false;
	if (n->silent)
		return fail_set(f, EX_LAGO_UNAVAILABLE,
		    "no late fork server in '%s'", e->program);
	if (n->error != 0) {
		errno = n->error;
		return fail_errno(f,
		    n->error == EAGAIN || n->error == ENOMEM
			? EX_LAGO_TEMP
			: EX_LAGO_UNAVAILABLE,
		    "cannot run '%s'", e->program);
	}
	/* It was faster than the watch: the kernel killed it. */
	if (n->limit == EXEC_NO_LIMIT && !n->asked && WIFSIGNALED(n->status) &&
	    WTERMSIG(n->status) == SIGKILL && e->g.resident != 0 &&
	    n->rss > e->g.resident)
		n->limit = EXEC_MEMORY;
	*r = (struct exec_result){.status = n->status,
	    .limit = n->limit,
	    .aslr = n->aslr,
	    .pid = n->pid,
	    .wall = n->wall,
	    .cpu = n->cpu,
	    .rss = n->rss,
	    .left = n->left};
	r->crashed = is_crash(e, n);
	take_output(e, n->printed);
	return 1;
}

/* By the target, or for memory: it may kill its parent's process group. */
static int
guardian_killed(struct exec *e, struct fail *f)
{
	int status = end_guardian(e);

	if (e->t.alone)
		procs_end();
	if (!WIFSIGNALED(status))
		return fail_set(f, EX_LAGO_TEMP, "the guardian of '%s' is gone",
		    e->program);
	e->result = (struct exec_result){
	    .status = SIGKILL, .left = true, .aslr = e->in.aslr};
	take_output(e, 0);
	return 1;
}

int
exec_step(struct exec *e, struct fail *f)
{
	static const struct guardian_order go = {.what = GUARDIAN_GO};
	struct guardian_news n;
	ssize_t got;

	got = recv(e->sock, &n, sizeof(n), MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got != sizeof(n))
		return guardian_killed(e, f);
	switch (n.what) {
	case GUARDIAN_STARTS:
		e->in.at_start(n.pid, e->in.arg);
		order(e, &go);
		return 0;
	case GUARDIAN_LIMIT:
		e->in.at_limit(n.pid, e->in.arg);
		order(e, &go);
		return 0;
	default:
		return ended(e, &n, f);
	}
}

void
exec_kill(struct exec *e)
{
	static const struct guardian_order die = {.what = GUARDIAN_KILL};

	if (e->running)
		order(e, &die);
}

const struct exec_result *
exec_result(const struct exec *e)
{
	return &e->result;
}

int
exec_run(struct exec *e, const struct exec_input *in, struct fail *f)
{
	struct pollfd p = {.events = POLLIN};
	bool stopped = false;
	int rc;

	if (exec_start(e, in, f) != 0)
		return -1;
	while ((rc = exec_step(e, f)) == 0) {
		if (sig_got && !stopped) {
			exec_kill(e);
			stopped = true;
		}
		p.fd = e->sock;
		sig_poll(&p, 1, -1);
	}
	if (rc < 0)
		return -1;
	return stopped ? fail_set(f, EX_LAGO_TEMP, "stopped by a signal") : 0;
}

const char *
exec_program(const struct exec *e)
{
	return e->program;
}

int
exec_look(const struct exec *e)
{
	return e->look;
}

const char *
exec_late(const struct exec *e)
{
	return e->late;
}

bool
exec_is_libfuzzer(const char *path)
{
	int look = forkserver_look(path, NULL);

	return look >= 0 && (look & FORKSERVER_LIBFUZZER) != 0;
}

void
exec_sanitizer_env(struct strs *env, unsigned flags)
{
	static const char *const names[] = {"ASAN_OPTIONS", "HWASAN_OPTIONS",
	    "LSAN_OPTIONS", "MSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"};
	char *ours =
	    mem_printf("abort_on_error=1:symbolize=%d:handle_abort=1:"
		       "handle_sigill=1:handle_sigtrap=1:print_stacktrace=1:"
		       "log_path=stderr:stack_trace_format=DEFAULT",
		(flags & EXEC_SYMBOLIZE) != 0);
	const char *set;
	bool said = false;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		set = strs_env_get(env, names[i]);
		said = said || (set && strstr(set, "detect_leaks=") != NULL);
		strs_env_join(env, names[i], ours);
	}
	/* Of all variables: LSAN_OPTIONS wins over ASAN_OPTIONS. */
	for (i = 0; !said && i < sizeof(names) / sizeof(names[0]); i++)
		strs_env_join(env, names[i],
		    flags & EXEC_LEAKS ? "detect_leaks=1" : "detect_leaks=0");
	free(ours);
}
