/* A crash as a person reads it. */
#ifndef LAGO_STORE_SHOW_H
#define LAGO_STORE_SHOW_H

struct buf;
struct fail;
struct home;
struct pick;
struct store;

/* record: its JSON.  Text for a terminal: nothing in it can steer one. */
int show_text(struct store *s, const struct home *h, const struct pick *p,
    const struct buf *record, struct buf *b, struct fail *f);

/* The record as one JSON object, with job, run, bug, state, note and path. */
int show_json(struct store *s, const struct pick *p, const struct buf *record,
    struct buf *b, struct fail *f);

/* The build that judged it, as repro.h takes it: "target", "san". */
const char *show_build(const struct buf *record, struct buf *word);

#endif
