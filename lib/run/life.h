/*
 * What the files of run/ share: the state of the one run that this process
 * leads.  run.c makes it and goes through the phases; each other file does one
 * thing with it and has its own state behind a pointer here.
 */
#ifndef LAGO_RUN_LIFE_H
#define LAGO_RUN_LIFE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/kv.h"
#include "base/strs.h"
#include "job/plugin.h"
#include "target/cpus.h"

struct collect;
struct instances;
struct keeper;
struct livereduce;
struct livetriage;
struct series;
struct task;

enum life_phase {
	LIFE_UNPACK,
	LIFE_PROVISION,
	LIFE_CHECK,
	LIFE_FUZZ,
	LIFE_FINISH,
	LIFE_DONE
};

enum life_hurry {
	LIFE_GO_ON,
	LIFE_PAUSE, /* deliver within 60 s, can be resumed */
	LIFE_STOP,  /* deliver within 60 s, it was the end */
	LIFE_KILL   /* now */
};

/* Builds that crashes are judged on. */
enum life_build { LIFE_TARGET, LIFE_SAN, LIFE_BUILDS };

struct life {
	/* the run */
	const char *path; /* of its directory, absolute */
	int dir;
	struct kv job, progress;
	long shard;	    /* of the job, from 1 */
	const char *bundle; /* path of the archive */
	void (*say)(const char *text), (*show)(const char *text);

	/* where it runs */
	char *work; /* path/work */
	int workfd; /* -1 until it is there */
	int lock;
	struct cpus_claim claim;
	struct keeper *keeper;
	unsigned n; /* instances */

	/* how it stands */
	enum life_phase phase;
	enum life_hurry hurry;
	int signal;	    /* that came; 0: none */
	double signalled;   /* when, clock_mono */
	bool stop;	    /* the file `stop` is there */
	bool gone;	    /* the keeper is no more */
	double beat;	    /* when progress is written next */
	double budget_end;  /* of the command; monotonic like all below */
	double end_by;	    /* tasks that somebody waits for end here */
	double fuzz_start;  /* of this process; 0: not yet */
	double fuzz_before; /* seconds fuzzed by those before */
	double deadline;    /* seconds of fuzzing */
	const char *reason; /* a word of the list, set by life_fail */
	struct buf reason_text;
	struct fail fail;   /* why, for the exit status */
	uint64_t dropped;   /* crashes not kept */
	uint64_t rss, disk; /* bytes, as measured last */
	double disk_next;   /* not to be measured before */
	double memory_next; /* nor the memory */
	bool resumed;	    /* an earlier process began to fuzz */

	/* of the driver, valid from the check on */
	struct strs driver_env;
	bool cumulative; /* counters of an instance go on over restarts */
	bool own_limit;	 /* of one execution: needs none from us */
	char *import; /* below out/: for what others found; NULL: it has none */
	unsigned imported;	 /* files there */
	uint64_t imported_bytes; /* by this process */
	time_t import_time;	 /* of the last that were given */
	/* how each build runs an input; no vector: there is no such build */
	struct plugin_command replay[LIFE_BUILDS];

	struct task **tasks;
	size_t ntasks;
	struct instances *instances;
	struct collect *collect;
	struct livetriage *triage;
	struct livereduce *reduce;
	struct series *series;
};

/* How the run failed: reason is a word of rundir_reasons; returns -1. */
int life_fail(struct life *l, const char *reason, int status, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
/* A line of the log, for people. */
void life_say(struct life *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Text that somebody else printed, into the log. */
void life_log(struct life *l, const char *title, const char *p, size_t n);
/* Seconds fuzzed so far. */
double life_fuzzed(const struct life *l);
/* The job's number of that key. */
int64_t life_int(const struct life *l, const char *key, int64_t otherwise);
double life_seconds(const struct life *l, const char *key, double otherwise);
/* Limit of one execution, seconds: the job's, else what was measured, else 0. */
double life_timeout(const struct life *l);
/* Looks at signals, the stop file and the budget; sets hurry and end_by. */
void life_look(struct life *l);

/* progress: the next phase; now and then the heartbeat; how it ended (state), or
 * why it stands still (state NULL). */
enum life_phase life_phase(const struct kv *progress);
void life_enter(struct life *l, enum life_phase phase);
void life_beat(struct life *l);
void life_conclude(struct life *l, const char *state, const char *reason);

#endif
