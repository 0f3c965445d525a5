#include "run/livetriage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/out.h"
#include "base/strs.h"
#include "run/collect.h"
#include "run/inside.h"
#include "run/instances.h"
#include "run/life.h"
#include "run/replays.h"
#include "run/seen.h"
#include "run/task.h"

#define SAN "target.san"
#define BATCH 16	      /* inputs at once */
#define KEEP_MOST 200	      /* inputs of a bucket */
#define TRIES 3		      /* of those that are looked at closely */
#define CLOSE 3		      /* so many of each exact bucket */
#define RECORDS_MAX (1 << 30) /* bytes */
#define REPORT_MAX (256 << 10)
#define INPUT_MAX (16 << 20)
#define CLOSE_BUG 8	/* and of each bucket; of hangs one */
#define LATE_LEAST 10.0 /* seconds for hangs at the end, else deadline / 10 */
#define PATIENCE 60.0	/* seconds without a record, and the tries' limits */
#define TIMEOUT 25.0	/* seconds of one try, when nobody said */
#define ATTEMPTS 2	/* of lago-triage, to give a record of an input */

struct bug {
	uint64_t count;
	unsigned close;	    /* inputs looked at closely */
	struct found *best; /* smallest that reproduces */
};

struct exact {
	unsigned close; /* inputs looked at closely */
};

/* Of one input, as its last record says. */
struct verdict {
	struct bug *bug; /* NULL: no crash */
	bool close, reproduced;
	enum life_build judge;
};

struct list {
	struct found **v;
	size_t n;
};

struct livetriage {
	int records, reports;
	struct seen verdicts; /* by SHA-256 */
	struct seen bugs;     /* by bucket */
	struct seen exacts;   /* by bucket and exact bucket */
	struct list pending, late, close;
	struct list batch; /* being run */
	struct task *task;
	size_t read;	       /* of what it printed */
	double patience;       /* seconds */
	bool hangs;	       /* the batch is of late ones */
	enum life_build build; /* of the batch */
	double late_end;       /* monotonic: no more of them; 0: not yet */
	uint64_t given_up;
};

static void
push(struct list *l, struct found *f)
{
	l->v = mem_grow(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = f;
}

/* ---- records ---- */

static struct bug *
bug_of(struct livetriage *t, const char *bucket)
{
	void **value = seen_put(&t->bugs, bucket);

	if (*value == NULL)
		*value = mem_alloc(sizeof(struct bug));
	return *value;
}

static struct exact *
exact_of(struct livetriage *t, const char *bucket, const char *exact)
{
	char *key = mem_printf("%s %s", bucket, exact);
	void **value = seen_put(&t->exacts, key);

	if (*value == NULL)
		*value = mem_alloc(sizeof(struct exact));
	free(key);
	return *value;
}

static struct verdict *
verdict_of(struct livetriage *t, const char *sha)
{
	void **value = seen_put(&t->verdicts, sha);

	if (*value == NULL)
		*value = mem_alloc(sizeof(struct verdict));
	return *value;
}

/* What a record says, as far as it matters here. */
struct record {
	struct buf sha, bucket, exact;
	bool crash, san;
	int64_t replays, reproduced;
};

static bool
record_read(struct record *r, const char *p, size_t n)
{
	struct buf judge = BUF_INIT;
	const char *crash = json_type(p, n, "$.crash");

	memset(r, 0, sizeof(*r));
	r->crash = crash != NULL && strcmp(crash, "true") == 0;
	json_text(p, n, "$.bucket", &r->bucket);
	json_text(p, n, "$.bucket_exact", &r->exact);
	json_text(p, n, "$.judge", &judge);
	r->san = strcmp(buf_str(&judge), SAN) == 0;
	buf_release(&judge);
	json_int(p, n, "$.replays", &r->replays);
	json_int(p, n, "$.reproduced", &r->reproduced);
	return json_text(p, n, "$.input_sha256", &r->sha) &&
	       hash_is_hex(r->sha.p);
}

static void
record_release(struct record *r)
{
	buf_release(&r->sha);
	buf_release(&r->bucket);
	buf_release(&r->exact);
}

/* Book it; the exact bucket, or NULL when it is no crash. */
static struct exact *
record_note(struct livetriage *t, const struct record *r)
{
	struct verdict *v = verdict_of(t, r->sha.p);
	struct exact *e;

	if (v->bug != NULL)
		v->bug->count--;
	v->bug = NULL;
	v->judge = r->san ? LIFE_SAN : LIFE_TARGET;
	if (!r->crash || r->bucket.len == 0)
		return NULL;
	v->reproduced = r->reproduced > 0;
	v->bug = bug_of(t, r->bucket.p);
	v->bug->count++;
	e = exact_of(t, r->bucket.p, buf_str(&r->exact));
	if (r->replays > 1 && !v->close) {
		v->close = true;
		v->bug->close++;
		e->close++;
	}
	return e;
}

/* The line with our keys appended; the path of the input made the one that it
 * has in the run directory. */
static void
compose(const struct found *f, const char *finder, const char *path,
    const char *p, size_t n, struct buf *b)
{
	struct buf name = BUF_INIT;
	const char *at;

	while (n > 0 && p[n - 1] != '}')
		n--;
	out_json_string(&name, path, strlen(path));
	at = memmem(p, n, name.p, name.len);
	if (at != NULL) {
		buf_add(b, p, (size_t)(at - p));
		buf_addf(b, "\"crashes/%s\"", f->sha);
		n -= (size_t)(at - p) + name.len;
		p = at + name.len;
	}
	buf_add(b, p, n - 1);
	buf_addf(b, ",\"found\":%.3f", f->seconds);
	if (f->instance >= 0)
		buf_addf(b, ",\"instance\":%d", f->instance);
	buf_addf(
	    b, ",\"origin\":\"%s\",\"finder\":", f->seed ? "seed" : "fuzz");
	out_json_string(b, finder, strlen(finder));
	buf_addf(b, ",\"judge\":\"%s\",\"artefact\":",
	    f->judge == LIFE_SAN ? SAN : "target");
	out_json_string(b, f->artefact, strlen(f->artefact));
	buf_adds(b, "}\n");
	buf_release(&name);
}

static void
keep_report(struct life *l, const struct found *f)
{
	char *path = mem_printf("triage/reports/%s", f->sha);
	struct buf b = BUF_INIT;
	struct fail why = {0};

	if (inside_read_ends(l->workfd, path, REPORT_MAX, &b) == 0 &&
	    file_write(l->triage->reports, f->sha, buf_str(&b), b.len, 0644,
		&why) != 0)
		life_say(l, "%s", why.text);
	buf_release(&b);
	free(path);
}

static struct verdict *
verdict_find(const struct life *l, const char *sha)
{
	void **value = seen_find(&l->triage->verdicts, sha);

	return value != NULL ? *value : NULL;
}

/* Is it the smallest of its bug that reproduces? */
static bool
best_note(const struct verdict *v, struct found *f)
{
	if (v->bug == NULL || !v->reproduced ||
	    (v->bug->best != NULL && f->size >= v->bug->best->size))
		return false;
	v->bug->best = f;
	return true;
}

/* A bucket that has enough keeps its first, its smallest, the first ones of
 * each exact bucket. */
static void
judge(struct life *l, struct found *f, const struct record *r, struct exact *e)
{
	struct verdict *v = verdict_of(l->triage, f->sha);
	bool best = best_note(v, f);

	if (r->replays <= 1 && !v->close && e->close < CLOSE &&
	    v->bug->close < (f->late ? 1 : CLOSE_BUG)) {
		e->close++;
		v->bug->close++;
		v->close = true;
		push(&l->triage->close, f);
	} else if (v->bug->count > KEEP_MOST && !best && !v->close) {
		collect_drop(l, f);
	}
}

/* One that the sanitizer build does not show is judged on the fuzzed one. */
static bool
is_passed_on(struct life *l, struct found *f, const struct record *r)
{
	if (f->judge != LIFE_SAN || (r->crash && r->reproduced > 0) ||
	    verdict_find(l, f->sha) != NULL)
		return false;
	f->judge = LIFE_TARGET;
	push(f->late ? &l->triage->late : &l->triage->pending, f);
	return true;
}

static void
keep_record(struct life *l, struct found *f, const struct record *r,
    const char *p, size_t n)
{
	char *path = replays_path(l, f->sha);
	char *finder = instances_finder(l, f->instance);
	struct buf line = BUF_INIT;
	struct exact *e;

	keep_report(l, f);
	compose(f, finder, path, p, n, &line);
	if (file_write_fd(l->triage->records, line.p, line.len) != 0 ||
	    fdatasync(l->triage->records) != 0)
		life_say(l, "cannot write 'crashes.jsonl'");
	e = record_note(l->triage, r);
	if (e != NULL)
		judge(l, f, r, e);
	buf_release(&line);
	free(finder);
	free(path);
}

static void
take_record(struct life *l, const char *p, size_t n)
{
	struct found *f;
	struct record r;

	if (!json_valid(p, n) || !record_read(&r, p, n))
		return;
	f = collect_find(l, r.sha.p);
	if (f != NULL) {
		r.san = f->judge == LIFE_SAN;
		if (!is_passed_on(l, f, &r))
			keep_record(l, f, &r, p, n);
	}
	record_release(&r);
}

/* Whole lines of what the batch printed so far. */
static void
take_records(struct life *l)
{
	struct livetriage *t = l->triage;
	struct buf b = BUF_INIT;
	const char *p, *end;

	task_read(t->task, t->read, RECORDS_MAX, &b);
	for (p = b.p; p != NULL && p < b.p + b.len; p = end + 1) {
		end = memchr(p, '\n', (size_t)(b.p + b.len - p));
		if (end == NULL)
			break;
		take_record(l, p, (size_t)(end - p));
		t->read += (size_t)(end - p) + 1;
		t->task->end_by = clock_mono() + t->patience;
	}
	buf_release(&b);
}

/* ---- those of an earlier process ---- */

static void
reload(struct life *l)
{
	struct buf b = BUF_INIT;
	const char *p, *end;
	struct record r;

	if (file_read(l->dir, "crashes.jsonl", RECORDS_MAX, &b, NULL, NULL) !=
	    0)
		return;
	for (p = b.p; p < b.p + b.len; p = end + 1) {
		end = memchr(p, '\n', (size_t)(b.p + b.len - p));
		if (end == NULL)
			break;
		if (record_read(&r, p, (size_t)(end - p)))
			record_note(l->triage, &r);
		record_release(&r);
	}
	/* A tail without newline is no record. */
	if (p < b.p + b.len && ftruncate(l->triage->records, p - b.p) != 0)
		life_say(l, "cannot mend 'crashes.jsonl'");
	buf_release(&b);
}

int
livetriage_start(struct life *l)
{
	struct livetriage *t = l->triage = mem_alloc(sizeof(*t));

	t->records = openat(l->dir, "crashes.jsonl",
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (mkdirat(l->dir, "reports", 0755) != 0 && errno != EEXIST)
		return life_fail(l, "disk", EX_LAGO_CANTCREAT,
		    "cannot make '%s/reports'", l->path);
	t->reports = openat(
	    l->dir, "reports", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (t->records < 0 || t->reports < 0)
		return life_fail(l, "disk", EX_LAGO_CANTCREAT,
		    "cannot make '%s/crashes.jsonl'", l->path);
	reload(l);
	return 0;
}

void
livetriage_free(struct life *l)
{
	struct livetriage *t = l->triage;
	struct seen *all[3];
	size_t i, k;

	if (t == NULL)
		return;
	all[0] = &t->verdicts;
	all[1] = &t->bugs;
	all[2] = &t->exacts;
	for (k = 0; k < 3; k++) {
		for (i = 0; i < all[k]->size; i++)
			free(all[k]->slot[i].value);
		seen_release(all[k]);
	}
	task_free(l, t->task);
	free(t->pending.v);
	free(t->late.v);
	free(t->close.v);
	free(t->batch.v);
	close(t->records);
	close(t->reports);
	free(t);
	l->triage = NULL;
}

/* ---- batches ---- */

void
livetriage_add(struct life *l, struct found *f)
{
	struct verdict *v = verdict_find(l, f->sha);

	if (v != NULL)
		f->judge = v->judge;
	else if (l->replay[LIFE_SAN].argv.n > 0)
		f->judge = LIFE_SAN;
	if (v != NULL)
		best_note(v, f);
	else
		push(f->late ? &l->triage->late : &l->triage->pending, f);
}

void
livetriage_trace(struct life *l, const struct found *f, const struct buf *text)
{
	replays_write(l, "traces", f->sha, text);
}

/* Up to BATCH of the list for one build, taken from its front; those dropped
 * meanwhile go. */
static void
choose(struct life *l, struct list *from)
{
	struct livetriage *t = l->triage;
	size_t i = 0;

	while (i < from->n && t->batch.n < BATCH &&
	       (t->batch.n == 0 || from->v[i]->judge == t->batch.v[0]->judge)) {
		if (replays_stage(l, from->v[i]->sha) == 0)
			push(&t->batch, from->v[i]);
		i++;
	}
	if (i > 0)
		memmove(from->v, from->v + i, (from->n - i) * sizeof(*from->v));
	from->n -= i;
}

/* Those without a record get another chance, at the end of the queue. */
static void
end_batch(struct life *l)
{
	struct livetriage *t = l->triage;
	struct found *f;
	size_t i;

	for (i = 0; i < t->batch.n; i++) {
		f = t->batch.v[i];
		replays_unstage(l, f->sha);
		if (verdict_find(l, f->sha) != NULL || f->judge != t->build)
			continue; /* judged, or passed on */
		if (++f->attempts < ATTEMPTS)
			push(&t->late, f);
		else
			t->given_up++;
	}
	t->batch.n = 0;
}

static void
start_batch(struct life *l)
{
	struct livetriage *t = l->triage;
	struct strs options = {0}, inputs = {0};
	struct fail f = {0};
	bool close = t->pending.n == 0 && t->close.n > 0;
	char *path;
	size_t i;

	t->hangs = !close && t->pending.n == 0;
	if (t->hangs && t->late_end > 0 && clock_mono() >= t->late_end)
		return;
	choose(l, close		     ? &t->close
		  : t->pending.n > 0 ? &t->pending
				     : &t->late);
	if (t->batch.n == 0)
		return;
	for (i = 0; i < t->batch.n; i++) {
		path = replays_path(l, t->batch.v[i]->sha);
		strs_add(&inputs, path);
		free(path);
	}
	strs_add(&options, "lago-triage");
	strs_addf(&options, "-r%d", close ? TRIES : 1);
	t->read = 0;
	t->build = t->batch.v[0]->judge;
	t->patience = PATIENCE + 4 * (close ? TRIES : 1) *
				     life_seconds(l, "timeout", TIMEOUT);
	t->task =
	    replays_start(l, t->build, &options, &inputs, 5, t->patience, &f);
	if (t->task == NULL) {
		life_say(l, "%s", f.text);
		end_batch(l);
	}
	strs_release(&options);
	strs_release(&inputs);
}

void
livetriage_tick(struct life *l)
{
	struct livetriage *t = l->triage;
	bool ended;

	if (t->task != NULL) {
		ended = t->task->ended;
		take_records(l);
		if (!ended)
			return;
		task_free(l, t->task);
		t->task = NULL;
		end_batch(l);
	}
	if (l->hurry != LIFE_KILL && !l->gone)
		start_batch(l);
}

void
livetriage_drain(struct life *l, double end)
{
	struct livetriage *t = l->triage;
	double late = l->deadline / 10;

	if (t->late_end == 0)
		t->late_end =
		    clock_mono() + (late > LATE_LEAST ? late : LATE_LEAST);
	for (;;) {
		livetriage_tick(l);
		if (t->task == NULL || clock_mono() >= end || l->gone ||
		    l->hurry == LIFE_KILL)
			break;
		if (t->hangs && clock_mono() >= t->late_end)
			task_signal(l, t->task, SIGKILL);
		task_sleep(l, 0.2);
	}
	if (t->task != NULL) {
		take_records(l);
		task_free(l, t->task);
		t->task = NULL;
		end_batch(l);
	}
}

uint64_t
livetriage_bugs(const struct life *l)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; l->triage != NULL && i < l->triage->bugs.size; i++)
		if (l->triage->bugs.slot[i].key != NULL)
			n += ((struct bug *)l->triage->bugs.slot[i].value)
				 ->count > 0;
	return n;
}

uint64_t
livetriage_untriaged(const struct life *l)
{
	return l->triage != NULL ? l->triage->pending.n + l->triage->late.n +
				       l->triage->batch.n + l->triage->given_up
				 : 0;
}

size_t
livetriage_best(const struct life *l, struct found ***best)
{
	struct list found = {0};
	const struct bug *bug;
	size_t i;

	for (i = 0; i < l->triage->bugs.size; i++) {
		bug = l->triage->bugs.slot[i].value;
		if (bug != NULL && bug->count > 0 && bug->best != NULL)
			push(&found, bug->best);
	}
	*best = found.v;
	return found.n;
}
