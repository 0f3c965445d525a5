/*
 * lago-triage and lago-minimize as this run calls them: below the keeper, with
 * the command, environment and file name that the driver's replay gave.  Inputs
 * are staged in work/triage, for nothing else of the run directory need be
 * visible in the sandbox.
 */
#ifndef LAGO_RUN_REPLAYS_H
#define LAGO_RUN_REPLAYS_H

#include "run/life.h"

struct buf;
struct fail;
struct keeper_cmd;
struct plugin_command;
struct strs;
struct task;

/* work/triage/{crashes,traces,reports,before} and a room to run in. */
int replays_prepare(struct life *l);
/* Copy crashes/SHA to work/triage/crashes; -1 when it is gone. */
int replays_stage(struct life *l, const char *sha);
/* The directory below work/ that has what was run before it. */
void replays_before(struct life *l, const char *sha, const char *dir);
void replays_unstage(struct life *l, const char *sha);
/* Where it is staged, absolute; the caller frees. */
char *replays_path(const struct life *l, const char *sha);
/* A file in a directory of work/triage. */
void replays_write(
    struct life *l, const char *dir, const char *name, const struct buf *text);

/*
 * build: one that there is.  words: the command's name, options of this call.
 * inputs: paths, given on standard input.  It runs on all CPUs of the run,
 * `nice` behind the fuzzers.
 */
struct task *replays_start(struct life *l, enum life_build build,
    const struct strs *words, const struct strs *inputs, int nice,
    double seconds, struct fail *f);
/* The same with standard input left open: *feed takes NUL-ended paths, and once
 * it is closed the command comes to its end. */
struct task *replays_stay(struct life *l, enum life_build build,
    const struct strs *words, int nice, int *feed, struct fail *f);

/* The options of both that say how a driver's replay runs an input.  timeout:
 * limit of one execution, seconds, 0 when it is not known; memory: MiB. */
void replays_words(const struct plugin_command *c, double timeout,
    unsigned memory, struct strs *argv);
/* Paths for their -0: a descriptor to read them from; -1 with errno. */
int replays_operands(const struct strs *inputs);

#endif
