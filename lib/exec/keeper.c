/*
 * keeper - the process below which a run lives; see target/keeper.h
 *
 *	keeper WORKDIR SOCKET [LOCK...]
 *
 * SOCKET and LOCK are numbers of open descriptors.  Started by lago-run only.
 *
 * Three kinds of processes: this one; a guardian for each command, a subreaper,
 * so that every orphan of the command comes to it and to no other; the command.
 * A guardian writes two struct wire to a pipe: whether the command could be
 * started, and how it ended when nothing of it is left.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sig.h"
#include "target/procs.h"
#include "target/wire.h"

struct command {
	int id;
	pid_t guardian;
	int report; /* the pipe's reading end */
};

struct order {
	struct wire_spawn w;
	const int *cpus;
	char **argv, **env;
	const char *cwd;
	int fd[3];
};

static struct command *commands;
static size_t ncommands;
static int channel;
static const char *work;

/* ---- the command, between fork and exec ---- */

static void
set_limit(int what, uint64_t value)
{
	struct rlimit r = {value, value};

	setrlimit(what, &r);
}

static void
set_cpus(const struct order *o)
{
	size_t size = CPU_ALLOC_SIZE(8192);
	cpu_set_t *set = CPU_ALLOC(8192);
	uint32_t i;

	if (set == NULL)
		return;
	CPU_ZERO_S(size, set);
	for (i = 0; i < o->w.ncpus; i++)
		CPU_SET_S((size_t)o->cpus[i], size, set);
	sched_setaffinity(0, size, set);
	CPU_FREE(set);
}

static void
set_oom(int score)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", score);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		file_write_fd(fd, text, (size_t)n);
		close(fd);
	}
}

static void
execute(const struct order *o, int report)
{
	int i;

	prctl(PR_SET_DUMPABLE, 1); /* or our /proc/self is root's */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	sig_default();
	set_limit(RLIMIT_CORE, 0);
	if (o->w.fsize > 0)
		set_limit(RLIMIT_FSIZE, o->w.fsize);
	if (o->w.ncpus > 0)
		set_cpus(o);
	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + o->w.nice);
	if (o->w.oom_score_adj != 0)
		set_oom(o->w.oom_score_adj);
	environ = o->env;
	/* What came over the channel is above 2, for the keeper has 0 to 2
	 * open; all but 0 to 2 closes on exec. */
	for (i = 0; i < 3 && dup2(o->fd[i], i) == i; i++)
		;
	/* Last: we may have more already, built with a sanitizer. */
	if (o->w.memory > 0)
		set_limit(RLIMIT_AS, o->w.memory);
	if (i == 3 && chdir(o->cwd) == 0)
		execvp(o->argv[0], o->argv);
	file_write_fd(report, &errno, sizeof(errno));
	_exit(127);
}

/* ---- the guardian ---- */

static pid_t
start(const struct order *o, int *why)
{
	int report[2];
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0) {
		*why = errno;
		return -1;
	}
	pid = fork();
	if (pid == 0)
		execute(o, report[1]);
	*why = errno;
	close(report[1]);
	if (pid > 0 && read(report[0], why, sizeof(*why)) <= 0)
		*why = 0;
	close(report[0]);
	return pid;
}

/* Until the command itself ends: its wait status.  Signals for it come as
 * SIGRTMIN with the number as value. */
static int
attend(pid_t command)
{
	sigset_t set;
	siginfo_t info;
	int status;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGRTMIN);
	for (;;) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == command)
				return status;
		if (sigwaitinfo(&set, &info) != SIGRTMIN)
			continue;
		if (info.si_value.sival_int == SIGKILL)
			procs_kill_below(getpid());
		kill(-command, info.si_value.sival_int);
	}
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void
guard(const struct order *o, int id, int report, pid_t keeper)
{
	struct wire say = {.what = WIRE_SPAWN, .id = id};
	struct rusage used;
	pid_t command;
	int i, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(0);
	command = start(o, &say.value);
	/* Nothing of the command may stay open here: whoever reads its output
	 * waits for the end of it.  The locks are the keeper's alone. */
	for (i = 0; i < 3; i++)
		dup2(null, i);
	dup2(report, 3);
	close_range(4, ~0U, 0);
	file_write_fd(3, &say, sizeof(say));
	if (say.value != 0)
		_exit(0);
	say.value = attend(command);
	procs_end();
	getrusage(RUSAGE_CHILDREN, &used);
	say.what = WIRE_ENDED;
	say.user = seconds(used.ru_utime);
	say.sys = seconds(used.ru_stime);
	say.bytes = (uint64_t)used.ru_maxrss * 1024;
	file_write_fd(3, &say, sizeof(say));
	_exit(0);
}

/* ---- the keeper ---- */

static void
tell(const struct wire *w)
{
	/* A channel that is closed is seen by its reader. */
	send(channel, w, sizeof(*w), MSG_NOSIGNAL);
}

static struct command *
find(int id)
{
	size_t i;

	for (i = 0; i < ncommands; i++)
		if (commands[i].id == id)
			return &commands[i];
	return NULL;
}

/* The order in a memfd; 0 or an errno.  o points into *b and o->argv. */
static int
read_order(struct order *o, int fd, struct buf *b)
{
	struct stat st;
	uint32_t i, n;
	char *p;

	if (fstat(fd, &st) < 0)
		return errno;
	buf_reserve(b, (size_t)st.st_size);
	if (pread(fd, b->p, (size_t)st.st_size, 0) != st.st_size)
		return EIO;
	memcpy(&o->w, b->p, sizeof(o->w));
	p = b->p + sizeof(o->w);
	o->cpus = (const int *)(void *)p;
	p += o->w.ncpus * sizeof(int);
	n = o->w.nargs + o->w.nenv;
	o->argv = mem_array(n + 2, sizeof(*o->argv));
	o->env = o->argv + o->w.nargs + 1;
	for (i = 0; i < n; i++) {
		o->argv[i < o->w.nargs ? i : i + 1] = p;
		p += strlen(p) + 1;
	}
	o->cwd = *p != '\0' ? p : work;
	return 0;
}

/* Fork the guardian and wait for its first word; 0 or an errno. */
static int
spawn_order(int id, const struct order *o)
{
	pid_t self = getpid(), pid;
	struct wire first;
	int report[2], why;

	if (pipe2(report, O_CLOEXEC) < 0)
		return errno;
	pid = fork();
	if (pid == 0)
		guard(o, id, report[1], self);
	why = errno;
	close(report[1]);
	if (pid > 0)
		why = read(report[0], &first, sizeof(first)) == sizeof(first)
			  ? first.value
			  : ECHILD;
	if (why != 0) {
		close(report[0]);
		return why;
	}
	commands = mem_grow(commands, ncommands + 1, sizeof(*commands));
	commands[ncommands++] = (struct command){id, pid, report[0]};
	return 0;
}

static int
spawn(int id, const int fds[WIRE_FDS])
{
	struct order o = {.fd = {fds[1], fds[2], fds[3]}};
	struct buf b = BUF_INIT;
	int why = read_order(&o, fds[0], &b);

	if (why == 0)
		why = spawn_order(id, &o);
	free(o.argv);
	buf_release(&b);
	return why;
}

static void
usage(struct wire *w)
{
	struct command *c = find(w->id);
	struct procs p = {0};
	size_t i;

	w->value = 0;
	if (c != NULL)
		procs_below(c->guardian, &p);
	for (i = 0; i < p.n; i++) {
		w->value += p.v[i].state != 'Z';
		w->user += p.v[i].cpu;
		w->bytes += p.v[i].rss;
	}
	procs_release(&p);
}

/* The guardian's child is the command. */
static void
shrink(struct wire *w)
{
	struct command *c = find(w->id);
	struct procs p = {0};
	const struct procs_one *most = NULL;
	size_t i;

	if (c != NULL)
		procs_below(c->guardian, &p);
	for (i = 0; i < p.n; i++)
		if (most == NULL || p.v[i].rss > most->rss)
			most = &p.v[i];
	w->value = most != NULL && most->parent != c->guardian &&
		   kill(most->pid, SIGKILL) == 0;
	procs_release(&p);
}

static void
serve(struct wire *w, const int fds[WIRE_FDS])
{
	union sigval v = {.sival_int = w->value};
	struct command *c;

	switch (w->what) {
	case WIRE_SPAWN:
		w->value = spawn(w->id, fds);
		tell(w);
		break;
	case WIRE_SIGNAL:
		if ((c = find(w->id)) != NULL)
			sigqueue(c->guardian, SIGRTMIN, v);
		break;
	case WIRE_SHRINK:
		shrink(w);
		tell(w);
		break;
	case WIRE_USAGE:
		usage(w);
		tell(w);
		break;
	}
}

/* One request; false at the end of the channel. */
static bool
listen_once(void)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(WIRE_FDS * sizeof(int))];
	} control;
	int i, nfds = 0, fds[WIRE_FDS];
	struct wire w;
	struct iovec iov = {&w, sizeof(w)};
	struct msghdr m = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	ssize_t n = recvmsg(channel, &m, MSG_CMSG_CLOEXEC);

	if (n < 0 && errno == EINTR)
		return true;
	if (n != sizeof(w))
		return false;
	if ((c = CMSG_FIRSTHDR(&m)) != NULL && c->cmsg_type == SCM_RIGHTS) {
		nfds = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), (size_t)nfds * sizeof(int));
	}
	if (w.what != WIRE_SPAWN || nfds == WIRE_FDS)
		serve(&w, fds);
	for (i = 0; i < nfds; i++)
		close(fds[i]);
	return true;
}

static void
ended(struct command *c, int status)
{
	struct wire w;

	/* Only somebody of our own user can have killed a guardian. */
	if (read(c->report, &w, sizeof(w)) != sizeof(w))
		w = (struct wire){
		    .what = WIRE_ENDED, .id = c->id, .value = status};
	tell(&w);
	close(c->report);
	*c = commands[--ncommands];
}

static void
reap(void)
{
	pid_t pid;
	size_t i;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < ncommands; i++)
			if (commands[i].guardian == pid) {
				ended(&commands[i], status);
				break;
			}
}

/*
 * SIGCHLD is read from the descriptor returned; SIGRTMIN is the guardians',
 * forked with it blocked; what could end or stop us is ignored.
 */
static int
prepare(int argc, char **argv)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM,
	    SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGTSTP};
	sigset_t set;
	size_t i;
	int fd;

	if (argc < 3 || chdir(argv[1]) < 0)
		return -1;
	work = argv[1];
	channel = atoi(argv[2]);
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_DUMPABLE, 0); /* no target looks into us or our files */
	sig_default();
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return fd;
}

/* Until the other end closes the channel, or dies. */
static void
keep(int children)
{
	struct pollfd fds[2] = {{channel, POLLIN, 0}, {children, POLLIN, 0}};
	struct signalfd_siginfo info;

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents != 0) {
			while (read(children, &info, sizeof(info)) > 0)
				;
			reap();
		}
		if (fds[0].revents != 0 && !listen_once())
			return;
	}
}

int
main(int argc, char **argv)
{
	struct wire ready = {.what = WIRE_READY};
	int children = prepare(argc, argv);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (children < 0) {
		fprintf(stderr, "keeper: started by lago-run only\n");
		return 69;
	}
	dup2(null, 2); /* nobody listens from here on */
	tell(&ready);
	keep(children);
	procs_end();
	return 0;
}
