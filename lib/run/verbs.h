/* The driver's verbs, called below the keeper as lago-driver(7) says. */
#ifndef LAGO_RUN_VERBS_H
#define LAGO_RUN_VERBS_H

#include <stdbool.h>

struct buf;
struct fail;
struct kv;
struct life;
struct plugin_command;
struct strs;
struct task;

/* Environment for verbs, from the job; then probe, instances and check.
 * Failures are life_fail's. */
int verbs_start(struct life *l);
/* Learn from replay how one input is run. */
int verbs_replay(struct life *l);

/* argv I N.  remaining in seconds; resume: the instance ran before. */
int verbs_argv(struct life *l, unsigned i, double remaining, bool resume,
    struct plugin_command *c, struct fail *f);
/* crashes or queue: paths below work/, each once. */
int verbs_paths(
    struct life *l, const char *verb, struct strs *paths, struct fail *f);
/* stat I: start it; the answer when it ended. */
struct task *verbs_stat(struct life *l, unsigned i, const char *log);
void verbs_stat_read(const struct task *t, struct kv *kv);

#endif
