/* Judging and placing: pure functions of dispatch. TAP. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cluster/outcome.h"
#include "cluster/nodes.h"
#include "cluster/place.h"

#include "tap.h"

static struct outcome
judge(enum outcome_life life, int status, const char *state, const char *reason,
    int64_t losses)
{
	struct outcome_facts facts = {.life = life,
	    .status = status,
	    .state = state,
	    .reason = reason,
	    .losses = losses,
	    .retries = 3,
	    .now = 1000,
	    .jitter = 0.5};
	struct outcome j;

	outcome_of(&facts, &j);
	return j;
}

static void
test_judge(void)
{
	struct outcome j;

	tap_ok(judge(OUTCOME_ALIVE, 0, "done", "deadline", 0).verdict ==
		   OUTCOME_WAIT,
	    "what lives is left alone, whatever it says");
	tap_ok(judge(OUTCOME_UNKNOWN, 0, "done", "deadline", 0).verdict ==
		   OUTCOME_WAIT,
	    "no answer is no judgement");
	j = judge(OUTCOME_ENDED, 0, "done", "deadline", 2);
	tap_ok(j.verdict == OUTCOME_FINAL && strcmp(j.state, "done") == 0 &&
		   strcmp(j.reason, "deadline") == 0,
	    "a run that says done is done");
	j = judge(OUTCOME_ENDED, 65, "failed", "provision", 0);
	tap_ok(j.verdict == OUTCOME_FINAL && strcmp(j.state, "failed") == 0,
	    "the job's own fault is final");
	j = judge(OUTCOME_ENDED, 65, NULL, NULL, 0);
	tap_ok(j.verdict == OUTCOME_FINAL && strcmp(j.reason, "bundle") == 0,
	    "refused before it began is final");
	j = judge(OUTCOME_GONE, 0, "running", NULL, 0);
	tap_ok(
	    j.verdict == OUTCOME_RETRY && j.losses == 1 && j.retry_at == 1030,
	    "a lost run is tried again after 30 s");
	j = judge(OUTCOME_ENDED, 137, "running", NULL, 2);
	tap_ok(
	    j.verdict == OUTCOME_RETRY && j.losses == 3 && j.retry_at == 1120,
	    "the pause doubles");
	j = judge(OUTCOME_ENDED, 137, "running", NULL, 3);
	tap_ok(j.verdict == OUTCOME_GIVEUP && strcmp(j.state, "failed") == 0,
	    "after the last retry it is given up");
	j = judge(OUTCOME_ENDED, 75, NULL, NULL, 3);
	tap_ok(j.verdict == OUTCOME_RETRY && j.losses == 3,
	    "no free core is not counted");
	j = judge(OUTCOME_ENDED, 143, "finishing", NULL, 3);
	tap_ok(
	    j.verdict == OUTCOME_RETRY && j.losses == 3, "TERM is not counted");
	tap_ok(outcome_pause(0, 0.5) == 0 && outcome_pause(50, 0.5) == 3600 &&
		   outcome_pause(1, 0) == 24 && outcome_pause(1, 1) == 36,
	    "an hour at most, give or take a fifth");
}

static void
test_place(void)
{
	struct node v[] = {
	    {.name = (char *)"a",
		.tags = (char *)"x,big",
		.cpus = 4,
		.memory = 4000},
	    {.name = (char *)"b",
		.tags = (char *)"",
		.cpus = 8,
		.memory = 1000},
	};
	struct nodes nodes = {v, 2};
	struct place_run runs[] = {
	    {.job = 1, .priority = 50, .cpus = 9, .memory = 1, .needs = ""},
	    {.job = 2, .priority = 50, .cpus = 2, .memory = 900, .needs = ""},
	    {.job = 3, .priority = 60, .cpus = 2, .memory = 2000, .needs = ""},
	    {.job = 4, .priority = 50, .cpus = 1, .memory = 10, .needs = "big"},
	    {.job = 5, .priority = 50, .cpus = 6, .memory = 10, .needs = ""},
	    {.job = 6,
		.priority = 50,
		.cpus = 1,
		.memory = 10,
		.needs = "",
		.node = "a"},
	};

	place_runs(runs, 6, &nodes);
	tap_ok(runs[0].job == 3 && runs[0].chosen == &v[0],
	    "higher priority first, where the memory is");
	tap_ok(runs[1].job == 1 && runs[1].chosen == NULL,
	    "what fits nowhere waits and holds up nobody");
	tap_ok(runs[2].job == 2 && runs[2].chosen == &v[1],
	    "the node with the most free CPUs");
	tap_ok(runs[3].chosen == &v[0], "only nodes with the needed tags");
	tap_ok(runs[4].chosen == &v[1] && v[1].cpus_used == 8,
	    "filled to the last CPU and not beyond");
	tap_ok(runs[5].chosen == &v[0], "a run goes on where its files are");
}

int
main(void)
{
	test_judge();
	test_place();
	return tap_end();
}
