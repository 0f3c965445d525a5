#include "cluster/outcome.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "base/fail.h"
#include "job/rundir.h"

#define PAUSE_FIRST 30 /* seconds */
#define PAUSE_MOST 3600
#define JITTER 0.2

int64_t
outcome_pause(int64_t losses, double jitter)
{
	int64_t pause = losses > 0 ? PAUSE_FIRST : 0;

	while (--losses > 0 && pause < PAUSE_MOST)
		pause *= 2;
	if (pause > PAUSE_MOST)
		pause = PAUSE_MOST;
	return (int64_t)((double)pause * (1 - JITTER + 2 * JITTER * jitter));
}

/* The machine was busy or the run was asked to pause: nobody's fault. */
static bool
interrupted(const struct outcome_facts *facts)
{
	return facts->life == OUTCOME_ENDED &&
	       (facts->status == EX_LAGO_TEMP ||
		   facts->status == 128 + SIGTERM ||
		   facts->status == 128 + SIGINT ||
		   facts->status == 128 + SIGHUP);
}

static bool
named(const struct outcome_facts *facts)
{
	return facts->reason != NULL && *facts->reason != '\0';
}

static void
again(const struct outcome_facts *facts, struct outcome *j)
{
	if (interrupted(facts)) {
		j->verdict = OUTCOME_RETRY;
		j->reason = facts->status == EX_LAGO_TEMP ? "cores" : "signal";
		j->retry_at = facts->now + outcome_pause(1, facts->jitter);
		return;
	}
	j->losses++;
	j->reason = named(facts) ? facts->reason : "node";
	if (j->losses > facts->retries) {
		j->verdict = OUTCOME_GIVEUP;
		j->state = "failed";
		return;
	}
	j->verdict = OUTCOME_RETRY;
	j->retry_at = facts->now + outcome_pause(j->losses - facts->elsewhere,
				       facts->jitter);
}

void
outcome_of(const struct outcome_facts *facts, struct outcome *j)
{
	memset(j, 0, sizeof(*j));
	j->losses = facts->losses;
	if (facts->life == OUTCOME_ALIVE || facts->life == OUTCOME_UNKNOWN)
		return;
	if (rundir_ended(facts->state) && strcmp(facts->state, "lost") != 0) {
		j->verdict = OUTCOME_FINAL;
		j->state = facts->state;
		j->reason = facts->reason != NULL ? facts->reason : "";
		return;
	}
	/* The bundle or the job was refused before there was progress. */
	if (facts->life == OUTCOME_ENDED && facts->status == EX_LAGO_DATA) {
		j->verdict = OUTCOME_FINAL;
		j->state = "failed";
		j->reason = named(facts) ? facts->reason : "bundle";
		return;
	}
	again(facts, j);
}
