/*
 * The formats of reports, by name: text, md, sarif, casrep.  Several crashes
 * become one output; a crash is held in memory only while it is added.
 *
 *	fm = format_open("sarif", false, &f);
 *	... format_add(fm, &facts, &b); print b ...
 *	format_end(fm, &b);
 */
#ifndef LAGO_REPORT_FORMAT_H
#define LAGO_REPORT_FORMAT_H

#include <stdbool.h>

struct buf;
struct facts;
struct fail;
struct format;

/* list: a line for each where the format has such.  64: no such format; 78:
 * share/rules/kinds cannot be read. */
struct format *format_open(const char *name, bool list, struct fail *f);
void format_free(struct format *fm); /* NULL is fine */

/* What it needs besides the record: KNOWN_ of known.h. */
unsigned format_wants(const struct format *fm);

/* Each adds text to b. */
void format_add(struct format *fm, const struct facts *x, struct buf *b);
void format_end(struct format *fm, struct buf *b);

#endif
