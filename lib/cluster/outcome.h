/*
 * What becomes of a run: a pure function of what its files and its engine say.
 *
 * The node tells what it did in progress (state, reason), the engine whether
 * anything of it lives.  The judgement is dispatch's alone and goes into the
 * run file.  A run that was lost by its machine's fault (killed, rebooted, out
 * of disk) goes on in its directory, after a pause that doubles: 30 s up to an
 * hour, give or take a fifth, at most `retries` times.  When the next try may go
 * to another machine the first one needs no pause.  What was only interrupted
 * (no free core, a signal) is not counted.
 */
#ifndef LAGO_CLUSTER_OUTCOME_H
#define LAGO_CLUSTER_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum outcome_life {
	OUTCOME_ALIVE,	/* something of the run lives */
	OUTCOME_ENDED,	/* lago-run ended by itself, with a status */
	OUTCOME_GONE,	/* nothing lives, and nobody knows how it ended */
	OUTCOME_UNKNOWN /* the engine gave no answer */
};

enum outcome_verdict {
	OUTCOME_WAIT,  /* nothing to do in this pass */
	OUTCOME_FINAL, /* the run is over: state and reason are its judgement */
	OUTCOME_RETRY, /* start it again, not before retry_at */
	OUTCOME_GIVEUP /* lost too often: failed, with the reason */
};

struct outcome_facts {
	enum outcome_life life;
	int status;	    /* with OUTCOME_ENDED: an exit status */
	const char *state;  /* of progress, or NULL */
	const char *reason; /* of progress, or NULL */
	bool elsewhere;	    /* the next try may be on another machine */
	int64_t losses;	    /* counted so far */
	int64_t retries;    /* of the job */
	int64_t now;	    /* Unix seconds */
	double jitter;	    /* 0 to 1, random */
};

struct outcome {
	enum outcome_verdict verdict;
	const char *state;  /* done failed killed */
	const char *reason; /* first word of decisions; never NULL if final */
	int64_t losses;
	int64_t retry_at;
};

void outcome_of(const struct outcome_facts *facts, struct outcome *j);

/* Seconds to wait before try number losses (from 1); none before the 0th. */
int64_t outcome_pause(int64_t losses, double jitter);

#endif
