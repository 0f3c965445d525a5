/* lago-status: jobs, runs, nodes, time series. */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/strs.h"
#include "cluster/nodes.h"
#include "cluster/place.h"
#include "cluster/sync.h"
#include "job/home.h"
#include "store/point.h"
#include "store/rows.h"
#include "store/store.h"
#include "store/store_job.h"
#include "store/tail.h"

#define RECENT 86400 /* seconds that an ended job is listed without -a */

static const char usage[] =
    "usage: lago-status [-ajv] [-g tag]... [-H dir] [job|run|'nodes'...]\n";

static struct out out;
static struct home home;
static struct store *store;
static bool vflag;

/* What a person should know about runs that go on: ?1 a job, 0 all. */
static int
notes(long job, struct fail *f)
{
	sqlite3_stmt *q = store_query(store, f,
	    "SELECT job || '.' || run, (seconds - last_find) / 60, CASE WHEN "
	    "(SELECT max(execs) FROM stat WHERE job = s.job AND run = s.run "
	    "AND "
	    "seconds <= s.seconds - 600) >= execs THEN 1 END, stability FROM "
	    "(SELECT job, run, seconds, execs, stability, CASE WHEN last_find "
	    "> "
	    "1000000000 THEN seconds - (?2 - last_find) ELSE "
	    "coalesce(last_find, 0) END AS last_find FROM v_last) AS s JOIN "
	    "run "
	    "USING (job, run) WHERE state IN ('starting', 'running') AND "
	    "(job = ?1 OR ?1 = 0)",
	    "ii", (int64_t)job, clock_unix());
	const char *id;
	int r = -1;

	while (q != NULL && (r = store_row(store, q, f)) == 1) {
		id = (const char *)sqlite3_column_text(q, 0);
		if (sqlite3_column_int(q, 1) >= 10)
			opt_say("%s: nothing new found for %d minutes", id,
			    sqlite3_column_int(q, 1));
		if (sqlite3_column_int(q, 2) != 0)
			opt_say("%s: no execution for 10 minutes", id);
		if (sqlite3_column_type(q, 3) != SQLITE_NULL &&
		    sqlite3_column_double(q, 3) < 85)
			opt_say("%s: stability is %.0f%%", id,
			    sqlite3_column_double(q, 3));
	}
	return r;
}

/* Why runs ended badly, in words. */
static int
reasons(long job, struct fail *f)
{
	sqlite3_stmt *q = store_query(store, f,
	    "SELECT id, state, coalesce(reason, '?'), coalesce(reason_text, "
	    "'') "
	    "FROM v_run WHERE state IN ('failed', 'lost') AND (job = ?1 OR "
	    "?1 = 0) ORDER BY job, run",
	    "i", (int64_t)job);
	struct buf b = BUF_INIT;
	const char *text;
	int r = -1;

	while (q != NULL && (r = store_row(store, q, f)) == 1) {
		text = (const char *)sqlite3_column_text(q, 3);
		buf_reset(&b);
		out_json_string(&b, text, strlen(text));
		opt_say("%s: %s: %s: %s", sqlite3_column_text(q, 0),
		    sqlite3_column_text(q, 1), sqlite3_column_text(q, 2), b.p);
	}
	buf_release(&b);
	return r;
}

/* What waits for a node that is not there. */
static int
waits(long job, struct fail *f)
{
	struct nodes nodes = {0};
	struct place_run run;
	const char *text;
	sqlite3_stmt *q;
	int r = -1;

	if (nodes_read(&nodes, &home, f) != 0 ||
	    nodes_states(&nodes, store, clock_unix(), f) != 0)
		return -1;
	q = store_query(store, f,
	    "SELECT id, cpus, memory, coalesce(needs, '') FROM job "
	    "WHERE state = 'queued' AND (id = ?1 OR ?1 = 0) ORDER BY id",
	    "i", (int64_t)job);
	while (q != NULL && (r = store_row(store, q, f)) == 1) {
		run = (struct place_run){.cpus = sqlite3_column_int64(q, 1),
		    .memory = sqlite3_column_int64(q, 2),
		    .needs = (const char *)sqlite3_column_text(q, 3)};
		if ((text = place_lack(&nodes, &run)) != NULL)
			opt_say(
			    "%s: waits: %s", sqlite3_column_text(q, 0), text);
	}
	nodes_release(&nodes);
	return r;
}

static int
list(bool all, const char *tags, struct fail *f)
{
	long n = rows_print(store, &out,
	    store_query(store, f,
		"SELECT * FROM v_job AS j WHERE (?1 OR state IN ('queued', "
		"'running') OR coalesce(ended, submitted) > ?2) "
		"AND " STORE_JOB_TAGGED("j.id", "?3") " ORDER BY id",
		"iit", (int64_t)all, clock_unix() - RECENT, tags),
	    f);

	if (n < 0 || notes(0, f) != 0 ||
	    (vflag && (reasons(0, f) != 0 || waits(0, f) != 0)))
		return opt_warn(f);
	return n == 0 && tags != NULL ? EX_LAGO_NO : EX_LAGO_OK;
}

/* The series of one run, as its file has it now. */
static int
series(long job, long run, const char *id, struct fail *f)
{
	const char *v[POINT_FIELDS];
	struct tail t;
	int64_t at;
	size_t len;
	char *line;
	int dir, i, r;

	if ((dir = home_run(&home, job, run, f)) < 0)
		return -1;
	r = tail_open(&t, dir, "stats.tsv", 0, f);
	close(dir);
	if (r != 0)
		return -1;
	while ((r = tail_next(&t, &line, &len, &at, f)) == 1) {
		if (!point_split(line, len, v))
			continue;
		out_text(&out, "id", id);
		for (i = 0; i < POINT_FIELDS; i++)
			if (v[i] == NULL)
				out_text(&out, point_names[i], NULL);
			else
				out_real(&out, point_names[i], atof(v[i]),
				    strchr(v[i], '.') != NULL ? 2 : 0);
		out_end(&out);
	}
	tail_close(&t);
	return r;
}

/* What its shards got from each other. */
static int
traffic(long job, struct fail *f)
{
	uint64_t files, bytes;
	long *runs = NULL;
	size_t n = 0, i;

	if (home_runs(&home, job, &runs, &n, f) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		sync_given(&home, job, runs[i], &files, &bytes);
		if (files > 0)
			opt_say("%ld.%ld: %" PRIu64 " files, %" PRIu64
				" bytes came from other shards",
			    job, runs[i], files, bytes);
	}
	free(runs);
	return 0;
}

static int
one_job(long job, struct fail *f)
{
	long n;

	n = rows_print(store, &out,
	    store_query(store, f, "SELECT * FROM v_job WHERE id = ?1", "i",
		(int64_t)job),
	    f);
	if (n == 0)
		return fail_set(f, EX_LAGO_NOINPUT, "no such job '%ld'", job);
	if (n < 0 || rows_print(store, &out,
			 store_query(store, f,
			     "SELECT * FROM v_run WHERE job = ?1 ORDER BY run",
			     "i", (int64_t)job),
			 f) < 0)
		return -1;
	if (vflag && (reasons(job, f) != 0 || waits(job, f) != 0 ||
			 traffic(job, f) != 0))
		return -1;
	return notes(job, f);
}

static int
one(const char *id, struct fail *f)
{
	long job, run;

	if (strcmp(id, "nodes") == 0)
		return rows_print(store, &out,
			   store_query(store, f,
			       "SELECT * FROM v_node ORDER BY id", ""),
			   f) < 0
			   ? -1
			   : 0;
	if (home_parse_id(id, &job, &run) != 0)
		return fail_set(
		    f, EX_LAGO_NOINPUT, "'%s' is neither job nor run", id);
	return run > 0 ? series(job, run, id, f) : one_job(job, f);
}

int
main(int argc, char **argv)
{
	struct opt_operands o;
	struct strs tags = {0};
	struct fail f;
	const char *dir = NULL;
	char *id;
	bool all = false, json = false;
	int status = 0;
	const struct opt options[] = {{"a", .flag = &all}, {"g", .list = &tags},
	    {"H", .text = &dir}, {"j", .flag = &json}, {"v", .flag = &vflag},
	    {0}};

	opt_start(argv);
	argv = opt_read(options, argc, argv, usage);
	if (*argv != NULL && (all || tags.n > 0))
		opt_usage(usage, "-a and -g take no operands");
	out_init(&out, stdout, json);
	if (home_open(&home, dir, false, &f) != 0 ||
	    (store = store_open(home.path, STORE_READ, &f)) == NULL)
		opt_fail(&f);
	if (*argv == NULL)
		opt_exit(list(all, store_job_tags(&tags), &f));
	opt_operands(&o, argv, false, false, usage);
	while ((id = opt_next(&o)) != NULL)
		if (one(id, &f) != 0)
			status = fail_worse(status, opt_warn(&f));
	store_close(store);
	opt_exit(status);
}
