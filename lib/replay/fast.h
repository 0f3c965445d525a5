/*
 * Faster ways than a process of its own for each input, and whether they give
 * the same answers: a late fork server (target/late.h) at the open of the
 * input, at a stat of it, or at main.  One is believed after it showed the
 * same frames as a fresh process on the first inputs that crash, and then only
 * in buckets that a fresh process has shown.  Whatever contradicts a fresh
 * process is not used again.  What one worker learned all know.
 *
 *	if (fast_try(x, &in, &f) == 1) use the judge's verdict
 *	else judge_run(...), then fast_learn(x, &in, its verdict, steady)
 */
#ifndef LAGO_REPLAY_FAST_H
#define LAGO_REPLAY_FAST_H

#include <stdbool.h>

struct exec_input;
struct fail;
struct fast;
struct fast_shared;
struct judge;
struct verdict;

/* What is known of one target and its environment, for this process and those
 * that are forked later; never freed.  NULL: there is no memory. */
struct fast_shared *fast_share(void);

/* The judge must outlive it.  limit: seconds of CPU that a run may take. */
struct fast *fast_new(
    struct judge *j, struct fast_shared *shared, double limit);
void fast_free(struct fast *x); /* NULL is fine */

/* 1: the judge has the verdict; 0: a fresh process has to tell; -1: stopped by
 * a signal. */
int fast_try(struct fast *x, const struct exec_input *in, struct fail *f);
/* What fresh processes said of the input; steady: all the same. */
void fast_learn(struct fast *x, const struct exec_input *in,
    const struct verdict *fresh, bool steady);

/* How inputs are run from now on, when that has changed; else NULL. */
const char *fast_news(struct fast *x);

#endif
