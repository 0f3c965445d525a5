/*
 * What "the same bug" means to a reducer, asked of fresh processes: the bucket
 * that lago-triage gives, or something wider or narrower, or a user's script.
 */
#ifndef LAGO_REDUCE_ORACLE_H
#define LAGO_REDUCE_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strs.h"
#include "crash/verdict.h"
#include "target/exec.h"

struct fail;
struct judge;
struct rules;

enum oracle_by {
	ORACLE_BUCKET, /* and kind, access, security, severity */
	ORACLE_EXACT,  /* and the lines of the code */
	ORACLE_KIND,   /* of crash, wherever */
	ORACLE_CRASH,  /* any */
	ORACLE_STATUS, /* the target ends with the same one, crash or not */
	ORACLE_SCRIPT  /* it ends with 0 */
};

struct oracle {
	/* in */
	enum oracle_by by;
	const char *script; /* gets the path of the input, then the command */
	struct exec_target target; /* without the sanitizers' environment */
	double limit;		   /* seconds a run, may be changed */

	struct verdict_key key; /* of the bug */
	int status;		/* wait(2) status of its target */
	bool timeout;		/* it is that it does not end */

	/* private */
	struct strs env, argv;
	struct verdict_policy policy;
	struct rules *rules;
	struct judge *judge;
	struct exec *exec; /* of the script */
	bool leaks;
};

/* -1: as exec_open, or rules_load.  Leaks are looked for when asked. */
int oracle_open(struct oracle *o, bool leaks, struct fail *f);
void oracle_close(struct oracle *o);

/* One run, fresh or by a late fork server (exec.h).  1: the same bug; 0: not,
 * and *key says what it is; -1: could not be run, or stopped. */
int oracle_ask(struct oracle *o, const void *p, size_t n, int late,
    struct verdict_key *key, struct fail *f);
/* What the last run showed is the bug from now on. */
void oracle_learn(struct oracle *o, const struct verdict_key *key);
/* Of the last run. */
const struct exec_result *oracle_result(const struct oracle *o);
bool oracle_shows(const struct oracle *o, const struct verdict_key *key);

#endif
