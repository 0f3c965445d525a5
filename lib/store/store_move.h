/*
 * Bugs that a person merged or split.  What was decided are lines of the
 * home's events: `merge` with the value "PROJECT SHA256 SHA256", the bug of the
 * first crash becomes part of that of the second; `split` with "PROJECT SHA256
 * SHA256 OF BY": all crashes that have what OF says (exact, bucket) of the first
 * become a bug that is called after what BY says of the second.  Crashes
 * stand for what they belong to, so that decisions follow them into other
 * buckets.  The table moved is what they come to, in their order.
 */
#ifndef LAGO_STORE_STORE_MOVE_H
#define LAGO_STORE_STORE_MOVE_H

struct fail;
struct store;
struct strs;

/* For store_commit, before bugs are worked out: moved anew, and each crash to
 * its bug. */
int store_move_apply(struct store *s, struct fail *f);

/* The values of the events that put bugs into the first one.  Ids are as for
 * pick_find; 65 when they are of different projects. */
int store_move_merge(struct store *s, const struct strs *ids,
    struct strs *events, struct fail *f);
/* That make one bug of parts of the first: exact keys, buckets.  66: it has no
 * such part; 65: all of it, or the bucket it is called after. */
int store_move_split(struct store *s, const struct strs *ids,
    struct strs *events, struct fail *f);

#endif
