/*
 * Runs on other machines: their leases, their results on the way here, and what
 * is left of them over there.
 *
 * jobs/.remote/UUID, a line JOB.RUN TAB NODE, says that a node has something of
 * a run, from before its start until it was purged; a run that was lost stays
 * there, for its node may come back and its finds are merged then.
 *
 * Below the run directory `.polled` is the moment, in CLOCK_BOOTTIME, when the
 * last poll left that renewed the lease, how far the node's clock is ahead of
 * it, whether an answer came, and this machine's boot id; `.cursor` is what the
 * last whole fetch ended with, `.fetched` when that was and a hash of what the
 * poll before it called news.
 */
#ifndef LAGO_CLUSTER_REMOTE_H
#define LAGO_CLUSTER_REMOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "cluster/engine.h"

struct fail;
struct home;
struct nodes;

/* Does it need leases and transfers?  The engine local works in the home. */
bool remote_is(const struct node *node);

/*
 * Ask all nodes about these runs, of any engine, and bring what is new.  lease:
 * seconds that polls renew the leases to; after a poll that was not answered
 * they only look, until one is.
 *
 * life says OUTCOME_GONE, with expired set, when nobody answered for so long
 * that the lease must have ended the run, or when its results could not be had
 * for so long; OUTCOME_UNKNOWN too while results of a run that is over are still
 * on their way.
 */
int remote_visit(const struct home *h, struct engine_run *const *runs, size_t n,
    int64_t lease, void (*say)(const char *text), struct fail *f);

/* Nodes that were asked and did not answer get nothing in this pass. */
void remote_silent(
    struct nodes *nodes, struct engine_run *const *runs, size_t n);

/* A start leaves now. */
void remote_started(const struct home *h, const struct engine_run *run);

/* The runs that nodes may have something of.  The caller frees the array and
 * each uuid.  A marker whose node is in no list any more is left out. */
int remote_list(const struct home *h, const struct nodes *nodes,
    struct engine_run **runs, size_t *n, struct fail *f);
int remote_mark(
    const struct home *h, const struct engine_run *run, struct fail *f);
/* Everything was fetched: remove it there, from all at once, then the marks. The
 * first failure is in *f (-1). */
int remote_purge(const struct home *h, const struct engine_run *const *runs,
    size_t n, struct fail *f);

#endif
