#include "target/keeper.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
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
#include "base/mem.h"
#include "base/paths.h"
#include "base/sig.h"
#include "base/strs.h"
#include "target/cpus.h"
#include "target/sandbox.h"
#include "target/wire.h"

#define START_TIME 30 /* seconds for the keeper to say that it is there */

struct keeper {
	int channel; /* -1: the keeper is gone */
	pid_t pid;   /* the keeper, or bwrap around it */
	char *work;
	char *reason;
	bool sandboxed, overlaid;
	int next;	     /* id */
	struct wire *events; /* read, but not fetched yet */
	size_t nevents;
	int *living; /* ids */
	size_t nliving;
};

/* ---- starting it ---- */

/* Between fork and exec: the channel, the locks and the pipe for messages are
 * all that goes on.  In a session of its own: ^C is for us. */
static void
become(const struct strs *argv, const struct keeper_config *c,
    const char *overlay, int channel, int messages)
{
	struct fail f = {0};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t i;

	setsid();
	sig_default();
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	dup2(null, 0);
	dup2(null, 1);
	dup2(messages, 2);
	fcntl(channel, F_SETFD, 0);
	for (i = 0; i < c->nlocks; i++)
		fcntl(c->locks[i], F_SETFD, 0);
	if (overlay != NULL && sandbox_overlay(overlay, &f) < 0) {
		dprintf(2, "%s\n", f.text);
		_exit(127);
	}
	execvp(argv->v[0], argv->v);
	dprintf(2, "cannot run '%s': %s\n", argv->v[0], strerror(errno));
	_exit(127);
}

/* The first packet says that it runs; the end of file that it never will. */
static bool
answers(int channel)
{
	struct pollfd p = {channel, POLLIN, 0};
	double end = clock_mono() + START_TIME, left;
	struct wire w;

	while ((left = end - clock_mono()) > 0)
		if (poll(&p, 1, (int)(left * 1000) + 1) > 0)
			return recv(channel, &w, sizeof(w), 0) == sizeof(w);
	return false;
}

/* What it said instead, one line. */
static void
complaint(int messages, struct fail *f)
{
	char text[512];
	ssize_t n;

	fcntl(messages, F_SETFL, O_NONBLOCK);
	n = read(messages, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	fail_set(f, EX_LAGO_UNAVAILABLE, "%s",
	    *text != '\0' ? text : "the keeper did not start");
}

static int
launch(struct keeper *k, const struct keeper_config *c, const char *overlay,
    const struct strs *argv, int pair[2], struct fail *f)
{
	int messages[2];
	bool good;

	if (pipe2(messages, O_CLOEXEC) < 0)
		return fail_errno(f, EX_LAGO_TEMP, "cannot make a pipe");
	k->pid = fork();
	if (k->pid == 0)
		become(argv, c, overlay, pair[1], messages[1]);
	close(messages[1]);
	close(pair[1]);
	pair[1] = -1;
	if (k->pid < 0) {
		fail_errno(f, EX_LAGO_TEMP, "cannot fork");
		close(messages[0]);
		return -1;
	}
	good = answers(pair[0]);
	if (!good) {
		kill(k->pid, SIGKILL);
		waitpid(k->pid, NULL, 0);
		k->pid = 0;
		complaint(messages[0], f);
	}
	close(messages[0]);
	return good ? 0 : -1;
}

static int
start(struct keeper *k, const struct keeper_config *c, bool boxed,
    const char *overlay, struct fail *f)
{
	struct sandbox box = {c->work, c->network, overlay};
	struct strs argv = {0};
	size_t i;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail_errno(f, EX_LAGO_TEMP, "cannot make a socket pair");
	if (boxed)
		sandbox_argv(&argv, &box);
	strs_addf(&argv, "%s/exec/keeper", paths_libexec());
	strs_add(&argv, c->work);
	strs_addf(&argv, "%d", pair[1]);
	for (i = 0; i < c->nlocks; i++)
		strs_addf(&argv, "%d", c->locks[i]);
	r = launch(k, c, overlay, &argv, pair, f);
	strs_release(&argv);
	if (pair[1] >= 0)
		close(pair[1]);
	if (r < 0) {
		close(pair[0]);
		return -1;
	}
	k->channel = pair[0];
	k->sandboxed = boxed;
	k->overlaid = overlay != NULL;
	return 0;
}

struct keeper *
keeper_start(const struct keeper_config *c, struct fail *f)
{
	struct keeper *k = mem_alloc(sizeof(*k));
	struct fail why = {0};
	const char *overlay = geteuid() == 0 ? c->overlay : NULL;
	int r = -1;

	k->channel = -1;
	k->work = mem_strdup(c->work);
	if (c->sandbox != KEEPER_SANDBOX_NO && overlay != NULL &&
	    (r = start(k, c, true, overlay, &why)) < 0)
		k->reason = mem_strdup(why.text);
	if (r < 0)
		r = start(k, c, c->sandbox != KEEPER_SANDBOX_NO, NULL, &why);
	if (r < 0 && c->sandbox == KEEPER_SANDBOX_AUTO) {
		free(k->reason);
		k->reason = mem_strdup(why.text);
		r = start(k, c, false, NULL, &why);
	}
	if (r == 0)
		return k;
	fail_set(f, why.status, "%s%s",
	    c->sandbox == KEEPER_SANDBOX_YES ? "no sandbox here: " : "",
	    why.text);
	keeper_stop(k, 0);
	return NULL;
}

bool
keeper_sandboxed(const struct keeper *k)
{
	return k->sandboxed;
}

bool
keeper_overlaid(const struct keeper *k)
{
	return k->overlaid;
}

const char *
keeper_reason(const struct keeper *k)
{
	return k->reason != NULL ? k->reason : "";
}

/* ---- talking to it ---- */

static void
gone(struct keeper *k)
{
	if (k->channel >= 0)
		close(k->channel);
	k->channel = -1;
}

static bool
say(struct keeper *k, const struct wire *w, const int *fds, size_t nfds)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(WIRE_FDS * sizeof(int))];
	} control = {0};
	struct iovec iov = {(void *)w, sizeof(*w)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (k->channel < 0)
		return false;
	if (nfds > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, nfds * sizeof(int));
	}
	while (sendmsg(k->channel, &m, MSG_NOSIGNAL) < 0)
		if (errno != EINTR) {
			gone(k);
			return false;
		}
	return true;
}

/* One packet: 1, 0 none now (flags MSG_DONTWAIT), -1 the keeper is gone. */
static int
hear(struct keeper *k, struct wire *w, int flags)
{
	ssize_t n;

	if (k->channel < 0)
		return -1;
	do
		n = recv(k->channel, w, sizeof(*w), flags);
	while (n < 0 && errno == EINTR);
	if (n == sizeof(*w))
		return 1;
	if (n < 0 && errno == EAGAIN)
		return 0;
	gone(k);
	return -1;
}

/* Ask and wait; ends that come meanwhile are kept for keeper_next. */
static bool
ask(struct keeper *k, struct wire *w, const int *fds, size_t nfds)
{
	struct wire answer;

	if (!say(k, w, fds, nfds))
		return false;
	for (;;) {
		if (hear(k, &answer, 0) < 0)
			return false;
		if (answer.what == w->what && answer.id == w->id) {
			*w = answer;
			return true;
		}
		k->events =
		    mem_grow(k->events, k->nevents + 1, sizeof(*k->events));
		k->events[k->nevents++] = answer;
	}
}

static size_t
add_all(struct buf *b, char *const *v)
{
	size_t n = 0;

	for (; v != NULL && v[n] != NULL; n++)
		buf_add(b, v[n], strlen(v[n]) + 1);
	return n;
}

/* The order as a memfd, see wire.h. */
static int
write_order(const struct keeper_cmd *cmd)
{
	struct wire_spawn s = {
	    .ncpus = cmd->cpus != NULL ? (uint32_t)cmd->cpus->n : 0,
	    .nice = cmd->nice,
	    .oom_score_adj = cmd->oom_score_adj,
	    .memory = cmd->memory,
	    .fsize = cmd->fsize};
	struct buf b = BUF_INIT;
	int fd = memfd_create("order", MFD_CLOEXEC);

	buf_add(&b, &s, sizeof(s));
	if (cmd->cpus != NULL)
		buf_add(&b, cmd->cpus->v, s.ncpus * sizeof(int));
	s.nargs = (uint32_t)add_all(&b, cmd->argv);
	s.nenv = (uint32_t)add_all(&b, cmd->env);
	buf_adds(&b, cmd->cwd != NULL ? cmd->cwd : "");
	buf_addc(&b, '\0');
	memcpy(b.p, &s, sizeof(s));
	if (fd >= 0 && file_write_fd(fd, b.p, b.len) < 0) {
		close(fd);
		fd = -1;
	}
	buf_release(&b);
	return fd;
}

int
keeper_spawn(struct keeper *k, const struct keeper_cmd *cmd, struct fail *f)
{
	struct wire w = {.what = WIRE_SPAWN, .id = k->next + 1};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int order = write_order(cmd), status = EX_LAGO_TEMP;
	int fds[WIRE_FDS] = {order, cmd->in >= 0 ? cmd->in : null,
	    cmd->out >= 0 ? cmd->out : null, cmd->err >= 0 ? cmd->err : null};

	w.value = errno;
	if (null >= 0 && order >= 0) {
		w.value = EPIPE;
		if (ask(k, &w, fds, WIRE_FDS) && w.value != EAGAIN &&
		    w.value != ENOMEM)
			status = EX_LAGO_UNAVAILABLE;
	}
	if (null >= 0)
		close(null);
	if (order >= 0)
		close(order);
	if (w.value != 0) {
		errno = w.value;
		return fail_errno(f, status, "cannot run '%s'", cmd->argv[0]);
	}
	k->living = mem_grow(k->living, k->nliving + 1, sizeof(*k->living));
	k->living[k->nliving++] = ++k->next;
	return k->next;
}

void
keeper_signal(struct keeper *k, int id, int sig)
{
	struct wire w = {.what = WIRE_SIGNAL, .id = id, .value = sig};

	say(k, &w, NULL, 0);
}

bool
keeper_usage(struct keeper *k, int id, struct keeper_usage *u)
{
	struct wire w = {.what = WIRE_USAGE, .id = id};

	*u = (struct keeper_usage){0};
	if (!ask(k, &w, NULL, 0) || w.value == 0)
		return false;
	u->rss = w.bytes;
	u->nproc = (unsigned)w.value;
	u->cpu = w.user;
	return true;
}

bool
keeper_shrink(struct keeper *k, int id)
{
	struct wire w = {.what = WIRE_SHRINK, .id = id};

	return ask(k, &w, NULL, 0) && w.value != 0;
}

/* ---- what it tells ---- */

int
keeper_fd(const struct keeper *k)
{
	return k->channel;
}

static void
forget(struct keeper *k, int id)
{
	size_t i;

	for (i = 0; i < k->nliving; i++)
		if (k->living[i] == id)
			k->living[i--] = k->living[--k->nliving];
}

int
keeper_next(struct keeper *k, struct keeper_event *ev)
{
	struct wire w;
	int r = 1;

	if (k->nevents > 0) {
		w = k->events[0];
		memmove(k->events, k->events + 1,
		    --k->nevents * sizeof(*k->events));
	} else {
		r = hear(k, &w, MSG_DONTWAIT);
	}
	if (r <= 0)
		return r;
	*ev = (struct keeper_event){
	    .id = w.id,
	    .status = w.value,
	    .user = w.user,
	    .sys = w.sys,
	    .maxrss = w.bytes,
	};
	forget(k, w.id);
	return 1;
}

/* ---- the end ---- */

static void
wait_for_all(struct keeper *k, double grace)
{
	double end = clock_mono() + grace, left;
	struct keeper_event ev;
	struct pollfd p;

	for (;;) {
		while (keeper_next(k, &ev) > 0)
			;
		left = end - clock_mono();
		if (k->nliving == 0 || k->channel < 0 || left <= 0)
			return;
		p = (struct pollfd){k->channel, POLLIN, 0};
		poll(&p, 1, (int)(left * 1000) + 1);
	}
}

void
keeper_stop(struct keeper *k, double grace)
{
	struct wire w;
	size_t i;

	if (k == NULL)
		return;
	if (grace > 0) {
		for (i = 0; i < k->nliving; i++)
			keeper_signal(k, k->living[i], SIGTERM);
		wait_for_all(k, grace);
	}
	/* The keeper's end of the channel closes when it has gone: bwrap, whom
	 * we can wait for, may have been killed before it. */
	if (k->channel >= 0)
		shutdown(k->channel, SHUT_WR);
	while (hear(k, &w, 0) > 0)
		;
	while (k->pid > 0 && waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(k->events);
	free(k->living);
	free(k->reason);
	free(k->work);
	free(k);
}
