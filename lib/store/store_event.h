/*
 * What people and passes decided: files `events` of the home and of each job,
 * append-only, a line of four TSV fields: time (Unix seconds), who, verb,
 * value.  A fact is such a line first and a row afterwards.
 *
 * Verbs of a job: kill (empty value, or the run's number), retry.  Verbs of the
 * home: state, note, news with the value "PROJECT SHA256 TEXT", for the bug that
 * the crash belongs to (the text of news: the state that was told, and the id of
 * the bug then), and drain, revive with a node's name.  Other verbs are
 * kept and mean nothing to the store.
 */
#ifndef LAGO_STORE_STORE_EVENT_H
#define LAGO_STORE_STORE_EVENT_H

struct fail;
struct store;
struct strs;

/* Append a line to DIR/events, or one for each value, in one write, synced. */
int store_event_append(
    int dirfd, const char *verb, const char *value, struct fail *f);
int store_event_append_all(
    int dirfd, const char *verb, const struct strs *values, struct fail *f);

/* Take the new lines of DIR/events into rows; job 0: the home's.  Inside a
 * transaction.  Lines that are none are counted as rows without a verb and in
 * *bad (may be NULL). */
int store_event_take(
    struct store *s, long job, int dirfd, unsigned *bad, struct fail *f);

#endif
