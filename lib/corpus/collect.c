/*
 * Each worker is a process: server, child and worker share a CPU, so that a
 * pipe wakes its reader without leaving it (2.5 times as fast with persistent
 * targets).  A shared counter hands out inputs; answers come back through a
 * pipe, each trace in full only the first time that worker sees it.  A content
 * that one worker has taken the others leave alone.
 *
 * What a worker had not said yet when it died stays NEW and is run again by the
 * next pass.  A worker adopts what its server leaves behind, and kills it.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/sig.h"
#include "corpus/cache.h"
#include "corpus/collect.h"
#include "corpus/inputs.h"
#include "corpus/trace.h"
#include "corpus/worker.h"
#include "target/forkserver.h"

enum {
	STOP_SECONDS = 3,
	SIGNAL_EVERY = 64,
	ANSWERS = 1 << 16,
	START_MICROS = 20000
};

/* One answer; then n bytes: a packed trace, or a failure's text.  value: the
 * state; tuples of the trace; number of the trace, this worker's or the
 * cache's; status. */
enum { SAY_STATE, SAY_TRACE, SAY_AGAIN, SAY_CACHED, SAY_FAIL };
struct answer {
	uint32_t what, input, value, n, micros;
	bool hashed, cached;
	uint8_t sha[INPUT_SHA];
};

struct shared {
	volatile uint32_t next, stop;
	volatile uint64_t execs;
};

/* Contents that somebody runs already: hashes, shared by the workers. */
struct taken {
	volatile uint64_t *table;
	size_t slots;
};

/* A worker, and what came from it. */
struct source {
	struct worker w;
	struct buf in;
	uint32_t *trace; /* its numbers to ours */
	size_t traces;
};

struct pool {
	struct collect *c;
	struct inputs *in;
	struct traces *t;
	struct shared *shared;
	struct taken taken;
	uint32_t *todo, left; /* inputs of this pass */
	struct source *source;
	size_t workers;
	struct fail fail;
};

/* --- in a worker --- */

struct self {
	struct pool *p;
	struct forkserver *server;
	struct buf data;
	uint32_t *tuple;
	uint8_t *packed;
	uint64_t *seen; /* hashes of traces this worker has sent */
	uint32_t *number;
	size_t slots, sent;
	FILE *to;
};

static void
answer(struct self *w, struct answer *a, const void *more)
{
	fwrite(a, sizeof *a, 1, w->to);
	if (a->n && more)
		fwrite(more, 1, a->n, w->to);
}

static void
seen_grow(struct self *w)
{
	uint64_t *seen = w->seen;
	uint32_t *number = w->number;
	size_t slots = w->slots, at;

	w->slots = slots ? slots * 2 : 1024;
	w->seen = mem_array(w->slots, sizeof *w->seen);
	w->number = mem_array(w->slots, sizeof *w->number);
	for (size_t i = 0; i < slots; i++) {
		if (!seen[i])
			continue;
		for (at = seen[i] & (w->slots - 1); w->seen[at];)
			at = (at + 1) & (w->slots - 1);
		w->seen[at] = seen[i];
		w->number[at] = number[i];
	}
	free(seen);
	free(number);
}

static void
answer_trace(struct self *w, struct answer *a)
{
	size_t size, at;
	const uint8_t *map = forkserver_map(w->server, &size);
	uint64_t hash;
	uint32_t n;

	if (!w->tuple) {
		w->tuple = mem_array(size + 8, sizeof *w->tuple);
		w->packed = mem_array(size + 8, TRACE_PACKED);
	}
	n = trace_tuples(map, size, w->p->c->edges, w->tuple);
	a->n = trace_pack(w->tuple, n, w->packed);
	hash = trace_hash(w->packed, a->n) | 1; /* 0 is an empty place */
	if (w->sent * 2 >= w->slots)
		seen_grow(w);
	for (at = hash & (w->slots - 1); w->seen[at] && w->seen[at] != hash;)
		at = (at + 1) & (w->slots - 1);
	if (w->seen[at]) {
		a->what = SAY_AGAIN;
		a->value = w->number[at];
		a->n = 0;
	} else {
		w->seen[at] = hash;
		w->number[at] = (uint32_t)w->sent++;
		a->what = SAY_TRACE;
		a->value = n;
	}
	answer(w, a, w->packed);
}

/* Is somebody on this content? Else it is ours. */
static bool
take_content(struct taken *t, const uint8_t *sha)
{
	uint64_t h, there;
	size_t at;

	memcpy(&h, sha, sizeof h);
	h |= 1;
	for (at = h & (t->slots - 1);; at = (at + 1) & (t->slots - 1)) {
		there = __sync_val_compare_and_swap(&t->table[at], 0, h);
		if (there == 0)
			return false;
		if (there == h)
			return true;
	}
}

/* What is known without a run; true when that was answered. */
static bool
known(struct self *w, struct answer *a)
{
	const struct collect *c = w->p->c;
	const struct cache_entry *e;

	if (c->again)
		return false;
	a->hashed = true;
	hash_raw(buf_str(&w->data), w->data.len, a->sha);
	if (take_content(&w->p->taken, a->sha)) {
		a->value = INPUT_COPY;
		answer(w, a, NULL);
		return true;
	}
	e = c->cache ? cache_by_sha(c->cache, a->sha) : NULL;
	if (!e)
		return false;
	a->cached = true;
	a->micros = e->micros;
	a->what = e->state == INPUT_TRACED ? SAY_CACHED : SAY_STATE;
	a->value = e->state == INPUT_TRACED ? e->trace : e->state;
	answer(w, a, NULL);
	return true;
}

/* With that limit, or what is left of all the time: then it is not the input
 * that is slow. */
static int
run_limited(
    struct self *w, double limit, struct forkserver_run *r, struct fail *f)
{
	double until = w->p->c->until;
	double left = until > 0 ? until - clock_mono() : limit;
	bool cut = left < limit;
	int rc;

	forkserver_set_timeout(w->server, cut ? fmax(left, 0) : limit);
	rc = forkserver_run(w->server, w->data.p, w->data.len, r, f);
	__sync_fetch_and_add(&w->p->shared->execs, 1);
	if (rc == 0 && cut && r->end == FORKSERVER_TIMEOUT)
		r->end = FORKSERVER_STOPPED;
	return rc;
}

/* A crash counts when its process had run nothing else; a time-out when twice
 * the limit does not help. */
static int
run_once(struct self *w, struct forkserver_run *r, struct fail *f)
{
	double limit = w->p->c->timeout;

	if (run_limited(w, limit, r, f))
		return -1;
	if (r->end == FORKSERVER_TIMEOUT)
		return run_limited(w, limit * 2, r, f);
	if (r->end == FORKSERVER_CRASH && !r->fresh)
		return run_limited(w, limit, r, f);
	return 0;
}

/* 1: no more. */
static int
run_input(struct self *w, uint32_t i, struct fail *f)
{
	struct input *in = &w->p->in->v[i];
	struct answer a = {.what = SAY_STATE, .input = i};
	struct forkserver_run r;
	double start;

	if (inputs_read(in, &w->data, NULL)) {
		a.value = in->state;
		answer(w, &a, NULL);
		return 0;
	}
	if (known(w, &a))
		return 0;
	start = clock_mono();
	if (run_once(w, &r, f))
		return -1;
	a.micros = (uint32_t)((clock_mono() - start) * 1e6) + 1;
	if (r.end == FORKSERVER_STOPPED)
		return 1;
	if (r.end == FORKSERVER_OK) {
		answer_trace(w, &a);
		return 0;
	}
	a.value = r.end == FORKSERVER_TIMEOUT ? INPUT_HUNG : INPUT_CRASHED;
	answer(w, &a, NULL);
	return 0;
}

static int
run_all(struct self *w, struct fail *f)
{
	struct pool *p = w->p;
	uint32_t k;
	int rc;

	for (unsigned n = 1;; n++) {
		if (n % SIGNAL_EVERY == 0)
			sig_poll(NULL, 0, 0);
		if (sig_got || p->shared->stop ||
		    (p->c->until > 0 && clock_mono() >= p->c->until))
			return 0;
		k = __sync_fetch_and_add(&p->shared->next, 1);
		if (k >= p->left)
			return 0;
		rc = run_input(w, p->todo[k], f);
		if (rc)
			return rc < 0 ? -1 : 0;
	}
}

static void
work(struct forkserver *server, struct fail *f, int fd, void *arg)
{
	struct self w = {.p = arg, .server = server, .to = fdopen(fd, "w")};

	setvbuf(w.to, NULL, _IOFBF, ANSWERS);
	if ((!server || run_all(&w, f)) && !sig_got)
		answer(&w,
		    &(struct answer){.what = SAY_FAIL,
			.value = (uint32_t)f->status,
			.n = (uint32_t)strlen(f->text)},
		    f->text);
	fflush(w.to);
}

/* --- in the parent --- */

static void
take_trace(struct pool *p, struct source *w, const struct answer *a,
    const char *packed)
{
	struct input *in = &p->in->v[a->input];
	struct trace *t, one;

	switch (a->what) {
	case SAY_TRACE:
		one = (struct trace){
		    (const uint8_t *)packed, a->n, a->value, a->input};
		in->trace = trace_put(p->t, &one, false, NULL);
		w->trace = mem_grow(w->trace, w->traces + 1, sizeof *w->trace);
		w->trace[w->traces++] = in->trace;
		break;
	case SAY_CACHED:
		one = cache_trace(p->c->cache, a->value);
		one.input = a->input;
		in->trace = trace_put(p->t, &one, true, NULL);
		break;
	default:
		in->trace = w->trace[a->value];
		t = &p->t->v[in->trace];
		if (a->input < t->input)
			t->input = a->input;
	}
	in->state = INPUT_TRACED;
}

static void
take_answer(
    struct pool *p, struct source *w, const struct answer *a, const char *more)
{
	struct input *in;

	if (a->what == SAY_FAIL) {
		if (!p->fail.status)
			fail_set(
			    &p->fail, (int)a->value, "%.*s", (int)a->n, more);
		return;
	}
	in = &p->in->v[a->input];
	if (a->what == SAY_STATE)
		in->state = a->value;
	else
		take_trace(p, w, a, more);
	p->c->cached += a->cached;
	in->micros = a->micros;
	if (a->hashed) {
		memcpy(in->sha, a->sha, sizeof in->sha);
		in->hashed = true;
	}
}

static void
take_answers(struct pool *p, struct source *w)
{
	const char *at = buf_str(&w->in), *end = at + w->in.len;
	struct answer a;
	size_t left;

	for (; (size_t)(end - at) >= sizeof a; at += sizeof a + a.n) {
		memcpy(&a, at, sizeof a);
		if ((size_t)(end - at) - sizeof a < a.n)
			break;
		take_answer(p, w, &a, at + sizeof a);
	}
	left = (size_t)(end - at);
	if (left)
		memmove(w->in.p, at, left);
	w->in.len = left;
}

static void
source_end(struct source *w)
{
	worker_end(&w->w);
	buf_release(&w->in);
	free(w->trace);
	w->trace = NULL;
	w->traces = 0;
}

static void
source_read(struct pool *p, struct source *w)
{
	ssize_t n;

	buf_reserve(&w->in, 1 << 16);
	n = read(w->w.fd, w->in.p + w->in.len, 1 << 16);
	if (n > 0) {
		w->in.len += (size_t)n;
		take_answers(p, w);
	} else if (n == 0 || errno != EINTR) {
		source_end(w);
	}
}

/* Until all workers have ended.  They end by themselves: runs are bounded. */
static void
listen_all(struct pool *p)
{
	struct pollfd *fd = mem_array(p->workers, sizeof *fd);
	double killing = 0;
	size_t open;

	for (;;) {
		open = 0;
		for (size_t i = 0; i < p->workers; i++) {
			fd[i] = (struct pollfd){p->source[i].w.fd, POLLIN, 0};
			open += p->source[i].w.fd >= 0;
		}
		if (!open)
			break;
		sig_poll(fd, p->workers, 1);
		for (size_t i = 0; i < p->workers; i++)
			if (fd[i].revents)
				source_read(p, &p->source[i]);
		if (!p->shared->stop && (sig_got || p->fail.status)) {
			p->shared->stop = 1;
			killing = clock_mono() + STOP_SECONDS;
			for (size_t i = 0; i < p->workers; i++)
				if (p->source[i].w.pid > 0)
					kill(p->source[i].w.pid, SIGTERM);
		}
		if (killing > 0 && clock_mono() > killing)
			for (size_t i = 0; i < p->workers; i++)
				if (p->source[i].w.pid > 0)
					kill(p->source[i].w.pid, SIGKILL);
	}
	free(fd);
}

static int
slowest(const void *a, const void *b, void *arg)
{
	const struct input *v = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (v[x].micros != v[y].micros)
		return v[x].micros < v[y].micros ? 1 : -1;
	return x < y ? -1 : x > y;
}

/* Slow ones, where that is known, first: the workers end together. */
static void
todo(struct pool *p)
{
	p->left = 0;
	for (size_t i = 0; i < p->in->n; i++)
		if (p->in->v[i].state == INPUT_NEW)
			p->todo[p->left++] = (uint32_t)i;
	if (p->left && p->c->again)
		qsort_r(p->todo, p->left, sizeof *p->todo, slowest, p->in->v);
}

/* What has been run counts as taken, so that its copies are not. */
static int
taken_make(struct pool *p)
{
	struct taken *t = &p->taken;
	void *m;

	for (t->slots = 1024; t->slots < p->in->n * 2;)
		t->slots *= 2;
	m = mmap(NULL, t->slots * sizeof *t->table, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return fail_errno(&p->fail, EX_LAGO_TEMP, "cannot map memory");
	t->table = m;
	for (size_t i = 0; i < p->in->n; i++)
		if (p->in->v[i].hashed && p->in->v[i].state != INPUT_NEW)
			take_content(t, p->in->v[i].sha);
	return 0;
}

/* Not more than have something to do: where it is known how long runs take, at
 * least what the start of a target does. */
static size_t
workers_for(const struct pool *p)
{
	size_t n = p->c->workers < p->left ? p->c->workers : p->left;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < p->left; i++) {
		if (!p->in->v[p->todo[i]].micros)
			return n;
		sum += p->in->v[p->todo[i]].micros;
	}
	return n < 1 + sum / START_MICROS ? n : 1 + sum / START_MICROS;
}

static void
pass(struct pool *p)
{
	size_t n = workers_for(p);

	p->shared->next = p->shared->stop = 0;
	if (!p->c->again && taken_make(p))
		return;
	for (p->workers = 0; p->workers < n; p->workers++)
		if (worker_start(
			&p->source[p->workers].w, p->c, p->workers, work, p))
			break;
	if (!p->workers)
		fail_errno(&p->fail, EX_LAGO_TEMP, "cannot fork");
	listen_all(p);
	if (p->taken.table)
		munmap((void *)p->taken.table,
		    p->taken.slots * sizeof *p->taken.table);
	p->taken.table = NULL;
}

int
collect_forkserver(
    struct collect *c, struct inputs *in, struct traces *t, struct fail *f)
{
	struct pool p = {.c = c, .in = in, .t = t};
	uint32_t before;

	p.shared = mmap(NULL, sizeof *p.shared, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p.shared == MAP_FAILED)
		return fail_errno(f, EX_LAGO_TEMP, "cannot map memory");
	p.todo = mem_array(in->n, sizeof *p.todo);
	p.source = mem_array(c->workers, sizeof *p.source);
	todo(&p);
	/* Again for what a worker that died took with it. */
	for (before = p.left + 1; p.left && p.left < before;) {
		before = p.left;
		pass(&p);
		todo(&p);
		if (sig_got || p.fail.status ||
		    (c->until > 0 && clock_mono() >= c->until))
			break;
	}
	c->execs += p.shared->execs;
	munmap(p.shared, sizeof *p.shared);
	free(p.todo);
	free(p.source);
	if (sig_got)
		return fail_set(f, EX_LAGO_TEMP, "ended by a signal");
	if (p.fail.status) {
		*f = p.fail;
		return -1;
	}
	return 0;
}
