#include "crash/fast.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/sig.h"
#include "crash/bucket.h"
#include "crash/judge.h"
#include "crash/kinds.h"
#include "crash/report.h"
#include "crash/verdict.h"
#include "target/exec.h"
#include "target/late.h"

enum { ENOUGH = 3 }; /* inputs that have to agree */
/* Seconds: what takes longer is for a fresh process to tell. */
#define LONG 2.0

struct fast {
	struct judge *judge;
	const char *where; /* the rest of exec_late(): first is the one on
			    * trial or in use */
	int agreed;
	double limit; /* seconds of CPU */
	char (*confirmed)[BUCKET_KEY];
	size_t nconfirmed;
	struct buf seen, fresh; /* outlines of the last input */
	const char *news;
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

struct fast *
fast_new(struct judge *j, double limit)
{
	struct fast *x = mem_alloc(sizeof(*x));

	x->judge = j;
	x->limit = limit < LONG ? limit : LONG;
	x->where = exec_late(judge_exec(j));
	x->news = describe(0);
	return x;
}

void
fast_free(struct fast *x)
{
	if (x == NULL)
		return;
	buf_release(&x->seen);
	buf_release(&x->fresh);
	free(x->confirmed);
	free(x);
}

const char *
fast_news(struct fast *x)
{
	const char *news = x->news;

	x->news = NULL;
	return news;
}

/* What is on trial does not work here. */
static void
give_up(struct fast *x)
{
	if (x->agreed >= ENOUGH)
		x->news = describe(0);
	x->agreed = 0;
	x->where++;
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
	for (size_t i = 0; i < x->nconfirmed; i++)
		if (strcmp(x->confirmed[i], key) == 0)
			return true;
	return false;
}

static void
confirm(struct fast *x, const char *key)
{
	if (is_confirmed(x, key))
		return;
	x->confirmed =
	    mem_grow(x->confirmed, x->nconfirmed + 1, sizeof(*x->confirmed));
	memcpy(x->confirmed[x->nconfirmed++], key, BUCKET_KEY);
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
	if (judge_run(x->judge, &late, f) == -1)
		return -1;
	if (speaks(judge_verdict(x->judge)))
		outline(judge_verdict(x->judge), &x->seen);
	return 0;
}

int
fast_try(struct fast *x, const struct exec_input *in, struct fail *f)
{
	buf_reset(&x->seen);
	if (x->agreed < ENOUGH)
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
	if (!steady)
		return;
	while (
	    *x->where != '\0' && x->agreed < ENOUGH && run(x, in, &f) == -1) {
		if (sig_got)
			return;
		give_up(x);
	}
	if (*x->where == '\0')
		return;
	outline(fresh, &x->fresh);
	if (x->fresh.len != x->seen.len ||
	    memcmp(x->fresh.p, x->seen.p, x->seen.len) != 0)
		give_up(x);
	else if (x->agreed < ENOUGH && ++x->agreed == ENOUGH)
		x->news = describe(*x->where);
}
