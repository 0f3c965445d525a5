/*
 * A crash as a person reads it: what a maintainer would paste into a bug
 * tracker.  Into a fresh pen; see pen.h for what it looks like.
 */
#ifndef LAGO_REPORT_PAGE_H
#define LAGO_REPORT_PAGE_H

struct facts;
struct kindinfo;
struct pen;

void page_show(
    struct pen *p, const struct facts *x, const struct kindinfo *kinds);

/* Parts: what is said as a title; "WRITE of 4 bytes at 0x10, ..."; the words for
 * a role of lago-records(5). */
void page_title(struct pen *p, const struct facts *x);
void page_access(struct pen *p, const struct facts *x);
const char *page_role(const char *role);

/* The head of a list, and a bug in it in a line or two. */
void page_head(struct pen *p);
void page_row(struct pen *p, const struct facts *x);

#endif
