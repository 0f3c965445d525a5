/*
 * Calling an engine, lago-engine(7): an executable LIBEXEC/engine/NAME that
 * knows how to reach one kind of node.  Every call ends within ENGINE_SECONDS
 * or is stopped.
 */
#ifndef LAGO_CLUSTER_ENGINE_H
#define LAGO_CLUSTER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "cluster/outcome.h"

struct fail;
struct home;
struct node;

#define ENGINE_SECONDS 60

/* A run as engines see it. */
struct engine_run {
	const struct node *node;
	const char *uuid;
	long job, run;
	enum outcome_life life; /* out of engine_poll */
	int status;
};

/* Ask every engine once about all of its runs.  An engine that fails leaves its
 * runs OUTCOME_UNKNOWN, and the first failure is in *f (-1). */
int engine_poll(const struct home *h, struct engine_run *const *runs, size_t n,
    struct fail *f);

/* Start the run on its node; started already is success. 75: try later. */
int engine_start(
    const struct home *h, const struct engine_run *run, struct fail *f);

/* End it: results are still collected, or at once. */
int engine_stop(const struct home *h, const struct engine_run *run, bool now,
    struct fail *f);

#endif
