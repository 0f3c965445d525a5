#include "run/run.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/sig.h"
#include "base/strs.h"
#include "job/rundir.h"
#include "run/collect.h"
#include "run/finish.h"
#include "run/foreign.h"
#include "run/instances.h"
#include "run/life.h"
#include "run/limits.h"
#include "run/livereduce.h"
#include "run/livetriage.h"
#include "run/series.h"
#include "run/start.h"
#include "run/task.h"
#include "target/keeper.h"

#define LAST_CALL 20.0 /* for triage, when the disk ran out */
#define GRACE 3.0      /* for what still runs at the end */
#define FILE_MAX (1 << 20)

/* ---- phases ---- */

static int
lost(struct life *l)
{
	return life_fail(l, "node", EX_LAGO_TEMP,
	    "the keeper of the run was ended by somebody");
}

/* The last words of those that could not go on for want of disk. */
static void
last_call(struct life *l)
{
	collect_crashes(l);
	livetriage_drain(l, clock_mono() + LAST_CALL);
}

static int
fuzz_loop(struct life *l)
{
	double left, pause;

	while ((left = l->deadline - life_fuzzed(l)) > 0 &&
	       l->hurry == LIFE_GO_ON && !l->gone) {
		if (instances_tick(l) != 0 || limits_tick(l) != 0)
			return -1;
		collect_tick(l);
		foreign_tick(l);
		livetriage_tick(l);
		livereduce_tick(l);
		series_tick(l);
		life_beat(l);
		left = l->deadline - life_fuzzed(l);
		pause = livetriage_busy(l) ? 0.2 : 1;
		task_sleep(l, left < pause ? left : pause);
	}
	return 0;
}

static int
fuzz(struct life *l)
{
	int rc;

	limits_reserve(l);
	if (instances_start(l) != 0)
		return -1;
	series_start(l);
	l->fuzz_start = clock_mono();
	rc = fuzz_loop(l);
	l->fuzz_before = life_fuzzed(l);
	l->fuzz_start = 0;
	instances_stop(l);
	series_last(l);
	if (rc != 0)
		last_call(l);
	else if (l->gone)
		rc = lost(l);
	else if (l->hurry == LIFE_GO_ON && series_execs(l) == 0)
		rc = life_fail(l, "driver", EX_LAGO_DATA,
		    "the fuzzers executed nothing in %.0f s", l->deadline);
	return rc;
}

/* The keeper, once work/ is there. */
static int
guard(struct life *l, const struct run_config *c)
{
	bool box = strcmp(kv_get(&l->job, "sandbox"), "no") != 0;
	char *system = mem_printf("%s/.system", l->path);
	struct keeper_config k = {.work = l->work,
	    .sandbox = box ? KEEPER_SANDBOX_AUTO : KEEPER_SANDBOX_NO,
	    .network = life_int(l, "network", 0) != 0};
	int *locks = mem_array(l->claim.cpus.n + 1, sizeof(*locks));
	struct fail f = {0};

	memcpy(locks, l->claim.fd, l->claim.cpus.n * sizeof(*locks));
	locks[l->claim.cpus.n] = l->lock;
	k.locks = locks;
	k.nlocks = l->claim.cpus.n + 1;
	if (file_exists(l->workfd, "bundle/provision.sh"))
		k.overlay = system;
	if (k.network && !c->allow_network)
		life_fail(l, "tool", EX_LAGO_UNAVAILABLE,
		    "the job wants the network, which is not allowed here");
	else if (!box && !c->allow_no_sandbox)
		life_fail(l, "tool", EX_LAGO_UNAVAILABLE,
		    "the job wants no sandbox, which is not allowed here");
	else if ((l->keeper = keeper_start(&k, &f)) == NULL)
		life_fail(l, "tool", f.status, "%s", f.text);
	else if (*keeper_reason(l->keeper) != '\0')
		life_say(l, "no sandbox: %s", keeper_reason(l->keeper));
	free(locks);
	free(system);
	return l->keeper != NULL ? 0 : -1;
}

/* Everything up to a driver that can be asked, from where it stood. */
static int
begin(struct life *l, const struct run_config *c)
{
	enum life_phase from = l->phase;

	if (from <= LIFE_PROVISION) {
		life_enter(l, LIFE_UNPACK);
		if (start_unpack(l) != 0)
			return -1;
		life_enter(l, LIFE_PROVISION);
	} else if (start_open(l) != 0) {
		return -1;
	}
	if (guard(l, c) != 0)
		return -1;
	if (from <= LIFE_PROVISION) {
		if (start_provision(l) != 0)
			return -1;
		life_enter(l, LIFE_CHECK);
	}
	if (livetriage_start(l) != 0 || collect_start(l) != 0)
		return -1;
	if (start_check(l) != 0)
		return -1;
	foreign_start(l);
	return 0;
}

static int
live(struct life *l, const struct run_config *c)
{
	bool finish = l->phase == LIFE_FINISH;

	if (begin(l, c) != 0 || l->hurry > LIFE_GO_ON)
		return -1;
	if (!finish) {
		life_enter(l, LIFE_FUZZ);
		if (fuzz(l) != 0)
			return -1;
		finish = l->hurry == LIFE_GO_ON;
	}
	if (l->hurry == LIFE_KILL)
		return -1;
	/* Interrupted, it goes on fuzzing later: the phase on disk stays. */
	if (finish)
		life_enter(l, LIFE_FINISH);
	return finish_go(l);
}

/* ---- the whole ---- */

static int
claim(struct life *l, const struct run_config *c, struct fail *f)
{
	size_t n = (size_t)life_int(l, "cpus", 2);
	struct cpus all = {0};
	int rc = 0;

	if (c->cpus == NULL && cpus_allowed(&all, f) != 0)
		return -1;
	if (n > (c->cpus != NULL ? c->cpus : &all)->n)
		rc = fail_set(f, EX_LAGO_UNAVAILABLE,
		    "the job wants %zu CPUs, there are %zu here", n,
		    (c->cpus != NULL ? c->cpus : &all)->n);
	else
		rc = cpus_claim(
		    &l->claim, c->cpus != NULL ? c->cpus : &all, n, c->wait, f);
	cpus_release(&all);
	return rc;
}

/* What is not needed once the run is over. */
static void
sweep(int dir)
{
	static const char *const names[] = {"work", ".system", ".reserve",
	    ".corpus", ".found", FOREIGN_DIR, FOREIGN_INCOMING};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		file_remove(dir, names[i], NULL);
}

/* The judgement over how live() ended; the exit status' fail. */
static int
end(struct life *l, int rc, struct fail *f)
{
	const struct rundir_reason *why = rundir_reason(l->reason);
	bool over = true;

	if (l->stop) {
		l->reason = NULL;
		memset(&l->fail, 0, sizeof(l->fail));
		life_conclude(l, "killed", "killed");
		rc = 0;
	} else if (l->hurry != LIFE_GO_ON && l->reason == NULL) {
		over = false;
		fail_set(&l->fail, EX_LAGO_TEMP, "interrupted, goes on later");
		life_conclude(l, NULL, "signal");
		rc = -1;
	} else if (rc == 0) {
		l->phase = LIFE_DONE;
		kv_set(&l->progress, "phase", "done");
		life_conclude(l, "done", "deadline");
	} else if (why != NULL && why->fault == RUNDIR_JOB) {
		life_conclude(l, "failed", why->word);
	} else {
		over = false;
		life_conclude(l, NULL, why != NULL ? why->word : "node");
	}
	if (rc != 0)
		*f = l->fail;
	keeper_stop(l->keeper, over && rc == 0 ? 0 : GRACE);
	l->keeper = NULL;
	l->gone = true;
	/* Only of one that is done is the rest triaged by the next call. */
	if (over && (l->phase != LIFE_DONE || livetriage_untriaged(l) == 0))
		sweep(l->dir);
	if (l->signal != 0)
		sig_got = l->signal;
	return rc;
}

static void
release(struct life *l)
{
	instances_free(l);
	series_free(l);
	collect_free(l);
	livereduce_free(l);
	livetriage_free(l);
	while (l->ntasks > 0)
		task_free(l, l->tasks[0]);
	free(l->tasks);
	strs_release(&l->driver_env);
	for (size_t i = 0; i < LIFE_BUILDS; i++)
		plugin_command_release(&l->replay[i]);
	kv_release(&l->job);
	kv_release(&l->progress);
	cpus_unclaim(&l->claim);
	close(l->lock);
	if (l->workfd >= 0)
		close(l->workfd);
	free(l->work);
	free(l->import);
}

static void
copy(struct kv *to, const struct kv *from)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		kv_add(to, from->v[i].key, from->v[i].value);
}

static long
shard_of(int dir)
{
	struct kv run = {0};
	long shard = 1;

	if (rundir_read(dir, &run, NULL, NULL) == 0)
		shard = (long)kv_int(&run, "shard", 1);
	kv_release(&run);
	return shard;
}

static void
prepare(struct life *l, const struct run_config *c)
{
	const char *state = kv_get(&l->progress, "state");

	l->path = c->path;
	l->dir = c->dir;
	l->lock = c->lock;
	l->bundle = c->bundle;
	l->say = c->say;
	l->show = c->show;
	l->workfd = -1;
	l->work = mem_printf("%s/work", c->path);
	copy(&l->job, c->job);
	l->shard = shard_of(l->dir);
	l->deadline = life_seconds(l, "deadline", 3600);
	l->phase = life_phase(&l->progress);
	if (l->phase == LIFE_DONE) /* crashes were left untriaged */
		l->phase = LIFE_FINISH;
	l->resumed = l->phase >= LIFE_FUZZ;
	l->fuzz_before = (double)kv_int(&l->progress, "fuzzed", 0);
	l->dropped = (uint64_t)kv_int(&l->progress, "dropped", 0);
	if (c->budget > 0)
		l->budget_end = clock_mono() + c->budget;
	if (state == NULL)
		kv_setf(&l->progress, "start", "%lld", (long long)clock_unix());
	kv_set(&l->progress, "version", LAGO_VERSION);
	kv_set(&l->progress, "reason", "");
	kv_set(&l->progress, "reason_text", "");
}

/* Nothing is left to do. */
static bool
finished(const struct life *l)
{
	const char *state = kv_get(&l->progress, "state");

	if (!rundir_ended(state))
		return false;
	return strcmp(state, "done") != 0 ||
	       kv_int(&l->progress, "untriaged", 0) == 0 ||
	       !file_exists(l->dir, "work");
}

/* The same answer as the call that ended it gave. */
static int
again(struct life *l, struct fail *f)
{
	const char *text = kv_get(&l->progress, "reason_text");

	sweep(l->dir);
	if (strcmp(kv_get(&l->progress, "state"), "failed") != 0)
		return 0;
	return fail_set(f, EX_LAGO_DATA, "%s", text != NULL ? text : "failed");
}

int
run_go(const struct run_config *c, struct fail *f)
{
	struct life l = {.dir = c->dir, .lock = c->lock, .workfd = -1};
	int rc;

	if (file_exists(c->dir, "progress") &&
	    kv_read(&l.progress, c->dir, "progress", FILE_MAX, f) != 0)
		rc = -1;
	else if (finished(&l))
		rc = again(&l, f);
	else {
		prepare(&l, c);
		rc = claim(&l, c, f);
		if (rc == 0)
			rc = end(&l, live(&l, c), f);
	}
	release(&l);
	return rc;
}
