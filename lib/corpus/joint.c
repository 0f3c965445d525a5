/*
 * held[t] counts the files at rest that have tuple t.  A file that is handed
 * to a worker is taken out of it, and must keep each tuple that is 0 then; it
 * comes back with what it covers at last.  So whatever several workers do at
 * the same time, each tuple is held by a file at rest or is demanded of one
 * that is being shrunk.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sig.h"
#include "corpus/collect.h"
#include "corpus/joint.h"
#include "reduce/reduce.h"
#include "corpus/tuples.h"
#include "corpus/worker.h"
#include "target/forkserver.h"

enum {
	EXECS = 1500, /* for one file */
	INPUT_MAX = 1 << 20,
	STOP_SECONDS = 3,
	SLOWER = 20
};
#define SLOWER_LEAST 0.05 /* seconds */

/* To a worker: shrink this file, it must keep these tuples (which follow). */
struct order {
	uint32_t file, needs;
};
/* Back: `len` bytes, then the packed trace; or the text of a failure. */
struct reply {
	uint32_t what, len, packed, n; /* enum, or FAILED */
	uint64_t execs;
	int32_t status;
};
enum { FAILED = 99 };

struct hand {
	struct worker w;
	uint32_t file; /* being shrunk; NONE idle */
	struct buf in;
};
#define NONE UINT32_MAX

struct joint {
	struct collect *c;
	struct joint_file *file;
	size_t n, next;
	uint32_t *order; /* largest first */
	struct tuples tuples;
	uint32_t *held; /* of each number in tuples */
	size_t room;
	struct hand *hand;
	struct fail fail;
};

/* --- in a worker --- */

struct self {
	struct collect *c;
	struct forkserver *server;
	const uint32_t *need;
	uint32_t needs;
	uint64_t execs, most;
	struct fail fail;
	bool broken;
};

/* As struct reduce has it. */
static int
test(const void *p, size_t n, void *arg)
{
	struct self *w = arg;
	struct forkserver_run r;
	const uint8_t *map;
	size_t size;

	if (sig_got || w->execs >= w->most ||
	    (w->c->until > 0 && clock_mono() >= w->c->until))
		return -1;
	if (n == 0)
		return 0; /* no fuzzer takes it */
	w->execs++;
	if (forkserver_run(w->server, p, n, &r, &w->fail)) {
		w->broken = true;
		return -1;
	}
	if (r.end != FORKSERVER_OK)
		return r.end == FORKSERVER_STOPPED ? -1 : 0;
	map = forkserver_map(w->server, &size);
	return trace_holds(map, size, w->c->edges, w->need, w->needs);
}

/* What the bytes cover, when they have all that is needed; twice, so that
 * chance does not count. */
static bool
confirm(struct self *w, const struct buf *b, struct buf *packed, uint32_t *n)
{
	uint32_t *tuple = NULL;
	const uint8_t *map;
	size_t size;

	w->most = w->execs + 2;
	for (int i = 0; i < 2; i++)
		if (test(buf_str(b), b->len, w) <= 0)
			return false;
	map = forkserver_map(w->server, &size);
	tuple = mem_array(size + 8, sizeof *tuple);
	*n = trace_tuples(map, size, w->c->edges, tuple);
	buf_reset(packed);
	buf_reserve(packed, (size_t)*n * TRACE_PACKED);
	packed->len = trace_pack(tuple, *n, (uint8_t *)packed->p);
	free(tuple);
	return true;
}

/* A try that takes that much longer than the file did hangs: the limit of a run
 * is meant for any input, and most of the time would go into waiting for it. */
static double
patience(const struct self *w, const struct joint_file *file)
{
	double limit = SLOWER_LEAST + SLOWER * (double)file->micros * 1e-6;

	return file->micros && limit < w->c->timeout ? limit : w->c->timeout;
}

static void
shrink(struct self *w, struct joint_file *file, int to)
{
	struct reduce how = {.test = test, .arg = w};
	struct reply r = {.what = JOINT_SAME};
	struct buf best = BUF_INIT, packed = BUF_INIT;
	uint64_t before = w->execs;

	w->most = w->execs + EXECS;
	if (w->server)
		forkserver_set_timeout(w->server, patience(w, file));
	if (!file_read(AT_FDCWD, file->path, INPUT_MAX, &best, NULL, NULL)) {
		reduce_input(&how, &best);
		if (!w->broken && best.len < file->size &&
		    confirm(w, &best, &packed, &r.n)) {
			r.what = JOINT_SMALLER;
			r.len = (uint32_t)best.len;
			r.packed = (uint32_t)packed.len;
		}
	}
	r.execs = w->execs - before;
	if (w->broken && !sig_got) {
		r.what = FAILED;
		r.status = w->fail.status;
		buf_reset(&best);
		buf_adds(&best, w->fail.text);
		r.len = (uint32_t)best.len;
	}
	file_write_fd(to, &r, sizeof r);
	file_write_fd(to, buf_str(&best), r.len);
	file_write_fd(to, buf_str(&packed), r.packed);
	buf_release(&best);
	buf_release(&packed);
}

static bool
take(int fd, void *p, size_t n)
{
	ssize_t got;

	for (size_t done = 0; done < n; done += (size_t)got) {
		got = read(fd, (char *)p + done, n - done);
		if (got <= 0)
			return false;
	}
	return true;
}

static void
work(struct forkserver *server, struct fail *f, int fd, void *arg)
{
	struct joint *j = arg;
	struct self w = {
	    .c = j->c, .server = server, .fail = *f, .broken = !server};
	struct order order;
	uint32_t *need;

	while (take(fd, &order, sizeof order)) {
		need = mem_array(order.needs, sizeof *need);
		if (!take(fd, need, order.needs * sizeof *need))
			break;
		w.need = need;
		w.needs = order.needs;
		shrink(&w, &j->file[order.file], fd);
		free(need);
		if (w.broken)
			break;
	}
}

/* --- in the parent --- */

static uint32_t *
held(struct joint *j, uint32_t tuple)
{
	uint32_t at = tuples_add(&j->tuples, tuple);

	if (at >= j->room) {
		size_t room = j->room ? j->room * 2 : 4096;

		j->held = mem_grow(j->held, room, sizeof *j->held);
		memset(
		    j->held + j->room, 0, (room - j->room) * sizeof *j->held);
		j->room = room;
	}
	return &j->held[at];
}

static uint32_t *
unpacked(const struct trace *t)
{
	uint32_t *tuple = mem_array((size_t)t->n + 1, sizeof *tuple);

	trace_unpack(t->packed, t->len, tuple, t->n);
	return tuple;
}

static void
hold(struct joint *j, const struct trace *t)
{
	uint32_t *tuple = unpacked(t);

	for (uint32_t i = 0; i < t->n; i++)
		++*held(j, tuple[i]);
	free(tuple);
}

/* Takes the file out; what it must keep goes to need, their number back. */
static uint32_t
release(struct joint *j, const struct trace *t, uint32_t *need)
{
	uint32_t *tuple = unpacked(t), n = 0;

	for (uint32_t i = 0; i < t->n; i++)
		if (--*held(j, tuple[i]) == 0)
			need[n++] = tuple[i];
	free(tuple);
	return n;
}

static bool
over(const struct joint *j)
{
	return sig_got || j->fail.status ||
	       (j->c->until > 0 && clock_mono() >= j->c->until);
}

/* The next file for an idle worker; without one, it may end. */
static void
hand_out(struct joint *j, struct hand *w)
{
	while (j->next < j->n && !over(j)) {
		uint32_t i = j->order[j->next++];
		struct trace *t = &j->file[i].trace;
		uint32_t *need = mem_array((size_t)t->n + 1, sizeof *need);
		struct order order = {i, release(j, t, need)};

		if (order.needs == 0) {
			j->file[i].what = JOINT_NEEDLESS;
			free(need);
			continue;
		}
		w->file = i;
		if (file_write_fd(w->w.fd, &order, sizeof order) == 0)
			file_write_fd(
			    w->w.fd, need, order.needs * sizeof *need);
		free(need);
		return;
	}
	shutdown(w->w.fd, SHUT_WR);
}

/* The file is at rest again, smaller or as it was. */
static void
settle(struct joint *j, struct hand *w, const struct reply *r, const char *data)
{
	struct joint_file *file = &j->file[w->file];
	struct trace now = {(const uint8_t *)data + r->len, r->packed, r->n, 0};

	w->file = NONE;
	if (r->what == JOINT_SMALLER) {
		file->what = JOINT_SMALLER;
		file->data = mem_dup(data, r->len);
		file->len = r->len;
		hold(j, &now);
	} else {
		hold(j, &file->trace);
	}
}

static void
hand_end(struct joint *j, struct hand *w)
{
	if (w->file != NONE)
		hold(j, &j->file[w->file].trace);
	w->file = NONE;
	worker_end(&w->w);
	buf_release(&w->in);
}

static void
hand_read(struct joint *j, struct hand *w)
{
	struct reply r;
	size_t whole;
	ssize_t n;

	buf_reserve(&w->in, 1 << 16);
	n = read(w->w.fd, w->in.p + w->in.len, 1 << 16);
	if (n <= 0 && !(n < 0 && errno == EINTR)) {
		hand_end(j, w);
		return;
	}
	w->in.len += n > 0 ? (size_t)n : 0;
	if (w->in.len < sizeof r)
		return;
	memcpy(&r, w->in.p, sizeof r);
	whole = sizeof r + r.len + r.packed;
	if (w->in.len < whole)
		return;
	j->c->execs += r.execs;
	if (r.what == FAILED && !j->fail.status)
		fail_set(
		    &j->fail, r.status, "%.*s", (int)r.len, w->in.p + sizeof r);
	settle(j, w, &r, w->in.p + sizeof r);
	buf_reset(&w->in);
	hand_out(j, w);
}

static void
listen_all(struct joint *j, size_t workers)
{
	struct pollfd *fd = mem_array(workers, sizeof *fd);
	double killing = 0;
	size_t open;

	for (;;) {
		open = 0;
		for (size_t i = 0; i < workers; i++) {
			fd[i] = (struct pollfd){j->hand[i].w.fd, POLLIN, 0};
			open += j->hand[i].w.fd >= 0;
		}
		if (!open)
			break;
		sig_poll(fd, workers, 1);
		for (size_t i = 0; i < workers; i++)
			if (fd[i].revents)
				hand_read(j, &j->hand[i]);
		if (!sig_got)
			continue;
		if (killing == 0)
			killing = clock_mono() + STOP_SECONDS;
		for (size_t i = 0; i < workers; i++)
			if (j->hand[i].w.pid > 0)
				kill(j->hand[i].w.pid,
				    clock_mono() > killing ? SIGKILL : SIGTERM);
	}
	free(fd);
}

static int
largest(const void *a, const void *b, void *arg)
{
	const struct joint_file *file = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (file[x].size != file[y].size)
		return file[x].size < file[y].size ? 1 : -1;
	return x < y ? -1 : x > y;
}

int
joint_shrink(
    struct collect *c, struct joint_file *file, size_t n, struct fail *f)
{
	struct joint j = {.c = c, .file = file, .n = n};
	size_t workers = c->workers < n ? c->workers : n, i;

	j.order = mem_array(n, sizeof *j.order);
	j.hand = mem_array(workers, sizeof *j.hand);
	for (i = 0; i < n; i++) {
		j.order[i] = (uint32_t)i;
		hold(&j, &file[i].trace);
	}
	if (n)
		qsort_r(j.order, n, sizeof *j.order, largest, file);
	for (i = 0; i < workers; i++) {
		j.hand[i].file = NONE;
		if (worker_start(&j.hand[i].w, c, i, work, &j))
			break;
		hand_out(&j, &j.hand[i]);
	}
	if (i == 0 && n)
		fail_errno(&j.fail, EX_LAGO_TEMP, "cannot fork");
	listen_all(&j, i);
	tuples_release(&j.tuples);
	free(j.held);
	free(j.order);
	free(j.hand);
	if (sig_got)
		return fail_set(f, EX_LAGO_TEMP, "ended by a signal");
	if (j.fail.status) {
		*f = j.fail;
		return -1;
	}
	return 0;
}
