#include "report/format.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/mem.h"
#include "report/casrep.h"
#include "report/facts.h"
#include "report/kindinfo.h"
#include "report/known.h"
#include "report/page.h"
#include "report/pen.h"
#include "report/sarif.h"

struct format {
	const struct style *style;
	struct kindinfo *kinds;
	struct sarif *sarif;
	bool list;
	size_t n; /* crashes so far */
};

static void
page(struct format *fm, const struct facts *x, struct buf *b, bool md)
{
	struct pen p;

	pen_start(&p, b, md);
	if (fm->list && fm->n == 0)
		page_head(&p);
	if (fm->list) {
		page_row(&p, x);
	} else {
		if (fm->n > 0)
			buf_adds(b, md ? "\n---\n\n" : "\n\n");
		page_show(&p, x, fm->kinds);
	}
	pen_end(&p);
}

static void
add_text(struct format *fm, const struct facts *x, struct buf *b)
{
	page(fm, x, b, false);
}

static void
add_md(struct format *fm, const struct facts *x, struct buf *b)
{
	page(fm, x, b, true);
}

static void
add_sarif(struct format *fm, const struct facts *x, struct buf *b)
{
	sarif_add(fm->sarif, x, b);
}

static void
end_sarif(struct format *fm, struct buf *b)
{
	sarif_end(fm->sarif, b);
}

static void
add_casrep(struct format *fm, const struct facts *x, struct buf *b)
{
	casrep_add(x, fm->kinds, b);
}

static const struct style {
	const char *name;
	void (*add)(struct format *fm, const struct facts *x, struct buf *b);
	void (*end)(struct format *fm, struct buf *b);
	unsigned wants, list_wants;
} styles[] = {
    {"text", add_text, NULL, KNOWN_REPRO, 0},
    {"md", add_md, NULL, KNOWN_REPRO, 0},
    {"casrep", add_casrep, NULL, KNOWN_REPRO | KNOWN_OUTPUT, KNOWN_OUTPUT},
    {"sarif", add_sarif, end_sarif, 0, 0},
};

struct format *
format_open(const char *name, bool list, struct fail *f)
{
	struct format *fm = mem_alloc(sizeof(*fm));
	size_t i;

	fm->list = list;
	for (i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		if (strcmp(styles[i].name, name) == 0)
			fm->style = &styles[i];
	if (fm->style == NULL)
		fail_set(f, EX_LAGO_USAGE, "no format '%s'", name);
	else if ((fm->kinds = kindinfo_load(f)) != NULL) {
		fm->sarif = sarif_new(fm->kinds);
		return fm;
	}
	format_free(fm);
	return NULL;
}

void
format_free(struct format *fm)
{
	if (fm == NULL)
		return;
	sarif_free(fm->sarif);
	kindinfo_free(fm->kinds);
	free(fm);
}

unsigned
format_wants(const struct format *fm)
{
	return fm->list ? fm->style->list_wants : fm->style->wants;
}

void
format_add(struct format *fm, const struct facts *x, struct buf *b)
{
	fm->style->add(fm, x, b);
	fm->n++;
}

void
format_end(struct format *fm, struct buf *b)
{
	if (fm->style->end != NULL)
		fm->style->end(fm, b);
}
