#include "cluster/judge.h"

#include <stddef.h>
#include <string.h>

#include "base/fail.h"

#define PAUSE_FIRST 30 /* seconds */
#define PAUSE_MOST 3600
#define JITTER 0.2

int64_t
judge_pause(int64_t losses, double jitter)
{
	int64_t pause = PAUSE_FIRST;

	while (--losses > 0 && pause < PAUSE_MOST)
		pause *= 2;
	if (pause > PAUSE_MOST)
		pause = PAUSE_MOST;
	return (int64_t)((double)pause * (1 - JITTER + 2 * JITTER * jitter));
}

/* Words of progress that end a run for good. */
static bool
over(const char *state)
{
	return state != NULL &&
	       (strcmp(state, "done") == 0 || strcmp(state, "failed") == 0 ||
		   strcmp(state, "killed") == 0);
}

/* The machine was busy or the run was asked to pause: nobody's fault. */
static bool
interrupted(const struct judge_facts *facts)
{
	if (facts->life != JUDGE_ENDED)
		return false;
	return facts->status == EX_LAGO_TEMP || facts->status == 128 + 15 ||
	       facts->status == 128 + 2 || facts->status == 128 + 1;
}

static void
again(const struct judge_facts *facts, struct judgement *j)
{
	if (interrupted(facts)) {
		j->verdict = JUDGE_RETRY;
		j->reason = facts->status == EX_LAGO_TEMP ? "cores" : "signal";
		j->retry_at = facts->now + judge_pause(1, facts->jitter);
		return;
	}
	j->losses++;
	j->reason = facts->reason != NULL ? facts->reason : "node";
	if (j->losses > facts->retries) {
		j->verdict = JUDGE_GIVEUP;
		j->state = "lost";
		return;
	}
	j->verdict = JUDGE_RETRY;
	j->retry_at = facts->now + judge_pause(j->losses, facts->jitter);
}

void
judge_run(const struct judge_facts *facts, struct judgement *j)
{
	memset(j, 0, sizeof(*j));
	j->losses = facts->losses;
	if (facts->life == JUDGE_ALIVE || facts->life == JUDGE_UNKNOWN)
		return;
	if (over(facts->state)) {
		j->verdict = JUDGE_FINAL;
		j->state = facts->state;
		j->reason = facts->reason != NULL ? facts->reason : "";
		return;
	}
	/* The bundle or the job was refused before there was progress. */
	if (facts->life == JUDGE_ENDED && facts->status == EX_LAGO_DATA) {
		j->verdict = JUDGE_FINAL;
		j->state = "failed";
		j->reason = facts->reason != NULL ? facts->reason : "bundle";
		return;
	}
	again(facts, j);
}
