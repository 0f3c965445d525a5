#include "report/alike.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "crash/bucket.h"
#include "crash/frame.h"
#include "crash/report.h"
#include "crash/rules.h"
#include "crash/similarity.h"
#include "crash/verdict.h"
#include "report/facts.h"
#include "store/pick.h"

enum { LOG_MAX = 64 << 20 };

struct alike {
	struct rules *rules;
	struct similarity *similarity;
	struct {
		struct similarity_frame v[SIMILARITY_FRAMES];
		size_t n;
	} side[2];
};

struct alike *
alike_new(struct fail *f)
{
	struct rules *rules = rules_load(NULL, f);
	struct alike *a;

	if (rules == NULL)
		return NULL;
	a = mem_alloc(sizeof(*a));
	a->rules = rules;
	a->similarity = similarity_new(rules);
	return a;
}

void
alike_free(struct alike *a)
{
	if (a == NULL)
		return;
	similarity_free(a->similarity);
	rules_free(a->rules);
	free(a);
}

int
alike_log(struct alike *a, int side, const char *path, struct fail *f)
{
	struct verdict_policy policy = {0};
	const struct report_stack *s;
	struct buf text = BUF_INIT;
	struct verdict *v;
	bool cut;
	int rc = 0;

	if (file_read(AT_FDCWD, path, LOG_MAX, &text, &cut, f) != 0)
		return -1;
	v = verdict_new(a->rules, &policy);
	verdict_text(v, buf_str(&text), text.len);
	s = report_crash_stack(v->report);
	if (v->report->kind == NULL)
		rc = fail_set(f, EX_LAGO_DATA, "no crash in '%s'", path);
	else
		a->side[side].n = similarity_stack(a->similarity,
		    s != NULL ? s->v : NULL, s != NULL ? s->n : 0,
		    v->bucket->exact, a->side[side].v);
	verdict_free(v);
	buf_release(&text);
	return rc;
}

static struct str
str_c(const char *s)
{
	return s != NULL ? str_of(s, strlen(s)) : STR("");
}

static struct frame
frame_of(const struct facts_frame *f)
{
	struct frame is = {.raw = str_c(f->raw),
	    .file = str_c(f->file),
	    .mod = str_c(f->mod),
	    .line = f->line > 0 ? (unsigned)f->line : 0,
	    .col = f->col > 0 ? (unsigned)f->col : 0,
	    .has_pc = f->pc != NULL,
	    .has_off = f->off != NULL};

	if (is.has_pc)
		is.pc = strtoull(f->pc, NULL, 16);
	if (is.has_off)
		is.off = strtoull(f->off, NULL, 16);
	return is;
}

int
alike_crash(struct alike *a, int side, struct store *s, const struct home *h,
    const char *id, struct fail *f)
{
	struct frame v[FACTS_FRAMES];
	struct buf record = BUF_INIT;
	struct facts x = {0};
	struct pick p;
	size_t n = 0;
	int rc = -1;

	if (pick_find(s, id, &p, f) == 0 &&
	    pick_record(h, &p, &record, f) == 0 &&
	    facts_read(&x, record.p, record.len, f) == 0)
		rc = x.crash
			 ? 0
			 : fail_set(f, EX_LAGO_DATA, "'%s' is no crash", id);
	for (size_t i = 0; rc == 0 && x.nstacks > 0 && i < x.stacks[0].n; i++)
		v[n++] = frame_of(&x.stacks[0].v[i]);
	if (rc == 0)
		a->side[side].n = similarity_stack(a->similarity, v, n,
		    x.bucket_exact != NULL ? x.bucket_exact : "",
		    a->side[side].v);
	facts_release(&x);
	buf_release(&record);
	return rc;
}

double
alike_similarity(const struct alike *a)
{
	return similarity_of(
	    a->side[0].v, a->side[0].n, a->side[1].v, a->side[1].n);
}
