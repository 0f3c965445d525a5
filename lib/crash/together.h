/*
 * Records with the number of their cluster, which is known when all are there:
 * until then they lie in a file without a name below TMPDIR.  Memory is needed
 * for what differs, and 16 bytes a record.
 */
#ifndef LAGO_CRASH_TOGETHER_H
#define LAGO_CRASH_TOGETHER_H

#include <stdbool.h>

struct fail;
struct out;
struct record;
struct rules;
struct together;

/* NULL: 73.  json: what the records are to be. */
struct together *together_new(
    const struct rules *rules, bool json, struct fail *f);
void together_free(struct together *t); /* NULL is fine */

int together_add(struct together *t, struct record *r, struct fail *f);
/* All of them, in the order in which they were added. */
int together_print(struct together *t, struct out *o, struct fail *f);

#endif
