/* Rows of bugs: what the crashes of a bucket and the events come to. */
#ifndef LAGO_STORE_STORE_BUG_H
#define LAGO_STORE_STORE_BUG_H

struct buf;
struct fail;
struct store;

/* For store_commit: work out every bug that was touched. */
int store_bug_judge(struct store *s, struct fail *f);

/*
 * The text of an event that sets a bug's state: the state, the worst severity
 * seen by now, and what its crashes look like by now (kind, access, lines).  A
 * crash that is none of these, or is worse, reopens a bug that was fixed or
 * ignored.
 */
int store_bug_cover(struct store *s, const char *bug, const char *state,
    struct buf *text, struct fail *f);

#endif
