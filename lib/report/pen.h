/*
 * Writing a page for people: as text of 80 columns, for terminals and mail, or
 * as Markdown for an issue tracker.  Words are ours and stand as they are;
 * values are from strangers: nothing in them steers a terminal, and in Markdown
 * nothing in them is markup, a link, a mention, or the end of what holds it.
 *
 *	pen_start(&p, &b, md);
 *	pen_words(&p, "WRITE of 4 bytes in ");
 *	pen_value(&p, function);
 *	pen_field(&p, "access");		// ends what was said
 */
#ifndef LAGO_REPORT_PEN_H
#define LAGO_REPORT_PEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct pen {
	struct buf *to;
	bool md;
	bool cell; /* Markdown: in a table */
	bool gap;
	struct buf said; /* since the last end */
};

void pen_start(struct pen *p, struct buf *to, bool md);
void pen_end(struct pen *p);

void pen_words(struct pen *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void pen_value(struct pen *p, const char *s);		      /* at most 2000 */
void pen_value_max(struct pen *p, const char *s, size_t max); /* bytes */
/* The same for what is nearly always plain words. */
void pen_prose(struct pen *p, const char *s);

/* Ends of what was said; nothing said, nothing written. */
void pen_title(struct pen *p);
void pen_field(struct pen *p, const char *name); /* "Name: what was said" */
void pen_gap(struct pen *p); /* an empty line before the next field */
/* What was said is lines that keep their form; name may be NULL.  Values within
 * are to be added with pen_plain. */
void pen_block(struct pen *p, const char *name);
/* Into a block or a shell line: terminals are safe, Markdown is not looked at. */
void pen_plain(struct pen *p, const char *s, size_t max);

#endif
