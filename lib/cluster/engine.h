/*
 * Calling an engine, lago-engine(7): an executable LIBEXEC/engine/NAME that
 * knows how to reach one kind of node.  Every call ends within ENGINE_SECONDS
 * or is stopped.
 */
#ifndef LAGO_CLUSTER_ENGINE_H
#define LAGO_CLUSTER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "cluster/outcome.h"

struct buf;
struct child;
struct fail;
struct home;
struct node;

#define ENGINE_SECONDS 60

/* A run as engines see it. */
struct engine_run {
	const struct node *node;
	const char *uuid;
	long job, run;
	int64_t lease, wall; /* seconds; of remote runs, for their start */
	int64_t lease_end;   /* for a poll, by the node's clock; 0: as it is */
	/* out of engine_poll */
	bool answered;
	enum outcome_life life;
	int status;
	int64_t clock;	     /* of the node, seconds; 0: not told */
	char news[HASH_HEX]; /* of what there is to fetch; "": not told */
	bool expired;	     /* of remote_visit */
	bool quiet;	     /* the same: it lives, nothing was fetched */
	bool left;	     /* gone, but what it found is still there */
};

/* What the engines know of these nodes, a call of tell for each line that they
 * answer.  The first failure is in *f (-1), the others' lines come all the
 * same. */
int engine_probe(const struct home *h, const struct node *const *nodes,
    size_t n,
    void (*tell)(const char *node, const char *key, const char *value),
    struct fail *f);

/* Put this lago there. */
int engine_install(
    const struct home *h, const struct node *node, struct fail *f);

/* Ask all engines at once, each about all of its runs, but for those of nodes
 * that are offline.  An engine that fails
 * leaves its runs OUTCOME_UNKNOWN, and the first failure is in *f (-1). */
int engine_poll(const struct home *h, struct engine_run *const *runs, size_t n,
    struct fail *f);

/* Start runs on their nodes, many at once; started already is success.  For
 * each rc (0 or -1) and its failure, 75: try later. */
void engine_start(const struct home *h, const struct engine_run *const *runs,
    size_t n, int *rc, struct fail *f);

/* Give runs the files of these archives, many at once; the buffers are taken
 * over.  For each rc and its failure. */
void engine_push(const struct home *h, const struct engine_run *const *runs,
    struct buf *tars, size_t n, int *rc, struct fail *f);

/* Begin to fetch: what comes from *fd is for take_stream; the child is waited for
 * after that.  It ends when we do. */
int engine_fetch(const struct home *h, const struct engine_run *run,
    const struct buf *cursor, struct child *child, int *fd, struct fail *f);

/* Remove what is left of them on their nodes, as engine_start. */
void engine_purge(const struct home *h, const struct engine_run *const *runs,
    size_t n, int *rc, struct fail *f);

/* End them, as engine_start: results are still collected, or at once. */
void engine_stop(const struct home *h, const struct engine_run *const *runs,
    size_t n, bool now, int *rc, struct fail *f);

#endif
