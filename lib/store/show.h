/* A crash record with what the home knows of it. */
#ifndef LAGO_STORE_SHOW_H
#define LAGO_STORE_SHOW_H

struct buf;
struct fail;
struct pick;
struct store;

/* The record as one JSON object, with job, run, bug, state, note and path. */
int show_json(struct store *s, const struct pick *p, const struct buf *record,
    struct buf *b, struct fail *f);

#endif
