/*
 * From an input to a verdict: runs the target once (a second time under ptrace
 * when the first run leaves a crash without a stack) and reads the outcome.
 * The oracle of whoever asks "does this input still show that bug?"; one judge
 * runs one input at a time, several processes have one each.
 *
 *	j = judge_open(&target, rules, &policy, &f);
 *	if (judge_run(j, &in, &f) == 0)
 *		verdict_key(judge_verdict(j), &key);
 */
#ifndef LAGO_REPLAY_JUDGE_H
#define LAGO_REPLAY_JUDGE_H

#include <stdbool.h>

struct exec;
struct exec_input;
struct exec_result;
struct exec_target;
struct fail;
struct judge;
struct rules;
struct verdict;
struct verdict_policy;

/* All four must outlive it.  Errors as exec_open. */
struct judge *judge_open(const struct exec_target *target,
    const struct rules *rules, const struct verdict_policy *policy,
    struct fail *f);
void judge_close(struct judge *j); /* NULL is fine */

/* 0, or -1 as exec_run: the target could not be run at all.  The hooks of the
 * input are ours. */
int judge_run(struct judge *j, const struct exec_input *in, struct fail *f);
/* Another try of the same input: what is seen of a hang adds up. */
int judge_again(struct judge *j, const struct exec_input *in, struct fail *f);

/* Of the last run, until the next. */
const struct verdict *judge_verdict(const struct judge *j);
/* The same, the caller's from now on: verdict_free, or back to the judge, who
 * then knows the lines that it has seen. */
struct verdict *judge_take(struct judge *j);
void judge_give_back(struct judge *j, struct verdict *v); /* NULL is fine */
const struct exec_result *judge_result(const struct judge *j);
struct exec *judge_exec(struct judge *j); /* the slot: what it runs */
/* Of the program now; NULL: it has none.  Valid until judge_close. */
const char *judge_build_id(struct judge *j);

#endif
