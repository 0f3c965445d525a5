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

#define RUN(number, urgent, many, much, ...)                             \
	{                                                                \
		.job = (number), .priority = (urgent), .cpus = (many),   \
		.memory = (much), .needs = "", .owner = "", .shards = 1, \
		__VA_ARGS__                                              \
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
	struct nodes nodes = {.v = v, .n = 2};
	struct place_rules rules = {
	    .ageing = 10, .patience = 100, .weights = ""};
	struct place_run runs[] = {
	    RUN(1, 50, 9, 1),
	    RUN(2, 50, 2, 900),
	    RUN(3, 60, 2, 2000),
	    RUN(4, 50, 1, 10),
	    RUN(5, 50, 6, 10),
	    RUN(6, 50, 1, 10, .node = "a"),
	};
	size_t n;

	runs[3].needs = "big";
	n = place_runs(&rules, runs, 6, &nodes);

	tap_ok(n == 5 && runs[5].job == 1 && runs[5].chosen == NULL,
	    "what fits nowhere waits and holds up nobody");
	tap_ok(runs[0].job == 3 && runs[0].chosen == &v[0],
	    "higher priority first, where the memory is");
	tap_ok(runs[1].job == 2 && runs[1].chosen == &v[1],
	    "the node with the most free CPUs");
	tap_ok(runs[2].chosen == &v[0], "only nodes with the needed tags");
	tap_ok(runs[3].chosen == &v[1] && v[1].cpus_used == 8,
	    "filled to the last CPU and not beyond");
	tap_ok(runs[4].chosen == &v[0], "a run goes on where its files are");
}

/* Hours of a cluster of one CPU, where a job takes one hour: the job that starts
 * in each. */
static void
test_time(void)
{
	struct node v[] = {
	    {.name = (char *)"a", .tags = (char *)"", .cpus = 1, .memory = 9}};
	struct nodes nodes = {.v = v, .n = 1};
	struct place_rules rules = {
	    .ageing = 900, .patience = 1, .weights = ""};
	int hour;

	for (hour = 0; hour < 100; hour++) {
		struct place_run runs[] = {RUN(1, 0, 1, 1), RUN(2, 99, 1, 1)};

		runs[0].waited = hour * 3600;
		v[0].cpus_used = v[0].memory_used = 0;
		v[0].kept = false;
		place_runs(&rules, runs, 2, &nodes);
		if (runs[0].job == 1)
			break;
	}
	tap_ok(hour == 25, "the lowest priority passes new ones of the highest "
			   "after 25 hours");
}

/* n jobs of each of two owners, one CPU each, on m CPUs: those of the first. */
static int
share(const char *weights, size_t m, struct place_use *uses, size_t nuses)
{
	struct node v[] = {
	    {.name = (char *)"a", .tags = (char *)"", .memory = 999}};
	struct nodes nodes = {.v = v, .n = 1};
	struct place_rules rules = {
	    .ageing = 1, .weights = weights, .uses = uses, .n = nuses};
	struct place_run runs[40];
	size_t i, n;
	int first = 0;

	v[0].cpus = (int64_t)m;
	for (i = 0; i < 40; i++) {
		runs[i] = (struct place_run)RUN((long)i + 1, 50, 1, 1);
		runs[i].owner = i < 20 ? "alice" : "bob";
		if (i < 20) { /* older and more urgent */
			runs[i].priority = 99;
			runs[i].waited = 1000;
		}
	}
	n = place_runs(&rules, runs, 40, &nodes);
	for (i = 0; i < n; i++)
		first += strcmp(runs[i].owner, "alice") == 0;
	return n == m ? first : -1;
}

static void
test_share(void)
{
	struct place_use uses[] = {{"alice", 4}, {"carol", 9}, {"alice", 2}};

	tap_ok(share("", 10, NULL, 0) == 5, "two owners share half and half");
	tap_ok(share("alice:3", 12, NULL, 0) == 9, "by their weights");
	tap_ok(share("", 10, uses, 3) == 2, "what runs already counts");
	tap_ok(share("", 39, NULL, 0) == 20, "what one leaves the other takes");
}

static void
test_wait(void)
{
	struct node v[] = {
	    {.name = (char *)"a", .tags = (char *)"", .cpus = 8, .memory = 9},
	    {.name = (char *)"b", .tags = (char *)"", .cpus = 8, .memory = 9}};
	struct nodes nodes = {.v = v, .n = 2};
	struct place_rules rules = {.patience = 100, .weights = ""};
	struct place_run runs[] = {
	    RUN(1, 50, 8, 1), RUN(2, 50, 1, 1), RUN(3, 50, 1, 1, .avoid = "b")};

	v[0].cpus_used = 7;
	v[1].cpus_used = 6;
	place_runs(&rules, runs, 3, &nodes);
	tap_ok(runs[0].job == 2 && runs[0].chosen == &v[1] &&
		   runs[1].job == 3 && runs[1].chosen == &v[0],
	    "not where it failed before, when another could do");
	v[0].cpus_used = 7;
	v[1].cpus_used = 6;
	runs[2].waited = 100;
	place_runs(&rules, runs, 3, &nodes);
	tap_ok(runs[1].job == 1 && runs[0].chosen == &v[0] &&
		   runs[1].chosen == NULL && runs[2].chosen == NULL,
	    "a large one that waited for long has a node kept free");
}

int
main(void)
{
	test_judge();
	test_place();
	test_time();
	test_share();
	test_wait();
	return tap_end();
}
