#include "reduce/trier.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/sig.h"
#include "reduce/oracle.h"
#include "replay/judge.h"
#include "target/exec.h"
#include "target/forkserver.h"

enum {
	MEASURED = 16, /* tries, until it is known how long one takes */
	FAILED = 150,
	WORKERS_MAX = 16 /* candidates at a time */
};
/* Seconds a try: from then on several at a time are worth it, and when none of
 * the last FAILED was the same. */
#define SLOW 0.0015
#define SLOW_FAILED 0.00015

struct order {
	size_t len;
	double limit;
};

struct worker {
	pid_t pid;
	int fd;
	char *mem; /* shared: the candidate */
};

struct trier {
	struct trier_opts o;
	struct forkserver *server;
	struct forkserver_run first; /* how the original ends there */
	int late;		     /* LATE_AT_..., 0: fresh processes */
	size_t room;
	uint64_t count;
	double spent; /* seconds in tries of its own */
	uint64_t measured;
	size_t failed; /* since the last that was the same */
	struct worker worker[WORKERS_MAX];
	size_t workers; /* that run; 0: none yet */
	bool single;	/* they did not work */
};

/* --- one --- */

static void
start_server(struct trier *t, const void *p, size_t n, size_t number)
{
	const struct exec_target *target = &t->o.oracle->target;
	char *input = mem_printf("%s/%zu", t->o.dir, number), *path;
	struct forkserver_opts o = {target->argv, target->env, NULL,
	    t->o.cpus ? t->o.cpu[number % t->o.cpus] : -1, target->memory,
	    t->o.limit, target->crash_status, target->ncrash_status, 0, false};
	struct forkserver_run again;
	struct fail f;

	mkdir(input, 0700);
	path = mem_printf("%s/%s", input, t->o.file);
	o.input = path;
	t->server = forkserver_start(&o, &f);
	/* Twice in the same way, else it is of no use. */
	if (t->server && p &&
	    (forkserver_run(t->server, p, n, &t->first, &f) ||
		(t->first.end != FORKSERVER_CRASH &&
		    t->first.end != FORKSERVER_TIMEOUT) ||
		forkserver_run(t->server, p, n, &again, &f) ||
		(again.end != t->first.end && t->o.tries == 1))) {
		forkserver_stop(t->server);
		t->server = NULL;
	}
	free(input);
	free(path);
}

/* The best place of a late fork server that shows the same bug. */
static int
late_of(struct oracle *o, const void *p, size_t n)
{
	const char *where;
	struct verdict_key key;
	struct fail f;

	if (!o->judge || o->timeout)
		return 0;
	where = exec_late(judge_exec(o->judge));
	for (; *where && !sig_got; where++)
		if (oracle_ask(o, p, n, *where, &key, &f) == 1)
			return *where;
	return 0;
}

static enum trier_answer
by_server(struct trier *t, const void *p, size_t n)
{
	struct forkserver_run r;
	struct fail f;

	if (forkserver_run(t->server, p, n, &r, &f)) {
		forkserver_stop(t->server); /* fresh processes go on */
		t->server = NULL;
		return TRIER_NO;
	}
	if (r.end == FORKSERVER_STOPPED)
		return TRIER_STOP;
	if (r.end == t->first.end &&
	    (r.end == FORKSERVER_TIMEOUT || r.status == t->first.status))
		return TRIER_LIKE;
	if (r.end != FORKSERVER_CRASH)
		return TRIER_NO;
	return t->o.oracle->by == ORACLE_CRASH ? TRIER_LIKE : TRIER_STRAY;
}

static enum trier_answer
by_oracle(struct trier *t, const void *p, size_t n)
{
	struct oracle *o = t->o.oracle;
	double limit = o->limit;
	struct verdict_key key;
	struct fail f;
	int rc;

	o->limit = t->o.limit;
	rc = oracle_ask(o, p, n, t->late, &key, &f);
	if (rc < 0 && t->late && !sig_got) {
		t->late = 0;
		rc = oracle_ask(o, p, n, 0, &key, &f);
	}
	o->limit = limit;
	if (rc < 0)
		return sig_got ? TRIER_STOP : TRIER_BROKEN;
	return rc > 0 ? TRIER_LIKE : key.crash ? TRIER_STRAY : TRIER_NO;
}

enum trier_answer
trier_try(struct trier *t, const void *p, size_t n)
{
	double from = clock_mono();
	enum trier_answer a = TRIER_NO, last = TRIER_NO;
	unsigned yes = 0;

	for (unsigned i = 0; i < t->o.tries && yes < t->o.votes &&
			     t->o.votes - yes <= t->o.tries - i;
	     i++) {
		t->count++;
		a = t->server ? by_server(t, p, n) : by_oracle(t, p, n);
		if (a == TRIER_STOP || a == TRIER_BROKEN)
			return a;
		yes += a == TRIER_LIKE;
		if (a != TRIER_NO)
			last = a;
	}
	t->spent += clock_mono() - from;
	t->measured++;
	t->failed++;
	if (yes >= t->o.votes) {
		t->failed = 0;
		return TRIER_LIKE;
	}
	return last == TRIER_STRAY ? TRIER_STRAY : TRIER_NO;
}

/* --- several --- */

static bool
take(int fd, void *p, size_t n)
{
	ssize_t got;

	for (size_t done = 0; done < n; done += (size_t)got) {
		got = read(fd, (char *)p + done, n - done);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			return false;
	}
	return true;
}

static bool
give(int fd, const void *p, size_t n)
{
	return send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static void
worker_main(const struct trier *parent, size_t number, pid_t ppid, int fd)
{
	const struct worker *w = &parent->worker[number];
	struct oracle oracle = *parent->o.oracle;
	struct trier t = {.o = parent->o, .late = parent->late};
	struct order order;
	enum trier_answer a;
	struct fail f;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (getppid() != ppid)
		_exit(1);
	if (t.o.cpus) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET((size_t)t.o.cpu[number % t.o.cpus], &set);
		sched_setaffinity(0, sizeof set, &set);
	}
	/* All of it our own. */
	oracle.env = oracle.argv = (struct strs){0};
	oracle.rules = NULL;
	oracle.judge = NULL;
	oracle.exec = NULL;
	t.o.oracle = &oracle;
	t.first = parent->first;
	if (parent->server)
		start_server(&t, NULL, 0, number + 1);
	if (parent->server ? !t.server
			   : oracle_open(&oracle, oracle.leaks, &f) != 0)
		_exit(1);
	while (take(fd, &order, sizeof order)) {
		trier_limit(&t, order.limit);
		a = trier_try(&t, w->mem, order.len);
		if (!give(fd, &a, sizeof a))
			break;
	}
	forkserver_stop(t.server);
	oracle_close(&oracle);
	_exit(0);
}

static int
worker_start(struct trier *t, size_t number)
{
	struct worker *w = &t->worker[number];
	pid_t pid = getpid();
	int fd[2];

	w->mem = mmap(NULL, t->room, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->mem == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return -1;
	w->pid = fork();
	if (w->pid == 0) {
		for (size_t i = 0; i < number; i++)
			close(t->worker[i].fd);
		close(fd[0]);
		worker_main(t, number, pid, fd[1]);
	}
	close(fd[1]);
	w->fd = fd[0];
	if (w->pid > 0)
		return 0;
	close(fd[0]);
	return -1;
}

static void
stop_workers(struct trier *t)
{
	for (size_t i = 0; i < t->workers; i++) {
		close(t->worker[i].fd);
		waitpid(t->worker[i].pid, NULL, 0);
		munmap(t->worker[i].mem, t->room);
	}
	t->workers = 0;
	t->single = true;
}

static bool
order(struct trier *t, size_t i, const struct buf *b)
{
	struct order o = {b->len, t->o.limit};

	memcpy(t->worker[i].mem, buf_str(b), b->len);
	return give(t->worker[i].fd, &o, sizeof o);
}

static void
start_workers(struct trier *t)
{
	size_t n = t->o.workers < WORKERS_MAX ? t->o.workers : WORKERS_MAX;

	while (t->workers < n && !worker_start(t, t->workers))
		t->workers++;
	if (t->workers < n)
		stop_workers(t);
}

size_t
trier_width(const struct trier *t)
{
	if (t->single || t->o.workers < 2 || t->measured < MEASURED ||
	    t->spent / (double)t->measured <
		(t->failed < FAILED ? SLOW : SLOW_FAILED))
		return 1;
	return t->o.workers < WORKERS_MAX ? t->o.workers : WORKERS_MAX;
}

static int
one_by_one(struct trier *t, const struct buf *const *v, size_t n,
    enum trier_answer *other, size_t *which)
{
	for (size_t i = 0; i < n; i++) {
		enum trier_answer a = trier_try(t, buf_str(v[i]), v[i]->len);

		if (a == TRIER_LIKE)
			return (int)i;
		if (a > *other) {
			*other = a;
			*which = i;
		}
		if (a > TRIER_STRAY)
			break;
	}
	return -1;
}

int
trier_several(struct trier *t, const struct buf *const *v, size_t n,
    enum trier_answer *other, size_t *which)
{
	enum trier_answer a;
	int first = -1;

	*other = TRIER_NO;
	if (t->workers == 0 && !t->single)
		start_workers(t);
	if (t->single)
		return one_by_one(t, v, n, other, which);
	for (size_t i = 0; i < n; i++)
		order(t, i, v[i]); /* when that fails so does take() */
	for (size_t i = 0; i < n; i++) {
		t->count++;
		if (!take(t->worker[i].fd, &a, sizeof a))
			a = sig_got ? TRIER_STOP : TRIER_BROKEN;
		t->failed++;
		if (a == TRIER_LIKE && first < 0)
			first = (int)i;
		if (a > TRIER_LIKE && a > *other) {
			*other = a;
			*which = i;
		}
	}
	if (first >= 0)
		t->failed = 0;
	if (*other != TRIER_BROKEN)
		return first;
	stop_workers(t); /* one at a time, then */
	*other = TRIER_NO;
	return one_by_one(t, v, n, other, which);
}

/* --- open and close --- */

struct trier *
trier_open(const struct trier_opts *o, const void *p, size_t n)
{
	struct trier *t = mem_alloc(sizeof *t);

	t->o = *o;
	t->room = n + 1;
	if (o->server && o->oracle->by != ORACLE_SCRIPT)
		start_server(t, p, n, 0);
	if (!t->server)
		t->late = late_of(o->oracle, p, n);
	return t;
}

void
trier_close(struct trier *t)
{
	if (!t)
		return;
	stop_workers(t);
	forkserver_stop(t->server);
	free(t);
}

bool
trier_is_sure(const struct trier *t)
{
	return !t->server && !t->late && t->o.limit >= t->o.oracle->limit;
}

void
trier_limit(struct trier *t, double limit)
{
	t->o.limit = limit;
	if (t->server)
		forkserver_set_timeout(t->server, limit);
}

uint64_t
trier_count(const struct trier *t)
{
	return t->count;
}

const char *
trier_way(const struct trier *t)
{
	return t->server ? "AFL++'s fork server"
	       : t->late ? "a late fork server"
			 : "a fresh process for each try";
}
