/*
 * Jobs that come again: every=DURATION in the settings.
 *
 * When such a job has ended its successor is queued: the same bundle and
 * settings, `after` its number, `due` that long after it was due itself, or now
 * when that is past.  So there is never more than one, and `after` in one job
 * file is the whole fact: it is made once, whatever dies.  A job that somebody
 * killed has none.
 */
#ifndef LAGO_CLUSTER_RECUR_H
#define LAGO_CLUSTER_RECUR_H

#include <stdint.h>

struct fail;
struct home;
struct store;

/* tell is called for each one that is queued. */
int recur_all(const struct home *h, struct store *s, int64_t now,
    void (*tell)(long id, int64_t due, void *arg), void *arg, struct fail *f);

#endif
