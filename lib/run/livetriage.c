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
#include "run/triager.h"

#define SAN "target.san"
#define KEEP_MOST 200	      /* inputs of a bucket */
#define TRIES 3		      /* of those that are looked at closely */
#define CLOSE 3		      /* so many of each exact bucket */
#define RECORDS_MAX (1 << 30) /* bytes */
#define REPORT_MAX (256 << 10)
#define INPUT_MAX (16 << 20)
#define CLOSE_BUG 8	 /* and of each bucket; of hangs one */
#define LATE_LEAST 10.0	 /* seconds for hangs at the end, else deadline / 10 */
#define END_SECONDS 10.0 /* for a lago-triage without inputs to end */
#define ATTEMPTS 2	 /* of lago-triage, to give a record of an input */

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
	struct triager triagers[LIFE_BUILDS][2]; /* one try, TRIES */
	bool late_begun; /* the first of late was handed out */
	double late_end; /* monotonic: no more of them; 0: not yet */
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

static struct found *
take_record(struct life *l, const struct triager *t, const char *p, size_t n)
{
	struct found *f;
	struct record r;

	if (!json_valid(p, n) || !record_read(&r, p, n))
		return NULL;
	f = collect_find(l, r.sha.p);
	if (f != NULL) {
		r.san = t->build == LIFE_SAN;
		if (!is_passed_on(l, f, &r))
			keep_record(l, f, &r, p, n);
	}
	record_release(&r);
	return f;
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

	for (int i = 0; i < LIFE_BUILDS; i++) {
		t->triagers[i][0] = (struct triager){
		    .build = (enum life_build)i, .tries = 1, .feed = -1};
		t->triagers[i][1] = (struct triager){
		    .build = (enum life_build)i, .tries = TRIES, .feed = -1};
	}
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
	for (i = 0; i < LIFE_BUILDS * 2; i++)
		triager_release(l, &t->triagers[i / 2][i % 2]);
	free(t->pending.v);
	free(t->late.v);
	free(t->close.v);
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

/* Those without a record get another chance, at the end of the queue. */
static void
take_back(struct life *l, struct found *f)
{
	if (verdict_find(l, f->sha) != NULL)
		return;
	if (++f->attempts < ATTEMPTS)
		push(&l->triage->late, f);
	else
		l->triage->given_up++;
}

/* At most so many of the list, from its front. */
static void
hand_out(struct life *l, struct list *from, bool close, size_t most)
{
	struct triager *t;
	struct found *f;
	size_t i;

	for (i = 0; i < from->n && i < most; i++) {
		f = from->v[i];
		t = &l->triage->triagers[f->judge][close];
		if (triager_room(t) == 0)
			break;
		if (triager_give(l, t, f) != 0)
			take_back(l, f);
	}
	if (i > 0)
		memmove(from->v, from->v + i, (from->n - i) * sizeof(*from->v));
	from->n -= i;
}

/* Inputs that are being run; of hangs among them. */
static size_t
under_way(const struct livetriage *t, size_t *hangs)
{
	const struct triager *one;
	size_t n = 0;

	*hangs = 0;
	for (size_t i = 0; i < LIFE_BUILDS * 2; i++) {
		one = &t->triagers[i / 2][i % 2];
		n += one->n;
		for (size_t k = 0; k < one->n; k++)
			*hangs += one->given[k]->late;
	}
	return n;
}

/* Hangs come last, and leave a CPU to what crashes meanwhile.  The first one is
 * looked at closely at once: each look takes several times its limit. */
static void
hand_out_late(struct life *l)
{
	struct livetriage *t = l->triage;
	size_t most = l->claim.cpus.n > 2 ? l->claim.cpus.n - 1 : 1, hangs;
	size_t n = under_way(t, &hangs);

	if (t->late.n == 0 || t->pending.n > 0 || t->close.n > 0 || n >= most ||
	    (t->late_end != 0 && clock_mono() >= t->late_end))
		return;
	hand_out(l, &t->late, !t->late_begun, t->late_begun ? most - n : 1);
	t->late_begun = true;
}

void
livetriage_tick(struct life *l)
{
	struct livetriage *t = l->triage;

	for (size_t i = 0; i < LIFE_BUILDS * 2; i++)
		triager_tick(
		    l, &t->triagers[i / 2][i % 2], take_record, take_back);
	if (l->hurry == LIFE_KILL || l->gone)
		return;
	hand_out(l, &t->pending, false, SIZE_MAX);
	if (t->pending.n == 0)
		hand_out(l, &t->close, true, SIZE_MAX);
	hand_out_late(l);
}

bool
livetriage_busy(const struct life *l)
{
	size_t hangs;

	return under_way(l->triage, &hangs) > 0;
}

/* What is idle ends by itself; what is not, or takes too long, is ended. */
static void
end_all(struct life *l)
{
	struct livetriage *t = l->triage;
	double end = clock_mono() + END_SECONDS;
	struct triager *one;
	bool left = true;

	while (left) {
		left = false;
		for (size_t i = 0; i < LIFE_BUILDS * 2; i++) {
			one = &t->triagers[i / 2][i % 2];
			triager_close(one);
			if (one->task != NULL && !one->task->ended &&
			    (one->n > 0 || clock_mono() >= end))
				task_signal(l, one->task, SIGKILL);
			triager_tick(l, one, take_record, take_back);
			left |= one->task != NULL;
		}
		if (left)
			task_sleep(l, 0.2);
	}
}

void
livetriage_drain(struct life *l, double end)
{
	struct livetriage *t = l->triage;
	double late = l->deadline / 10;
	size_t n, hangs;

	if (t->late_end == 0)
		t->late_end =
		    clock_mono() + (late > LATE_LEAST ? late : LATE_LEAST);
	for (;;) {
		livetriage_tick(l);
		n = under_way(t, &hangs);
		if (n == 0 || clock_mono() >= end || l->gone ||
		    l->hurry == LIFE_KILL ||
		    (n == hangs && clock_mono() >= t->late_end))
			break;
		task_sleep(l, 0.2);
	}
	end_all(l);
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
	const struct livetriage *t = l->triage;
	uint64_t n = 0;

	if (t == NULL)
		return 0;
	for (int i = 0; i < LIFE_BUILDS; i++)
		n += t->triagers[i][0].n;
	return n + t->pending.n + t->late.n + t->given_up;
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
