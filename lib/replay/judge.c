#include "replay/judge.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/mem.h"
#include "crash/native.h"
#include "symbols/symbols.h"
#include "crash/verdict.h"
#include "target/exec.h"
#include "target/forkserver.h"

/* Looks at a process that does not end, so far apart: enough to tell what it
 * passes through from what it is stuck in. */
enum { SAMPLES = 16, SAMPLES_A_RUN = 6 };
static const double APART = 0.02;

struct judge {
	const struct rules *rules;
	const struct verdict_policy *policy;
	struct exec *exec;
	struct symbols *symbols;
	struct native *native, *late;	 /* late: modules of that are others */
	struct verdict *verdict, *spare; /* NULL: none */
	struct native_crash *seen;	 /* SAMPLES of them */
	size_t nseen;
};

struct judge *
judge_open(const struct exec_target *target, const struct rules *rules,
    const struct verdict_policy *policy, struct fail *f)
{
	struct exec *exec = exec_open(target, f);
	struct judge *j;

	if (exec == NULL)
		return NULL;
	j = mem_alloc(sizeof(*j));
	j->rules = rules;
	j->policy = policy;
	j->exec = exec;
	j->symbols = symbols_new();
	j->native = native_new(j->symbols);
	j->late = native_new(j->symbols);
	j->verdict = verdict_new(rules, policy);
	j->seen = mem_array(SAMPLES, sizeof(*j->seen));
	return j;
}

void
judge_close(struct judge *j)
{
	if (j == NULL)
		return;
	exec_close(j->exec);
	verdict_free(j->verdict);
	verdict_free(j->spare);
	native_free(j->native);
	native_free(j->late);
	symbols_free(j->symbols);
	free(j->seen);
	free(j);
}

static void
look_at_hang(pid_t pid, void *arg)
{
	struct judge *j = arg;

	for (int i = 0; i < SAMPLES_A_RUN && j->nseen < SAMPLES; i++) {
		struct native_crash *c = &j->seen[j->nseen];
		if (i > 0)
			clock_sleep(APART);
		if (native_sample(j->native, pid, c, NULL) == 0 && c->n > 0)
			j->nseen++;
	}
}

/* The same input once more, under ptrace: that takes its stack. */
static void
trace(struct judge *j, const struct exec_input *in)
{
	struct exec_input once = *in;
	struct fail f;

	once.at_start = once.at_limit = NULL;
	if (native_run(in->late ? j->late : j->native, j->exec, &once,
		&j->seen[0], &f) == 0 &&
	    j->seen[0].signal != 0)
		verdict_exec(j->verdict, exec_result(j->exec), &j->seen[0], 1,
		    j->symbols);
}

/* A plain program, in a hurry: one run that is traced from its start. */
static int
traced(struct judge *j, const struct exec_input *in, struct fail *f)
{
	const struct exec_result *result;

	if (native_run(j->late, j->exec, in, &j->seen[0], f) == -1)
		return -1;
	result = exec_result(j->exec);
	verdict_exec(j->verdict, result, NULL, 0, j->symbols);
	if (result->crashed && j->seen[0].signal != 0 &&
	    verdict_wants_native(j->verdict))
		verdict_exec(j->verdict, result, j->seen, 1, j->symbols);
	return 0;
}

int
judge_again(struct judge *j, const struct exec_input *in, struct fail *f)
{
	const struct exec_result *result;
	struct exec_input mine = *in;

	if (in->late != 0 && !(exec_look(j->exec) & FORKSERVER_SANITIZER))
		return traced(j, in, f);
	mine.at_limit = look_at_hang;
	mine.arg = j;
	if (exec_run(j->exec, &mine, f) == -1)
		return -1;
	result = exec_result(j->exec);
	verdict_exec(j->verdict, result, j->seen,
	    result->limit != EXEC_NO_LIMIT ? j->nseen : 0, j->symbols);
	if (result->crashed && verdict_wants_native(j->verdict))
		trace(j, in);
	return 0;
}

int
judge_run(struct judge *j, const struct exec_input *in, struct fail *f)
{
	j->nseen = 0;
	symbols_refresh(j->symbols);
	return judge_again(j, in, f);
}

const struct verdict *
judge_verdict(const struct judge *j)
{
	return j->verdict;
}

struct verdict *
judge_take(struct judge *j)
{
	struct verdict *v = j->verdict;

	j->verdict =
	    j->spare != NULL ? j->spare : verdict_new(j->rules, j->policy);
	j->spare = NULL;
	return v;
}

void
judge_give_back(struct judge *j, struct verdict *v)
{
	if (j->spare == NULL)
		j->spare = v;
	else
		verdict_free(v);
}

const struct exec_result *
judge_result(const struct judge *j)
{
	return exec_result(j->exec);
}

struct exec *
judge_exec(struct judge *j)
{
	return j->exec;
}

const char *
judge_build_id(struct judge *j)
{
	return symbols_build_id(j->symbols, exec_program(j->exec));
}
