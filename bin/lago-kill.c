/*
 * lago-kill: end jobs and runs; what they found is kept.
 *
 * The wish is a line in the job's events first, so that it survives a dead
 * head; then a row; then the engines are told.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/out.h"
#include "cluster/engine.h"
#include "cluster/nodes.h"
#include "job/home.h"
#include "job/rundir.h"
#include "store/store.h"
#include "store/store_event.h"
#include "store/store_job.h"

static const char usage[] = "usage: lago-kill [-jkq] [-H dir] [id...]\n";

static bool kflag, qflag;
static struct out out;
static struct home home;
static struct nodes nodes;
static struct store *store;

/* A run that is to end, or is over (file.n 0 then). */
static int
read_run(
    long job, long id, struct engine_run *run, struct kv *file, struct fail *f)
{
	const char *node;
	int dir = home_run(&home, job, id, f), rc;

	*run = (struct engine_run){.job = job, .run = id};
	if (dir < 0)
		return -1;
	rc = rundir_read(dir, file, NULL, f);
	close(dir);
	if (rc != 0 || rundir_ended(kv_get(file, "state"))) {
		kv_release(file);
		return rc;
	}
	node = kv_get(file, "node");
	run->uuid = kv_get(file, "uuid");
	run->node = nodes_find(&nodes, node == NULL ? "local" : node);
	if (run->uuid == NULL || run->node == NULL)
		return fail_set(f, EX_LAGO_CONFIG,
		    "%ld.%ld: node '%s' is not in nodes", job, id,
		    node == NULL ? "local" : node);
	return 0;
}

/* Tell the engines to end these runs, all that can be told; the first failure is
 * in *f (-1). */
static int
stop_runs(long job, const long *ids, size_t n, struct fail *f)
{
	struct engine_run *run = mem_array(n + 1, sizeof(*run));
	const struct engine_run **told = mem_array(n + 1, sizeof(*told));
	struct kv *file = mem_array(n + 1, sizeof(*file));
	struct fail *why = mem_array(n + 1, sizeof(*why));
	int *rc = mem_array(n + 1, sizeof(*rc)), worst = 0;
	size_t i, m = 0;

	for (i = 0; i < n; i++) {
		if (read_run(job, ids[i], &run[i], &file[i], &why[0]) != 0) {
			if (worst == 0)
				*f = why[0];
			worst = -1;
		} else if (run[i].node != NULL)
			told[m++] = &run[i];
	}
	engine_stop(&home, told, m, kflag, rc, why);
	for (i = 0; i < m; i++)
		if (rc[i] != 0) {
			if (worst == 0)
				*f = why[i];
			worst = -1;
		}
	for (i = 0; i < n; i++)
		kv_release(&file[i]);
	free(run);
	free(told);
	free(file);
	free(why);
	free(rc);
	return worst;
}

/* The wish, as file and row. */
static int
record(long job, long run, struct fail *f)
{
	char value[32] = "";
	int dir = home_job(&home, job, f), rc;

	if (dir < 0)
		return -1;
	if (run > 0)
		snprintf(value, sizeof(value), "%ld", run);
	rc = store_event_append(dir, "kill", value, f);
	if (rc == 0)
		rc = store_begin(store, f);
	if (rc == 0) {
		rc = store_event_take(store, job, dir, NULL, f);
		if (rc == 0)
			rc = store_commit(store, f);
		else
			store_rollback(store);
	}
	close(dir);
	return rc;
}

static int
kill_runs(long job, long run, struct fail *f)
{
	long *runs = NULL;
	size_t n = 0;
	int rc;

	if (run > 0)
		return stop_runs(job, &run, 1, f);
	if (home_runs(&home, job, &runs, &n, f) != 0)
		return -1;
	rc = stop_runs(job, runs, n, f);
	free(runs);
	return rc;
}

/* Exit status of one id. */
static int
kill_id(const char *text)
{
	char state[16];
	struct fail f;
	long job, run;

	if (home_parse_id(text, &job, &run) != 0) {
		fail_set(
		    &f, EX_LAGO_DATA, "'%s' is no id of a job or run", text);
		return opt_warn(&f);
	}
	if (store_job_state(store, job, state, &f) != 0)
		return opt_warn(&f);
	if (strcmp(state, "queued") != 0 && strcmp(state, "running") != 0) {
		opt_say("job %ld is %s already", job, state);
		return EX_LAGO_NO;
	}
	if (record(job, run, &f) != 0 || kill_runs(job, run, &f) < 0)
		return opt_warn(&f);
	if (qflag)
		return EX_LAGO_OK;
	out_text(&out, "id", text);
	out_text(&out, "event", kflag ? "kill" : "stop");
	out_end(&out);
	return EX_LAGO_OK;
}

int
main(int argc, char **argv)
{
	struct opt_operands operands;
	const char *path = NULL;
	struct fail f;
	char *id;
	int status = EX_LAGO_OK;
	const struct opt options[] = {{"H", .text = &path},
	    {"j", .flag = &out.json}, {"k", .flag = &kflag},
	    {"q", .flag = &qflag}, {0}};

	opt_start(argv);
	argv = opt_read(options, argc, argv, usage);
	opt_operands(&operands, argv, true, false, usage);
	out_init(&out, stdout, out.json);
	if (home_open(&home, path, false, &f) != 0 ||
	    (store = store_open(home.path, STORE_WRITE, &f)) == NULL ||
	    nodes_read(&nodes, &home, &f) != 0)
		opt_fail(&f);
	while ((id = opt_next(&operands)) != NULL)
		status = fail_worse(status, kill_id(id));
	store_close(store);
	opt_exit(status);
}
