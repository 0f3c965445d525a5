/*
 * Directories that a fuzzer is working on are never changed, only added to: as
 * a peer of AFL++'s instances, with ids dense from 0 that only grow.
 */
#ifndef LAGO_CORPUS_PUBLISH_H
#define LAGO_CORPUS_PUBLISH_H

#include <stdbool.h>

struct fail;
struct inputs;

/* A directory that belongs to a running fuzzer: AFL++'s output directory, which
 * it keeps locked, or anything in it; the run of a lago-run. */
bool publish_is_live(const char *dir);

/* Adds the inputs with yes to PEER/queue, a directory beside those of the
 * instances; contents that are there already are left out. */
int publish_inputs(
    const char *peer, struct inputs *in, const bool *yes, struct fail *f);

#endif
