/*
 * What becomes of a run: a pure function of what its files and its engine say.
 *
 * The node tells what it did in progress (state, reason), the engine whether
 * anything of it lives.  The judgement is dispatch's alone and goes into the
 * run file.  A run that was lost by its machine's fault (killed, rebooted, out
 * of disk) goes on in its directory, after a pause that doubles: 30 s up to an
 * hour, give or take a fifth, at most `retries` times.  What was only
 * interrupted (no free core, a signal) is not counted.
 */
#ifndef LAGO_CLUSTER_JUDGE_H
#define LAGO_CLUSTER_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

enum judge_life {
	JUDGE_ALIVE,  /* something of the run lives */
	JUDGE_ENDED,  /* lago-run ended by itself, with a status */
	JUDGE_GONE,   /* nothing lives, and nobody knows how it ended */
	JUDGE_UNKNOWN /* the engine gave no answer */
};

enum judge_verdict {
	JUDGE_WAIT,  /* nothing to do in this pass */
	JUDGE_FINAL, /* the run is over: state and reason are its judgement */
	JUDGE_RETRY, /* start it again, not before retry_at */
	JUDGE_GIVEUP /* lost too often: failed, with the reason */
};

struct judge_facts {
	enum judge_life life;
	int status;	    /* with JUDGE_ENDED: an exit status */
	const char *state;  /* of progress, or NULL */
	const char *reason; /* of progress, or NULL */
	int64_t losses;	    /* counted so far */
	int64_t retries;    /* of the job */
	int64_t now;	    /* Unix seconds */
	double jitter;	    /* 0 to 1, random */
};

struct judgement {
	enum judge_verdict verdict;
	const char *state;  /* done failed killed lost */
	const char *reason; /* first word of decisions; never NULL if final */
	int64_t losses;
	int64_t retry_at;
};

void judge_run(const struct judge_facts *facts, struct judgement *j);

/* Seconds to wait before try number losses (from 1). */
int64_t judge_pause(int64_t losses, double jitter);

#endif
