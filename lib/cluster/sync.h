/*
 * What the shards of a job find, to each other, through this home: all that
 * the runs of a job have in queue/, of whatever shard and attempt, goes to each
 * of its runs that lives and has it not.  Files are named by their content.
 *
 * A run's file `.queue` lists its finds in the order in which they came, so a
 * pass reads what is new and nothing else.  Below the run that gets them,
 * foreign/SHA256 is what it was given, and `.synced` how far each other run's
 * list was gone through, lines RUN TAB BYTES, and `files` and `bytes` given so
 * far.  Both are lost without harm.
 */
#ifndef LAGO_CLUSTER_SYNC_H
#define LAGO_CLUSTER_SYNC_H

#include <stddef.h>
#include <stdint.h>

struct engine_run;
struct fail;
struct home;

/* Before the run starts for the first time: its foreign/ gets all there is.
 * Again is harmless. */
void sync_prime(const struct home *h, long job, long run);

struct sync_to {
	const struct engine_run *run;
	/* out */
	uint64_t files, bytes; /* given now */
};

/* To all of them at once.  Bounded; what is left follows in the next call.  The
 * first failure is in *f (-1). */
int sync_push(
    const struct home *h, struct sync_to *to, size_t n, struct fail *f);

/* What the run was given while it ran, ever. */
void sync_given(
    const struct home *h, long job, long run, uint64_t *files, uint64_t *bytes);

/* What the run was given is no longer needed. */
void sync_end(const struct home *h, long job, long run);

#endif
