#include "crash/together.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/out.h"
#include "crash/bucket.h"
#include "crash/cluster.h"
#include "crash/record.h"
#include "crash/report.h"
#include "crash/similarity.h"
#include "crash/verdict.h"

/* One record in the file; where its cluster's 0 is. */
struct item {
	uint32_t length, hole, stack;
};

#define NO_STACK UINT32_MAX

struct together {
	struct similarity *similarity;
	struct cluster *cluster;
	FILE *file;
	struct item *v;
	size_t n, size;
	bool json;
};

static FILE *
open_file(struct fail *f)
{
	const char *dir = getenv("TMPDIR");
	char *path =
	    mem_printf("%s/lago.XXXXXX", dir != NULL && *dir ? dir : "/tmp");
	int fd = mkostemp(path, O_CLOEXEC);
	FILE *fp = fd >= 0 ? fdopen(fd, "w+") : NULL;

	if (fp == NULL)
		fail_errno(f, EX_LAGO_CANTCREAT, "cannot make '%s'", path);
	if (fd >= 0)
		unlink(path);
	if (fp == NULL && fd >= 0)
		close(fd);
	free(path);
	return fp;
}

struct together *
together_new(const struct rules *rules, bool json, struct fail *f)
{
	struct together *t;
	FILE *fp = open_file(f);

	if (fp == NULL)
		return NULL;
	t = mem_alloc(sizeof(*t));
	t->file = fp;
	t->json = json;
	t->similarity = similarity_new(rules);
	t->cluster = cluster_new();
	return t;
}

void
together_free(struct together *t)
{
	if (t == NULL)
		return;
	fclose(t->file);
	similarity_free(t->similarity);
	cluster_free(t->cluster);
	free(t->v);
	free(t);
}

static uint32_t
add_stack(struct together *t, const struct verdict *v)
{
	const struct report_stack *s = report_crash_stack(v->report);
	struct similarity_frame frames[SIMILARITY_FRAMES];
	size_t n;

	n = similarity_stack(t->similarity, s != NULL ? s->v : NULL,
	    s != NULL ? s->n : 0, v->bucket->exact, frames);
	return (uint32_t)cluster_add(t->cluster, frames, n);
}

/* The 0 of the record's cluster.  A quote inside of JSON text has a backslash
 * before it, so this can be nothing else; of a line it is the last field. */
static size_t
find_hole(const struct together *t, const char *text, size_t n)
{
	static const char key[] = "\"cluster\":0,";
	const char *at;

	if (!t->json)
		return n - 2;
	at = memmem(text, n, key, sizeof(key) - 1);
	if (at == NULL)
		abort();
	return (size_t)(at - text) + sizeof(key) - 3;
}

int
together_add(struct together *t, struct record *r, struct fail *f)
{
	struct item item = {.stack = NO_STACK};
	char *text = NULL;
	size_t n = 0;
	FILE *fp = open_memstream(&text, &n);
	struct out o;

	out_init(&o, fp, t->json);
	o.terminal = !t->json && isatty(STDOUT_FILENO);
	r->clusters = true;
	r->cluster = r->verdict->report->kind != NULL ? 0 : -1;
	record_write(&o, r);
	fclose(fp);
	item.length = (uint32_t)n;
	if (r->cluster == 0) {
		item.stack = add_stack(t, r->verdict);
		item.hole = (uint32_t)find_hole(t, text, n);
	}
	fwrite(text, 1, n, t->file);
	free(text);
	if (ferror(t->file))
		return fail_errno(
		    f, EX_LAGO_IO, "cannot keep records below TMPDIR");
	if (t->n == t->size) {
		t->size = t->size > 0 ? 2 * t->size : 256;
		t->v = mem_grow(t->v, t->size, sizeof(*t->v));
	}
	t->v[t->n++] = item;
	return 0;
}

int
together_print(struct together *t, struct out *o, struct fail *f)
{
	struct buf text = BUF_INIT;

	cluster_settle(t->cluster);
	rewind(t->file);
	for (size_t i = 0; i < t->n; i++) {
		const struct item *item = &t->v[i];
		buf_reset(&text);
		buf_reserve(&text, item->length);
		if (fread(text.p, 1, item->length, t->file) != item->length) {
			buf_release(&text);
			return fail_errno(
			    f, EX_LAGO_IO, "cannot keep records below TMPDIR");
		}
		if (item->stack == NO_STACK) {
			fwrite(text.p, 1, item->length, o->fp);
			continue;
		}
		fwrite(text.p, 1, item->hole, o->fp);
		fprintf(o->fp, "%u", cluster_of(t->cluster, item->stack));
		fwrite(text.p + item->hole + 1, 1,
		    item->length - item->hole - 1, o->fp);
	}
	buf_release(&text);
	return 0;
}
