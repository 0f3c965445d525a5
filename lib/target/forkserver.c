/*
 * Words are host-endian, 32 bits, on descriptors 198 (to the server) and 199
 * (from it).  The server's dialect shows in its first word; see greet().  Each
 * run: we write "was the last child killed", it answers with a pid and later
 * with the child's wait status; a persistent child stops itself instead of
 * ending.
 *
 * We keep the reading end of the control pipe open as well: a write to a dead
 * server is then no SIGPIPE, and its death shows as the end of the status pipe.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/sig.h"
#include "base/strs.h"
#include "target/forkserver.h"

enum {
	CLASSIC_MAP = 65536,
	OLD_MAP_MAX = 8 << 20,
	TESTCASE_MAX = 1 << 20,
	DICTIONARY_MAX = 0xffffff,
	GREETING_SECONDS = 10, /* sanitizers on a loaded machine are slow */
	ANSWER_SECONDS = 10,   /* for words that need no run of the target */
	LOOP_MIB = 2048	       /* as libFuzzer has it */
};

struct forkserver {
	struct strs argv, env;
	char *program, *path; /* as asked for; the input file's */
	struct forkserver_opts o;
	int looks; /* FORKSERVER_* */
	bool stdin_input;

	uint8_t *map, *testcase; /* shared segments */
	int map_id, testcase_id;
	size_t map_room, map_size;

	int input; /* the file, -1 until made */
	int control, control_peer, status;
	pid_t pid, child; /* child: stopped or running, 0 none */
	bool shared;	  /* it takes test cases in shared memory */
	uint32_t killed;  /* what the next request says */
	bool deaf;	  /* signals for us do not end a wait */
};

/* --- what a program is --- */

static int
open_program(const char *name, struct fail *f)
{
	const char *dirs = getenv("PATH"), *end;
	char *path;
	int fd;

	if (strchr(name, '/') || !dirs)
		fd = open(name, O_RDONLY | O_CLOEXEC);
	else
		for (fd = -1; fd < 0; dirs = end + 1) {
			end = strchrnul(dirs, ':');
			path = mem_printf(
			    "%.*s/%s", (int)(end - dirs), dirs, name);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			free(path);
			if (!*end)
				break;
		}
	return fd < 0 ? fail_errno(f, EX_LAGO_NOINPUT, "cannot open '%s'", name)
		      : fd;
}

int
forkserver_look(const char *program, struct fail *f)
{
	static const struct {
		const char *text;
		int flag;
	} mark[] = {
	    {"__AFL_SHM_ID", FORKSERVER_AFL},
	    {"##SIG_AFL_PERSISTENT##", FORKSERVER_PERSISTENT},
	    {"##SIG_AFL_DEFER_FORKSRV##", FORKSERVER_DEFERRED},
	    {"merge_control_file", FORKSERVER_LIBFUZZER},
	    {"_LIBHFUZZ_PERSISTENT_", FORKSERVER_HONGGFUZZ},
	    {"__asan_init", FORKSERVER_SANITIZER},
	    {"__msan_init", FORKSERVER_SANITIZER},
	    {"__lsan_init", FORKSERVER_SANITIZER},
	    {"__tsan_init", FORKSERVER_SANITIZER},
	    {"__hwasan_init", FORKSERVER_SANITIZER},
	};
	static struct stat last; /* of the program looked at last */
	static int flags;
	int fd = open_program(program, f);
	struct stat st;
	void *p;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return fail_set(
		    f, EX_LAGO_NOINPUT, "not a program '%s'", program);
	}
	if (st.st_dev == last.st_dev && st.st_ino == last.st_ino &&
	    st.st_size == last.st_size &&
	    !memcmp(&st.st_ctim, &last.st_ctim, sizeof st.st_ctim)) {
		close(fd);
		return flags;
	}
	last = st;
	flags = 0;
	p = st.st_size
		? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
		: MAP_FAILED;
	close(fd);
	if (p == MAP_FAILED)
		return 0;
	for (size_t i = 0; i < sizeof mark / sizeof *mark; i++)
		if (memmem(p, (size_t)st.st_size, mark[i].text,
			strlen(mark[i].text)))
			flags |= mark[i].flag;
	munmap(p, (size_t)st.st_size);
	return flags;
}

/* --- shared memory --- */

/* Linux keeps a removed segment until the last one detaches, and lets the
 * server attach by its number: nobody's death leaks it. */
static void *
segment(size_t size, int *id, struct fail *f)
{
	void *p;

	*id = shmget(IPC_PRIVATE, size, IPC_CREAT | IPC_EXCL | 0600);
	if (*id < 0) {
		fail_errno(f, EX_LAGO_TEMP, "cannot get shared memory");
		return NULL;
	}
	p = shmat(*id, NULL, 0);
	shmctl(*id, IPC_RMID, NULL);
	if (p == (void *)-1) {
		fail_errno(f, EX_LAGO_TEMP, "cannot attach shared memory");
		return NULL;
	}
	return p;
}

static int
map_make(struct forkserver *s, size_t room, struct fail *f)
{
	if (s->map)
		shmdt(s->map);
	s->map_room = room;
	s->map = segment(room, &s->map_id, f);
	return s->map ? 0 : -1;
}

/* --- the server's environment --- */

static void
options(
    struct forkserver *s, const char *name, const char *ours, const char *musts)
{
	const char *theirs = strs_env_get(&s->env, name);
	char *copy = mem_strdup(theirs);

	strs_env_set(&s->env, name, ours);
	if (copy)
		strs_env_join(&s->env, name, copy);
	strs_env_join(&s->env, name, musts);
	free(copy);
}

static void
env_number(struct forkserver *s, const char *name, size_t n)
{
	char text[32];

	snprintf(text, sizeof text, "%zu", n);
	strs_env_set(&s->env, name, text);
}

/* Our server, and should it not come to serve, nothing to do for libFuzzer. */
static void
preload(struct forkserver *s)
{
	char *ours = mem_printf("%s/exec/loop.so", paths_libexec());
	char *theirs = mem_strdup(strs_env_get(&s->env, "LD_PRELOAD"));

	strs_env_set(&s->env, "LD_PRELOAD", ours);
	if (theirs)
		strs_env_join(&s->env, "LD_PRELOAD", theirs);
	env_number(s, "LAGO_LOOP", s->o.memory ? s->o.memory : LOOP_MIB);
	/* gcc's shared runtime wants to be the first library. */
	strs_env_join(&s->env, "ASAN_OPTIONS", "verify_asan_link_order=0");
	strs_add(&s->argv, "-runs=0");
	free(theirs);
	free(ours);
}

static void
environment(struct forkserver *s, char *const *env)
{
	for (; *env; env++)
		if (strncmp(*env, "__AFL_", 6) != 0 &&
		    strncmp(*env, "AFL_OLD_FORKSERVER=", 19) != 0)
			strs_add(&s->env, *env);
	options(s, "ASAN_OPTIONS",
	    "detect_leaks=0:detect_odr_violation=0:malloc_context_size=0:"
	    "handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigfpe=0:"
	    "handle_sigill=0:allocator_may_return_null=1:"
	    "detect_stack_use_after_return=0:check_initialization_order=0",
	    "abort_on_error=1:symbolize=0");
	options(s, "MSAN_OPTIONS",
	    "msan_track_origins=0:allocator_may_return_null=1",
	    "exit_code=86:symbolize=0");
	options(s, "LSAN_OPTIONS", "print_suppressions=0",
	    "exitcode=23:symbolize=0");
	options(s, "UBSAN_OPTIONS", "halt_on_error=1",
	    "abort_on_error=1:symbolize=0");
	if (s->o.loop)
		preload(s);
	if (s->looks & FORKSERVER_PERSISTENT)
		strs_env_set(&s->env, "__AFL_PERSISTENT", "1");
	if (s->looks & FORKSERVER_DEFERRED)
		strs_env_set(&s->env, "__AFL_DEFER_FORKSRV", "1");
	if (!strs_env_get(&s->env, "LD_BIND_LAZY"))
		strs_env_set(&s->env, "LD_BIND_NOW", "1");
}

/* --- the input file --- */

/* A file of that name, or for standard input one without a name. */
static int
input_make(struct forkserver *s, struct fail *f)
{
	struct stat st;

	if (s->input >= 0 && !fstat(s->input, &st) && st.st_nlink)
		return 0; /* else the target unlinked it */
	if (s->input >= 0)
		close(s->input);
	unlink(s->path);
	s->input =
	    s->stdin_input
		? memfd_create("input", MFD_CLOEXEC)
		: open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (s->input < 0)
		return fail_errno(
		    f, EX_LAGO_CANTCREAT, "cannot make '%s'", s->path);
	return 0;
}

static int
input_place(struct forkserver *s, const void *data, size_t len, struct fail *f)
{
	uint32_t n = len > TESTCASE_MAX ? TESTCASE_MAX : (uint32_t)len;
	const char *p = data;
	size_t done = 0;
	ssize_t w;

	if (s->shared) {
		memcpy(s->testcase, &n, sizeof n);
		memcpy(s->testcase + sizeof n, data, n);
		return 0;
	}
	if (!s->stdin_input && input_make(s, f))
		return -1;
	for (; done < len; done += (size_t)w) {
		w = pwrite(s->input, p + done, len - done, (off_t)done);
		if (w < 0)
			return fail_errno(
			    f, EX_LAGO_IO, "cannot write '%s'", s->path);
	}
	if (ftruncate(s->input, (off_t)len))
		return fail_errno(f, EX_LAGO_IO, "cannot cut '%s'", s->path);
	if (s->stdin_input)
		lseek(s->input, 0, SEEK_SET);
	return 0;
}

/* --- starting --- */

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Above the protocol's own numbers, so that dup2 hits nothing in use. */
static int
high(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, FORKSERVER_STATUS + 1);

	close(fd);
	return up;
}

static void
bind_cpu(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof set, &set);
}

static void
limit(int what, rlim_t value)
{
	struct rlimit r = {value, value};

	setrlimit(what, &r);
}

/* Between fork and exec; report is told why it failed. */
static void
child_side(struct forkserver *s, int in, int out, int report, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), code;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	bind_cpu(s->o.cpu);
	limit(RLIMIT_CORE, 0);
	if (s->o.memory && !s->o.loop && !(s->looks & FORKSERVER_SANITIZER))
		limit(RLIMIT_AS, (rlim_t)s->o.memory << 20);
	dup2(s->stdin_input ? s->input : null, 0);
	dup2(s->o.output > 0 ? s->o.output : null, 1);
	dup2(1, 2);
	dup2(in, FORKSERVER_CONTROL);
	dup2(out, FORKSERVER_STATUS);
	close_range(3, FORKSERVER_CONTROL - 1, CLOSE_RANGE_CLOEXEC);
	close_range(FORKSERVER_STATUS + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	sig_default();
	execvpe(s->argv.v[0], s->argv.v, s->env.v);
	code = errno;
	_exit(write(report, &code, sizeof code) == sizeof code ? 127 : 126);
}

static void
pipe_high(int p[2])
{
	p[0] = p[1] = -1;
	if (!pipe2(p, O_CLOEXEC)) {
		p[0] = high(p[0]);
		p[1] = high(p[1]);
	}
}

static int
spawn(struct forkserver *s, struct fail *f)
{
	int ctl[2], st[2], why[2], code = 0;
	pid_t parent = getpid();

	pipe_high(ctl);
	pipe_high(st);
	pipe_high(why);
	s->pid = ctl[1] < 0 || st[1] < 0 || why[1] < 0 ? -1 : fork();
	if (s->pid == 0)
		child_side(s, ctl[0], st[1], why[1], parent);
	close_fd(&st[1]);
	close_fd(&why[1]);
	s->control = ctl[1];
	s->control_peer = ctl[0];
	s->status = st[0];
	if (s->pid < 0)
		fail_errno(f, EX_LAGO_TEMP, "cannot start '%s'", s->program);
	else if (read(why[0], &code, sizeof code) == sizeof code) {
		errno = code;
		fail_errno(
		    f, EX_LAGO_UNAVAILABLE, "cannot start '%s'", s->program);
	}
	close_fd(&why[0]);
	if (s->pid < 0 || code)
		return -1;
	fcntl(s->status, F_SETFL, O_NONBLOCK);
	return 0;
}

/* --- reading the server's words --- */

/* Exactly n bytes by the deadline: 0; -1 the end or the time is over (*late). */
static int
take(struct forkserver *s, void *p, size_t n, double deadline, bool *late)
{
	struct pollfd fd = {s->status, POLLIN, 0};
	double left;
	size_t done = 0;
	ssize_t got;

	*late = false;
	while (done < n) {
		got = read(s->status, (char *)p + done, n - done);
		if (got > 0) {
			done += (size_t)got;
			continue;
		}
		if (got == 0 || (errno != EAGAIN && errno != EINTR))
			return -1;
		left = deadline - clock_mono();
		if (left <= 0 || (sig_got && !s->deaf)) {
			*late = true;
			return -1;
		}
		sig_poll(&fd, 1, left);
	}
	return 0;
}

static int
word(struct forkserver *s, uint32_t *w, double seconds, bool *late)
{
	return take(s, w, sizeof *w, clock_mono() + seconds, late);
}

static int
say(struct forkserver *s, uint32_t w)
{
	return write(s->control, &w, sizeof w) == sizeof w ? 0 : -1;
}

/* --- handshake --- */

static int
end_status(struct forkserver *s)
{
	int status = 0;

	for (int i = 0; i < 1000; i++) {
		if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
			s->pid = 0;
			return status;
		}
		clock_sleep(0.001);
	}
	return -1;
}

/* The server said nothing (more): why. */
static int
silent(struct forkserver *s, bool late, struct fail *f)
{
	int status;

	if (sig_got)
		return fail_set(f, EX_LAGO_TEMP, "ended by a signal");
	if (late)
		return fail_set(f, EX_LAGO_UNAVAILABLE,
		    "no fork server after %d s in '%s'", GREETING_SECONDS,
		    s->program);
	status = end_status(s);
	if (status >= 0 && WIFSIGNALED(status))
		return fail_set(f, EX_LAGO_UNAVAILABLE,
		    "killed by signal %d before its fork server was up: '%s'",
		    WTERMSIG(status), s->program);
	return fail_set(f, EX_LAGO_UNAVAILABLE,
	    "ended (%d) before its fork server was up, not instrumented by "
	    "AFL++ or not this way: '%s'",
	    status >= 0 ? WEXITSTATUS(status) : -1, s->program);
}

static int
refused(struct forkserver *s, uint32_t code, struct fail *f)
{
	static const struct {
		uint32_t code;
		const char *text;
	} known[] = {
	    {1, "its map is larger than we offer"},
	    {2, "it wants a map at a fixed address"},
	    {4, "it cannot open the shared map"},
	    {8, "it cannot attach the shared map"},
	    {16, "it cannot map the shared memory"},
	    {32, "its cmplog is of another version"},
	    {64, "its cmplog is of another version"},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].code == code)
			return fail_set(f, EX_LAGO_UNAVAILABLE, "%s: '%s'",
			    known[i].text, s->program);
	return fail_set(f, EX_LAGO_UNAVAILABLE, "fork server error %u in '%s'",
	    code, s->program);
}

static int
odd(struct forkserver *s, const char *what, struct fail *f)
{
	return fail_set(f, EX_LAGO_UNAVAILABLE, "fork server of '%s': %s",
	    s->program, what);
}

/* There is no use for a dictionary here, but it has to be read. */
static int
skip_dictionary(struct forkserver *s, struct fail *f)
{
	double deadline = clock_mono() + ANSWER_SECONDS;
	char part[4096];
	uint32_t n, some;
	bool late;

	if (take(s, &n, sizeof n, deadline, &late))
		return silent(s, late, f);
	if (n > DICTIONARY_MAX)
		return odd(s, "a dictionary of an impossible size", f);
	for (; n; n -= some) {
		some = n < sizeof part ? n : (uint32_t)sizeof part;
		if (take(s, part, some, deadline, &late))
			return silent(s, late, f);
	}
	return 0;
}

static int
map_set(struct forkserver *s, size_t size, struct fail *f)
{
	if (!size || size > s->map_room)
		return odd(s, "an impossible map size", f);
	s->map_size = size;
	return 0;
}

static int
greet_new(struct forkserver *s, uint32_t hello, struct fail *f)
{
	enum { MAP = 1, SHARED = 2, DICTIONARY = 0x800 };
	uint32_t opts, w;
	bool late = false;

	if ((hello & 0xff) != 1)
		return odd(s, "a protocol newer than we know", f);
	if (say(s, hello ^ 0xffffffff) || word(s, &opts, ANSWER_SECONDS, &late))
		return silent(s, late, f);
	if (opts & ~(uint32_t)(MAP | SHARED | DICTIONARY))
		return odd(s, "options that we do not know", f);
	if (opts & MAP) {
		if (word(s, &w, ANSWER_SECONDS, &late))
			return silent(s, late, f);
		if (map_set(s, w, f))
			return -1;
	}
	s->shared = opts & SHARED;
	if (opts & DICTIONARY && skip_dictionary(s, f))
		return -1;
	if (word(s, &w, ANSWER_SECONDS, &late))
		return silent(s, late, f);
	return w == hello ? 0 : odd(s, "a handshake that does not end", f);
}

static int
greet_old(struct forkserver *s, uint32_t hello, struct fail *f)
{
	const uint32_t map = 0x40000000, dict = 0x10000000, shared = 0x01000000;
	uint32_t size;

	if ((hello & 0x0f000000) == 0x0f000000)
		hello &= ~(uint32_t)0x0f000000; /* some releases set them all */
	if (hello & map) {
		size = ((hello & 0x00fffffe) >> 1) + 1;
		if (map_set(s, size <= OLD_MAP_MAX ? size : CLASSIC_MAP, f))
			return -1;
	}
	if (s->testcase == NULL)
		return 0; /* nothing is accepted */
	s->shared = hello & shared;
	/* An offer that is not accepted makes the runtime take our answer as
	 * the first request. */
	if ((hello & (dict | shared)) &&
	    say(s, 0x80000001 | (hello & (dict | shared))))
		return silent(s, false, f);
	return hello & dict ? skip_dictionary(s, f) : 0;
}

/* Sets *code to an error that the server named itself. */
static int
greet(struct forkserver *s, uint32_t *code, struct fail *f)
{
	uint32_t w;
	bool late;

	*code = 0;
	s->map_size = CLASSIC_MAP;
	s->shared = false;
	s->killed = 0;
	s->child = 0;
	if (word(s, &w, GREETING_SECONDS, &late))
		return silent(s, late, f);
	if ((w & 0xeffe0000) == 0xeffe0000)
		*code = w & 0xffff;
	else if (w >= 0x41464c00 && w <= 0x41464cff)
		return greet_new(s, w, f);
	else if ((w & 0xf800008f) == 0xf800008f)
		*code = w >> 8 & 0xffff;
	else if ((w & 0x80000001) == 0x80000001)
		return greet_old(s, w, f);
	else
		return 0; /* classic: no options, no answer */
	return refused(s, *code, f);
}

int
forkserver_greet(pid_t pid, int control, int status, struct fail *f)
{
	struct forkserver s = {.pid = pid,
	    .program = (char *)"the target",
	    .control = control,
	    .status = status,
	    .map_room = SIZE_MAX};
	uint32_t code;

	return greet(&s, &code, f);
}

/* --- ending --- */

/* A pid is what the server says: it must be its child (or ours, when the
 * server is dead and we are the subreaper); false when not. */
static bool
kill_child(struct forkserver *s)
{
	char path[64], text[512], *p;
	ssize_t n;
	int fd, parent;

	if (s->child <= 1)
		return false;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)s->child);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	close_fd(&fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	p = strrchr(text, ')'); /* the name before may hold anything */
	return p && sscanf(p, ") %*c %d", &parent) == 1 &&
	       (parent == s->pid || parent == getpid()) &&
	       kill(s->child, SIGKILL) == 0;
}

static void
server_end(struct forkserver *s)
{
	kill_child(s);
	if (s->pid > 0) {
		kill(s->pid, SIGTERM);
		if (end_status(s) == -1) {
			kill(s->pid, SIGKILL);
			waitpid(s->pid, NULL, 0);
			s->pid = 0;
		}
	}
	if (s->child > 0)
		waitpid(s->child, NULL, WNOHANG);
	s->child = 0;
	close_fd(&s->control);
	close_fd(&s->control_peer);
	close_fd(&s->status);
}

static int
server_start(struct forkserver *s, struct fail *f)
{
	static const size_t room[] = {OLD_MAP_MAX, 64 << 20};
	uint32_t code = 0;

	for (size_t i = 0; i < sizeof room / sizeof *room; i++) {
		if (s->map_room < room[i] && map_make(s, room[i], f))
			return -1;
		env_number(s, "__AFL_SHM_ID", (size_t)s->map_id);
		env_number(s, "AFL_MAP_SIZE", s->map_room);
		if (input_make(s, f))
			return -1;
		if (!spawn(s, f) && !greet(s, &code, f))
			return 0;
		server_end(s);
		if (code != 1 || s->map_room > room[i])
			break;
	}
	return -1;
}

/* --- for callers --- */

static void
command(struct forkserver *s, char *const *argv)
{
	struct buf b = BUF_INIT;
	const char *at, *p;

	s->stdin_input = true;
	for (; *argv; argv++) {
		buf_reset(&b);
		for (p = *argv; (at = strstr(p, "@@")); p = at + 2) {
			buf_add(&b, p, (size_t)(at - p));
			buf_adds(&b, s->path);
			s->stdin_input = false;
		}
		buf_adds(&b, p);
		strs_add(&s->argv, buf_str(&b));
	}
	buf_release(&b);
}

struct forkserver *
forkserver_start(const struct forkserver_opts *o, struct fail *f)
{
	struct forkserver *s = mem_alloc(sizeof *s);

	s->o = *o;
	s->input = s->control = s->control_peer = s->status = -1;
	s->program = mem_strdup(o->argv[0]);
	s->path = mem_strdup(o->input);
	s->looks = forkserver_look(o->argv[0], f);
	if (s->looks < 0)
		goto fail;
	command(s, o->argv);
	environment(s, o->env);
	s->testcase =
	    segment(sizeof(uint32_t) + TESTCASE_MAX, &s->testcase_id, f);
	if (!s->testcase)
		goto fail;
	env_number(s, "__AFL_SHM_FUZZ_ID", (size_t)s->testcase_id);
	if (!server_start(s, f))
		return s;
fail:
	forkserver_stop(s);
	return NULL;
}

static bool
is_crash(const struct forkserver *s, int status)
{
	int code;

	if (WIFSIGNALED(status))
		return true;
	if (!WIFEXITED(status))
		return false;
	code = WEXITSTATUS(status);
	if (s->looks & FORKSERVER_SANITIZER && (code == 86 || code == 23))
		return true;
	for (size_t i = 0; i < s->o.ncrash_status; i++)
		if (code == s->o.crash_status[i])
			return true;
	return false;
}

/* One request.  -1: the server failed. */
static int
request(struct forkserver *s, struct forkserver_run *r)
{
	bool late = false, timeout = false;
	uint32_t w;

	memset(s->map, 0, (s->map_size + 63) & ~(size_t)63);
	__sync_synchronize();
	if (say(s, s->killed) || word(s, &w, ANSWER_SECONDS, &late))
		return -1;
	if ((int32_t)w <= 1)
		return -1;
	r->fresh = s->killed || s->child != (pid_t)w;
	s->killed = 0;
	s->child = (pid_t)w;
	if (word(s, &w, s->o.timeout, &late)) {
		if (!late)
			return -1;
		timeout = true;
		if (!kill_child(s))
			return -1;
		s->killed = 1;
		s->deaf = true;
		if (word(s, &w, ANSWER_SECONDS, &late)) {
			s->deaf = false;
			return -1;
		}
		s->deaf = false;
	}
	__sync_synchronize();
	s->map[0] -= s->map[0] > 0; /* the runtime's own mark */
	r->status = (int)w;
	if (!WIFSTOPPED(r->status))
		s->child = 0;
	if (timeout)
		r->end = sig_got ? FORKSERVER_STOPPED : FORKSERVER_TIMEOUT;
	else
		r->end =
		    is_crash(s, r->status) ? FORKSERVER_CRASH : FORKSERVER_OK;
	return 0;
}

int
forkserver_run(struct forkserver *s, const void *data, size_t len,
    struct forkserver_run *r, struct fail *f)
{
	memset(r, 0, sizeof *r);
	for (int tries = 0; tries < 2; tries++) {
		if (s->pid <= 0 && server_start(s, f))
			return -1;
		if (input_place(s, data, len, f))
			return -1;
		if (!request(s, r))
			return 0;
		server_end(s);
		if (sig_got) {
			r->end = FORKSERVER_STOPPED;
			return 0;
		}
	}
	r->end = FORKSERVER_DEAD;
	return 0;
}

const uint8_t *
forkserver_map(const struct forkserver *s, size_t *size)
{
	*size = s->map_size;
	return s->map;
}

size_t
forkserver_limit(const struct forkserver *s)
{
	return s->shared ? TESTCASE_MAX : SIZE_MAX;
}

void
forkserver_set_timeout(struct forkserver *s, double seconds)
{
	s->o.timeout = seconds;
}

void
forkserver_fresh(struct forkserver *s)
{
	if (s->child > 0) {
		kill_child(s);
		s->killed = 1;
	}
}

pid_t
forkserver_pid(const struct forkserver *s)
{
	return s->pid;
}

void
forkserver_stop(struct forkserver *s)
{
	if (!s)
		return;
	server_end(s);
	if (s->input >= 0 && !s->stdin_input)
		unlink(s->path);
	close_fd(&s->input);
	if (s->map)
		shmdt(s->map);
	if (s->testcase)
		shmdt(s->testcase);
	strs_release(&s->argv);
	strs_release(&s->env);
	free(s->program);
	free(s->path);
	free(s);
}
