#include "replay/fast.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/sig.h"
#include "crash/bucket.h"
#include "replay/judge.h"
#include "crash/kinds.h"
#include "crash/report.h"
#include "crash/verdict.h"
#include "target/exec.h"
#include "target/late.h"

enum {
	ENOUGH = 3,    /* inputs that have to agree */
	WAYS = 4,      /* letters in exec_late() */
	KEYS = 1 << 14 /* buckets; all others are for a fresh process */
};
/* Seconds: what takes longer is for a fresh process to tell. */
#define LONG 2.0

struct fast_shared {
	atomic_uint agreed[WAYS]; /* by place in exec_late() */
	atomic_bool failed[WAYS];
	atomic_size_t n; /* of confirmed, and of those there was no room for */
	struct {
		char key[BUCKET_KEY];
		atomic_bool there;
	} confirmed[KEYS];
};

struct fast {
	struct judge *judge;
	struct fast_shared *shared;
	const char *all, *where; /* exec_late(), and where in it is the way on
				  * trial or in use */
	double limit;		 /* seconds of CPU */
	bool looked;		 /* seen is of the last input */
	struct buf seen, fresh;	 /* outlines */
	const char *said;
};

static const char *
describe(int where)
{
	switch (where) {
	case LATE_AT_OPEN:
		return "late fork server at the open of the input";
	case LATE_AT_STAT:
		return "late fork server at the first look at the input";
	case LATE_AT_MAIN:
		return "late fork server at main";
	case LATE_AT_AFL:
		return "AFL++'s fork server in the target";
	default:
		return "a fresh process for each input";
	}
}

struct fast_shared *
fast_share(void)
{
	void *p = mmap(NULL, sizeof(struct fast_shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

struct fast *
fast_new(struct judge *j, struct fast_shared *shared, double limit)
{
	struct fast *x = mem_alloc(sizeof(*x));

	x->judge = j;
	x->shared = shared;
	x->limit = limit < LONG ? limit : LONG;
	x->all = x->where = exec_late(judge_exec(j));
	return x;
}

void
fast_free(struct fast *x)
{
	if (x == NULL)
		return;
	buf_release(&x->seen);
	buf_release(&x->fresh);
	free(x);
}

/* The first way that nobody gave up; false: it is still on trial, or there is
 * none. */
static bool
in_use(struct fast *x)
{
	while (*x->where != '\0' && x->shared->failed[x->where - x->all])
		x->where++;
	return *x->where != '\0' &&
	       x->shared->agreed[x->where - x->all] >= ENOUGH;
}

const char *
fast_news(struct fast *x)
{
	const char *news = describe(in_use(x) ? *x->where : 0);

	if (news == x->said)
		return NULL;
	x->said = news;
	return news;
}

/* What is on trial does not work here. */
static void
give_up(struct fast *x)
{
	x->shared->failed[x->where - x->all] = true;
	in_use(x);
}

static bool
is_class(const struct verdict *v, const char *class)
{
	return strcmp(v->report->kind->class, class) == 0;
}

/* Only a fresh process tells of limits, and of nothing. */
static bool
speaks(const struct verdict *v)
{
	return v->report->kind != NULL && !is_class(v, "timeout") &&
	       !is_class(v, "oom");
}

/* What must be the same in all modes: addresses and how deep a stack was when
 * it overflowed need not. */
static void
outline(const struct verdict *v, struct buf *b)
{
	const struct report *r = v->report;

	buf_reset(b);
	buf_addf(b, "%s %s %d %zu\n", r->kind->name, v->bucket->key,
	    (int)r->access, (size_t)r->size);
	if (strcmp(r->kind->name, "stack-overflow") == 0)
		return;
	for (size_t i = 0; i < r->nstacks; i++) {
		buf_addf(b, "%d\n", (int)r->stacks[i].role);
		for (size_t k = 0; k < r->stacks[i].n; k++) {
			const struct frame *fr = &r->stacks[i].v[k];
			buf_add(b, fr->mod.p, fr->mod.n);
			buf_addf(b, "+%llx ", (unsigned long long)fr->off);
			buf_add(b, fr->raw.p, fr->raw.n);
			buf_addc(b, ' ');
			buf_add(b, fr->file.p, fr->file.n);
			buf_addf(b, ":%u:%u\n", fr->line, fr->col);
		}
	}
}

static bool
is_confirmed(const struct fast *x, const char *key)
{
	size_t n = x->shared->n;

	for (size_t i = 0; i < n && i < KEYS; i++)
		if (x->shared->confirmed[i].there &&
		    strcmp(x->shared->confirmed[i].key, key) == 0)
			return true;
	return false;
}

static void
confirm(struct fast *x, const char *key)
{
	size_t i;

	if (is_confirmed(x, key) || (i = x->shared->n++) >= KEYS)
		return;
	memcpy(x->shared->confirmed[i].key, key, BUCKET_KEY);
	x->shared->confirmed[i].there = true;
}

/* 0 and x->seen, empty when it showed nothing to believe; -1: it cannot. */
static int
run(struct fast *x, const struct exec_input *in, struct fail *f)
{
	struct exec_input late = *in;

	late.late = *x->where;
	late.cpu = x->limit;
	late.wall = 2 * x->limit;
	buf_reset(&x->seen);
	x->looked = judge_run(x->judge, &late, f) == 0;
	if (!x->looked)
		return -1;
	if (speaks(judge_verdict(x->judge)))
		outline(judge_verdict(x->judge), &x->seen);
	return 0;
}

int
fast_try(struct fast *x, const struct exec_input *in, struct fail *f)
{
	x->looked = false;
	if (!in_use(x))
		return 0;
	if (run(x, in, f) == -1) {
		give_up(x);
		return sig_got ? -1 : 0;
	}
	return x->seen.len > 0 &&
	       is_confirmed(x, judge_verdict(x->judge)->bucket->key);
}

void
fast_learn(struct fast *x, const struct exec_input *in,
    const struct verdict *fresh, bool steady)
{
	struct fail f;

	if (!speaks(fresh))
		return;
	confirm(x, fresh->bucket->key);
	/* Another worker may have learned enough while this one ran. */
	if (!steady || (!x->looked && in_use(x)))
		return;
	while (*x->where != '\0' && !in_use(x) && run(x, in, &f) == -1) {
		if (sig_got)
			return;
		give_up(x);
	}
	if (*x->where == '\0' || !x->looked)
		return;
	outline(fresh, &x->fresh);
	if (x->fresh.len != x->seen.len ||
	    memcmp(x->fresh.p, x->seen.p, x->seen.len) != 0)
		give_up(x);
	else if (!in_use(x))
		x->shared->agreed[x->where - x->all]++;
}
