/*
 * An input that shows something only in a process that ran others before it:
 * persistent AFL++ targets and libFuzzer ones keep their state from input to
 * input.  Each run is a fresh process that gets all the others, the oldest
 * first, and then the input.
 */
#ifndef LAGO_REPLAY_BEFORE_H
#define LAGO_REPLAY_BEFORE_H

#include <stddef.h>

struct before;
struct exec_result;
struct exec_target;
struct fail;
struct rules;
struct verdict;
struct verdict_policy;

/* The regular files below dir, the newest 1000 of them; look: exec_look() of the
 * target.  All but dir must outlive it.  NULL: 66 dir cannot be read, 69 the
 * target has no such mode, or as exec_open. */
struct before *before_new(const char *dir, const struct exec_target *target,
    int look, const struct rules *rules, const struct verdict_policy *policy,
    struct fail *f);
void before_free(struct before *b); /* NULL is fine */

/* -1: it cannot be run. */
int before_run(struct before *b, const char *path, struct fail *f);
/* Of the last run. */
const struct verdict *before_verdict(const struct before *b);
/* The same, the caller's from now on (verdict_free). */
struct verdict *before_take(struct before *b);
const struct exec_result *before_result(const struct before *b);
size_t before_count(const struct before *b); /* inputs before */

#endif
