#include "target/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/sig.h"
#include "target/cgroup.h"
#include "target/exec.h"
#include "target/forkserver.h"
#include "target/late.h"
#include "target/limits.h"
#include "target/procs.h"

#define SOCK 3		       /* the only descriptor kept */
#define CHILD_STACK (64 << 10) /* of the few calls before exec */
#define SILENT 10	       /* seconds until a server has to be there */
#define HELD 10		       /* seconds that lago may look at a timeout */

/*
 * A copy of the target that waits where it would look at its input; the runs
 * are copies of it, children of ours.  What they print goes to one pipe, which
 * is empty between runs, for nothing of a run is left then.
 *
 * Or AFL++'s own server in the target: the runs are its children, it waits for
 * them, and its standard input and directory are theirs.
 */
struct server {
	pid_t pid; /* 0: none */
	int where; /* LATE_AT_... */
	bool aslr;
	int pidfd, from;
	int control, status, go; /* our ends */
	/* Theirs that they read from: open, so that no write is a SIGPIPE. */
	int control_peer, go_peer;
	int input, input_end; /* AFL++: to write its standard input, and its */
	struct stat cwd;      /* AFL++: its working directory */
};
static const struct server no_server = {.pidfd = -1,
    .from = -1,
    .control = -1,
    .status = -1,
    .go = -1,
    .control_peer = -1,
    .go_peer = -1,
    .input = -1,
    .input_end = -1};

struct run {
	const struct guardian *g;
	struct guardian_order order;
	struct guardian_news news;
	struct limits limits;
	int in, out, from; /* standard input; both ends of the output pipe */
	int pidfd;
	double start; /* 0: it starts when it is attended */
	uint64_t kills;
	bool dying;
	struct server *server;
	int fds[3]; /* of a server that is started: LATE_CONTROL and so on */
};

static int
tell(const struct guardian_news *news)
{
	return send(SOCK, news, sizeof(*news), MSG_NOSIGNAL) == sizeof(*news)
		   ? 0
		   : -1;
}

/* The next order, or -1 when there is nobody to give one. */
static int
listen_for(struct guardian_order *o)
{
	ssize_t n;

	do
		n = recv(SOCK, o, sizeof(*o), 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*o) ? o->what : -1;
}

/* A server of copies, ours or AFL++'s: with its descriptors, next to each
 * other. */
static void
become_server(struct run *r)
{
	bool afl = r->order.late == LATE_AT_AFL;
	int first = afl ? FORKSERVER_CONTROL : LATE_CONTROL, n = afl ? 2 : 3;
	bool there = chdir(r->g->cwd) == 0 && dup2(r->in, 0) == 0 &&
		     dup2(r->out, 1) == 1 && dup2(r->out, 2) == 2;

	r->news.aslr = false;
	for (int i = 0; i < n; i++)
		there = there && dup2(r->fds[i], first + i) == first + i;
	if (there && close_range(3, (unsigned)first - 1, 0) == 0 &&
	    close_range((unsigned)(first + n), ~0U, 0) == 0 &&
	    limits_set(&r->limits, &r->news.aslr) == 0)
		execve(r->g->program, afl ? r->g->argv : r->g->late_argv,
		    afl ? r->g->afl_env : r->g->late_env);
	r->news.error = errno;
	_exit(127);
}

/*
 * The child, in the guardian's memory, which sleeps until it executes: only
 * system calls, and an error is a plain assignment.
 */
static int
become(void *arg)
{
	struct run *r = arg;
	struct guardian_order o;

	r->news.pid = (pid_t)syscall(SYS_getpid);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	limits_first();
	if (r->order.late != 0)
		become_server(r);
	if (r->order.tell_start) {
		r->news.what = GUARDIAN_STARTS;
		if (tell(&r->news) != 0 || listen_for(&o) != GUARDIAN_GO)
			_exit(127);
	}
	r->news.aslr = r->order.aslr;
	if (chdir(r->g->cwd) == 0 && dup2(r->in, 0) == 0 &&
	    dup2(r->out, 1) == 1 && dup2(r->out, 2) == 2 &&
	    close_range(3, ~0U, 0) == 0 &&
	    limits_set(&r->limits, &r->news.aslr) == 0)
		execve(r->g->program, r->g->argv, r->g->env);
	r->news.error = errno;
	_exit(127);
}

static void
shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The process that executes the target; -1 with errno. */
static pid_t
execute(struct run *r)
{
	static char stack[CHILD_STACK] __attribute__((aligned(64)));
	int fds[2];
	pid_t pid;

	r->in = r->order.late != 0 && r->server->input_end >= 0
		    ? fcntl(r->server->input_end, F_DUPFD_CLOEXEC, SOCK + 1)
		    : open(r->g->in, O_RDONLY | O_CLOEXEC);
	if (r->in < 0 || pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	r->from = fds[0];
	r->out = fds[1];
	fcntl(r->from, F_SETFL, O_NONBLOCK);
	pid = clone(
	    become, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, r);
	shut(&r->out);
	return pid;
}

static int
start(struct run *r)
{
	pid_t pid = execute(r);

	if (pid < 0)
		return -1;
	r->news.pid = pid;
	r->pidfd = pidfd_open(pid, 0);
	return r->pidfd < 0 ? -1 : 0;
}

/* Take what there is; -1 at its end. */
static int
collect(struct run *r)
{
	const struct guardian *g = r->g;
	size_t at, room;
	ssize_t n;

	for (;;) {
		if (r->news.printed < g->head) {
			at = r->news.printed;
			room = g->head - at;
		} else {
			at = g->head + (r->news.printed - g->head) % g->ring;
			room = g->head + g->ring - at;
		}
		n = read(r->from, g->out + at, room);
		if (n == 0)
			return -1;
		if (n < 0)
			return 0;
		r->news.printed += (uint64_t)n;
	}
}

/* --- the late fork server --- */

static void
forget_server(struct server *s)
{
	shut(&s->pidfd);
	shut(&s->from);
	shut(&s->control);
	shut(&s->status);
	shut(&s->go);
	shut(&s->control_peer);
	shut(&s->go_peer);
	shut(&s->input);
	shut(&s->input_end);
	*s = no_server;
}

/* Between runs: with all that it started before. */
static void
end_server(struct server *s)
{
	if (s->pid > 0)
		procs_end();
	forget_server(s);
}

/* Is the server all that is left below us? */
static bool
only_child(const struct server *s)
{
	char text[64], want[32];
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	shut(&fd);
	snprintf(want, sizeof(want), "%d ", (int)s->pid);
	return s->pid > 0 && n == (ssize_t)strlen(want) &&
	       memcmp(text, want, (size_t)n) == 0;
}

/* The server's next word; -1: none came, it has ended or takes too long. */
static int
word_of(struct run *r, struct server *s, uint32_t *w)
{
	double end = clock_mono() + SILENT;
	struct pollfd p[] = {{s->status, POLLIN, 0}, {s->from, POLLIN, 0},
	    {s->pidfd, POLLIN, 0}, {SOCK, POLLIN, 0}};
	double left;

	while ((left = end - clock_mono()) > 0) {
		if (poll(p, 4, (int)(left * 1000 + 0.999)) <= 0)
			continue;
		if (p[0].revents & POLLIN)
			return read(s->status, w, sizeof(*w)) == sizeof(*w)
				   ? 0
				   : -1;
		/* Lago only says now that it wants no more. */
		if (p[2].revents != 0 || p[3].revents != 0)
			return -1;
		if (p[1].revents != 0 && collect(r) != 0)
			p[1].fd = -1;
	}
	return -1;
}

/* Whose standard input is read: a file in memory, the same for all runs. */
static int
make_stdin(const struct run *r, struct server *s)
{
	char path[64];

	if (s->where != LATE_AT_AFL || r->g->late_where[1] != 'i')
		return 0;
	s->input = memfd_create("input", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->input);
	s->input_end = open(path, O_RDONLY | O_CLOEXEC);
	return s->input_end < 0 ? -1 : 0;
}

static int
fill_stdin(const struct run *r, const struct server *s)
{
	ssize_t n = -1;
	int fd;

	if (s->input < 0)
		return 0;
	fd = open(r->g->in, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && ftruncate(s->input, 0) == 0 &&
	    lseek(s->input, 0, SEEK_SET) == 0 &&
	    lseek(s->input_end, 0, SEEK_SET) == 0)
		while ((n = sendfile(s->input, fd, NULL, 1 << 30)) > 0)
			;
	shut(&fd);
	return n == 0 ? 0 : -1;
}

static int
pipes(struct run *r, struct server *s)
{
	int control[2], status[2], go[2];

	if (pipe2(control, O_CLOEXEC) != 0)
		return -1;
	r->fds[0] = s->control_peer = control[0];
	s->control = control[1];
	if (pipe2(status, O_CLOEXEC) != 0)
		return -1;
	r->fds[1] = status[1];
	s->status = status[0];
	if (pipe2(go, O_CLOEXEC) != 0)
		return -1;
	r->fds[2] = s->go_peer = go[0];
	s->go = go[1];
	return 0;
}

/* Does it say what a server says at first? */
static bool
greets(struct run *r, struct server *s)
{
	struct fail f;
	uint32_t w;

	if (s->where != LATE_AT_AFL)
		return word_of(r, s, &w) == 0 && w == LATE_HELLO;
	return stat(r->g->cwd, &s->cwd) == 0 &&
	       fcntl(s->status, F_SETFL, O_NONBLOCK) == 0 &&
	       forkserver_greet(s->pid, s->control, s->status, &f) == 0;
}

/* The server is there, or -1: with errno, or silent. */
static int
start_server(struct run *r)
{
	struct server *s = r->server;

	end_server(s);
	s->where = r->order.late;
	*r->g->late_where = (char)r->order.late;
	r->fds[1] = -1;
	if (pipes(r, s) == 0 && make_stdin(r, s) == 0 &&
	    (s->pid = execute(r)) > 0)
		s->pidfd = pidfd_open(s->pid, 0);
	shut(&r->fds[1]);
	s->from = r->from;
	s->aslr = r->news.aslr;
	if (s->pidfd < 0)
		return -1;
	r->news.silent = r->news.error == 0 && !greets(r, s);
	if (r->news.silent || r->news.error != 0)
		return -1;
	collect(r);
	return 0;
}

/* A copy of the server for this run, held while lago looks at it. */
static int
fork_run(struct run *r)
{
	struct server *s = r->server;
	uint32_t word = r->order.tell_start ? LATE_HOLD : LATE_RUN, pid;
	struct guardian_order o;

	if (write(s->control, &word, sizeof(word)) != sizeof(word))
		return -1;
	r->news.silent = word_of(r, s, &pid) != 0 || (pid_t)pid <= 1;
	r->news.pid = (pid_t)pid;
	if (r->news.silent || (r->pidfd = pidfd_open(r->news.pid, 0)) < 0)
		return -1;
	if (word != LATE_HOLD)
		return 0;
	r->news.what = GUARDIAN_STARTS;
	r->news.silent = tell(&r->news) != 0 || listen_for(&o) != GUARDIAN_GO ||
			 write(s->go, &word, sizeof(word)) != sizeof(word);
	return r->news.silent ? -1 : 0;
}

/* A child of AFL++'s server.  Nothing holds it: lago looks at the server, and
 * follows its fork. */
static int
fork_afl(struct run *r)
{
	static const uint32_t none_killed = 0;
	struct server *s = r->server;
	struct guardian_order o;
	struct stat st;
	uint32_t pid;

	if (stat(r->g->cwd, &st) != 0 || st.st_ino != s->cwd.st_ino ||
	    st.st_dev != s->cwd.st_dev || fill_stdin(r, s) != 0)
		return -1;
	r->news.pid = s->pid;
	r->news.what = GUARDIAN_STARTS;
	r->news.silent = r->order.tell_start &&
			 (tell(&r->news) != 0 || listen_for(&o) != GUARDIAN_GO);
	if (r->news.silent || write(s->control, &none_killed,
				  sizeof(none_killed)) != sizeof(none_killed))
		return -1;
	r->start = clock_mono();
	r->news.silent = word_of(r, s, &pid) != 0 || (pid_t)pid <= 1;
	if (r->news.silent)
		return -1;
	r->news.pid = (pid_t)pid;
	r->pidfd = pidfd_open(r->news.pid, 0);
	return r->pidfd < 0 && errno != ESRCH ? -1 : 0;
}

static int
fork_late(struct run *r)
{
	r->from = r->server->from;
	r->news.printed = 0;
	r->news.aslr = r->server->aslr;
	return (r->order.late == LATE_AT_AFL ? fork_afl : fork_run)(r);
}

/* A server that was killed, by a run or for memory, is replaced. */
static int
start_late(struct run *r)
{
	const struct server *s = r->server;

	if (s->pid > 0 && s->where == r->order.late && fork_late(r) == 0)
		return 0;
	return start_server(r) == 0 ? fork_late(r) : -1;
}

static void
end_it(struct run *r)
{
	r->dying = true;
	kill(-r->news.pid, SIGKILL);
	kill(r->news.pid, SIGKILL);
}

/* A limit was passed.  Lago may look at the process first. */
static void
passed(struct run *r, int limit)
{
	struct pollfd p = {SOCK, POLLIN, 0};
	struct guardian_order o;

	r->news.limit = limit;
	r->news.what = GUARDIAN_LIMIT;
	if (r->order.tell_limit && tell(&r->news) == 0 &&
	    poll(&p, 1, HELD * 1000) > 0 && listen_for(&o) != GUARDIAN_GO)
		r->news.asked = true;
	end_it(r);
}

/* Until the process itself has ended. */
static void
attend(struct run *r)
{
	struct pollfd p[3] = {
	    {r->pidfd, POLLIN, 0}, {SOCK, POLLIN, 0}, {r->from, POLLIN, 0}};
	struct guardian_order o;
	struct limits_watch w;
	double next = -1;
	int limit;

	limits_watch(&w, &r->limits, r->news.pid);
	if (r->start > 0)
		w.start = r->start;
	while (r->pidfd >= 0 && p[0].revents == 0) {
		limit = r->dying ? 0 : limits_passed(&w, &next);
		if (limit != EXEC_NO_LIMIT) {
			r->news.wall = clock_mono() - w.start;
			passed(r, limit);
		}
		if (r->dying)
			next = -1;
		if (poll(p, 3, next < 0 ? -1 : (int)(next * 1000 + 0.999)) < 0)
			continue;
		/* A late answer to LIMIT changes nothing. */
		if (p[1].revents != 0 && !r->dying &&
		    listen_for(&o) != GUARDIAN_GO) {
			r->news.asked = true;
			end_it(r);
		}
		if (r->dying)
			p[1].fd = -1;
		if (p[2].revents != 0 && collect(r) != 0)
			p[2].fd = -1; /* it closed its output */
	}
	limits_end(&w);
	if (r->news.limit == EXEC_NO_LIMIT)
		r->news.wall = clock_mono() - w.start;
}

/* The process is a zombie: end its group while its number is still taken. */
static void
reap(struct run *r)
{
	struct rusage used = {0};

	kill(-r->news.pid, SIGKILL);
	wait4(r->news.pid, &r->news.status, 0, &used);
	r->news.cpu =
	    (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	    (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	r->news.rss = (uint64_t)used.ru_maxrss * 1024;
}

/* The server says it; one that it took along was killed with it. */
static void
reap_afl(struct run *r)
{
	uint32_t status;

	r->news.status =
	    word_of(r, r->server, &status) == 0 ? (int)status : SIGKILL;
}

/* The process, then whatever came to us. */
static void
bury(struct run *r)
{
	pid_t pid;

	(r->order.late == LATE_AT_AFL ? reap_afl : reap)(r);
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		if (pid == r->server->pid)
			r->server->pid = 0;
		else
			r->news.left = true;
	if (pid == 0 && !only_child(r->server)) {
		r->news.left = true;
		procs_end();
		r->server->pid = 0;
	}
	collect(r);
	/* Of the group: its own end may be that of a shell whose child it was. */
	if (r->news.limit == EXEC_NO_LIMIT && !r->news.asked &&
	    cgroup_kills(r->g->group) > r->kills &&
	    (r->order.late == 0 || r->server->pid != 0))
		r->news.limit = EXEC_MEMORY;
	if (r->server->pid == 0)
		forget_server(r->server);
}

static void
run_one(const struct guardian *g, const struct guardian_order *o,
    struct server *server)
{
	struct run r = {.g = g, .order = *o, .in = -1, .out = -1};

	r.from = r.pidfd = -1;
	r.server = server;
	r.kills = cgroup_kills(g->group);
	r.limits = (struct limits){o->wall, o->cpu, g->space,
	    o->late != 0 ? g->late_resident : g->resident};
	if ((o->late != 0 ? start_late : start)(&r) == 0) {
		attend(&r);
		bury(&r);
	} else {
		if (r.news.error == 0 && !r.news.silent)
			r.news.error = errno;
		end_server(server);
		procs_end();
	}
	if (o->late != 0)
		r.from = -1; /* the server's */
	shut(&r.in);
	shut(&r.out);
	shut(&r.from);
	shut(&r.pidfd);
	r.news.what = GUARDIAN_ENDED;
	tell(&r.news);
}

void
guardian_serve(const struct guardian *g, int sock)
{
	struct server server = no_server;
	struct guardian_order o;
	cpu_set_t one;
	int what;

	/* A terminal's signals are for lago, which tells us. */
	setsid();
	sig_default();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, "lago-guardian");
	if (dup2(sock, SOCK) != SOCK)
		_exit(1);
	fcntl(SOCK, F_SETFD, FD_CLOEXEC);
	close_range(SOCK + 1, ~0U, 0);
	cgroup_enter(g->group);
	if (g->core >= 0) {
		CPU_ZERO(&one);
		CPU_SET((size_t)g->core, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	/* Anything but RUN came too late for the run it was meant for. */
	while ((what = listen_for(&o)) >= 0)
		if (what == GUARDIAN_RUN)
			run_one(g, &o, &server);
	procs_end();
	cgroup_leave(g->group);
	file_remove(AT_FDCWD, g->dir, NULL);
	_exit(0);
}
