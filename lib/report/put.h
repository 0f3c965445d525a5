/* Members of JSON objects and elements of arrays, commas included. */
#ifndef LAGO_REPORT_PUT_H
#define LAGO_REPORT_PUT_H

#include <stdint.h>

struct buf;

/* name NULL: an element. */
void put_open(struct buf *b, const char *name, const char *bracket);
void put_text(struct buf *b, const char *name, const char *s); /* NULL: none */
void put_number(
    struct buf *b, const char *name, int64_t v); /* FACTS_NONE ... */
/* Seconds since 1970 as 2026-11-21T16:00:00Z. */
void put_time(struct buf *b, const char *name, int64_t t);

#endif
