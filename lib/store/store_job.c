#include "store/store_job.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/strs.h"
#include "store/store.h"

#define SHARDS_MAX 100000

static int64_t
between(int64_t v, int64_t min, int64_t max)
{
	return v < min ? min : v > max ? max : v;
}

static const char *
or_else(const char *s, const char *otherwise)
{
	return s == NULL || *s == '\0' ? otherwise : s;
}

bool
store_job_known(struct store *s, long id)
{
	sqlite3_stmt *q =
	    store_query(s, NULL, "SELECT 1 FROM job WHERE id = ?1", "i", id);
	bool known = q != NULL && store_row(s, q, NULL) == 1;

	if (q != NULL)
		store_done(q);
	return known;
}

int
store_job_add(struct store *s, long id, const struct kv *job, int64_t submitted,
    struct fail *f)
{
	const char *target = or_else(
	    kv_get(job, "target"), or_else(kv_get(job, "name"), "target"));
	size_t i;

	if (store_job_known(s, id))
		return 0;
	if (store_exec(s, f,
		"INSERT INTO job (id, name, target, project, build, driver, "
		"cpus, memory, deadline, priority, shards, retries, submitted, "
		"origin, owner, needs, max_age, every, due, after, state) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
		"?13, ?14, ?15, ?16, nullif(?17, 0), nullif(?18, 0), "
		"nullif(?19, 0), nullif(?20, 0), 'queued')",
		"itttttiiiiiiitttiiii", (int64_t)id,
		or_else(kv_get(job, "name"), target), target,
		or_else(kv_get(job, "project"), target), kv_get(job, "build"),
		kv_get(job, "driver"), kv_int(job, "cpus", 2),
		kv_int(job, "memory", 2048), kv_int(job, "deadline", 3600),
		kv_int(job, "priority", 50),
		between(kv_int(job, "shards", 1), 1, SHARDS_MAX),
		between(kv_int(job, "retries", 3), 0, SHARDS_MAX),
		kv_int(job, "submitted", submitted), kv_get(job, "origin"),
		kv_get(job, "owner"), or_else(kv_get(job, "needs"), ""),
		kv_int(job, "max_age", 0), kv_int(job, "every", 0),
		kv_int(job, "due", 0), kv_int(job, "after", 0)) != 0)
		return -1;
	if (kv_get(job, "after") != NULL &&
	    store_exec(s, f, "UPDATE job SET next = ?2 WHERE id = ?1", "ii",
		kv_int(job, "after", 0), (int64_t)id) != 0)
		return -1;
	for (i = 0; i < job->n; i++)
		if (strcmp(job->v[i].key, "tag") == 0 &&
		    store_exec(s, f,
			"INSERT OR IGNORE INTO tag VALUES (?1, ?2)", "it",
			(int64_t)id, job->v[i].value) != 0)
			return -1;
	return 0;
}

int
store_job_state(struct store *s, long id, char state[16], struct fail *f)
{
	sqlite3_stmt *q =
	    store_query(s, f, "SELECT state FROM job WHERE id = ?1", "i", id);
	int r = q == NULL ? -1 : store_row(s, q, f);

	if (r == 0)
		return fail_set(f, EX_LAGO_NOINPUT, "no such job '%ld'", id);
	if (r < 0)
		return -1;
	strncpy(state, (const char *)sqlite3_column_text(q, 0), 15);
	state[15] = '\0';
	store_done(q);
	return 0;
}

char *
store_job_tags(const struct strs *tags)
{
	struct buf b = BUF_INIT;
	size_t i, k;

	if (tags->n == 0)
		return NULL;
	buf_addc(&b, '\n');
	for (i = 0; i < tags->n; i++) {
		for (k = 0; strcmp(tags->v[k], tags->v[i]) != 0; k++)
			;
		if (k == i)
			buf_addf(&b, "%s\n", tags->v[i]);
	}
	return buf_take(&b);
}

/* What the runs of one shard, in their order, come to. */
struct shard {
	bool done, live, killed, failed;
	int64_t lost;
};

struct verdict {
	const char *state;
	char *reason;
	int64_t ended;
};

/* Losses that are no fault of anything the job could meet again. */
static bool
counts(const char *reason)
{
	return strcmp(reason, "signal") != 0 && strcmp(reason, "cores") != 0;
}

static void
add_run(struct shard *sh, const char *state, const char *reason, int64_t losses)
{
	sh->live = sh->killed = sh->failed = false;
	if (strcmp(state, "done") == 0)
		sh->done = true;
	else if (strcmp(state, "killed") == 0)
		sh->killed = true;
	else if (strcmp(state, "failed") == 0)
		sh->failed = true;
	else if (strcmp(state, "lost") == 0) {
		/* Dispatch adds them up from run to run, others do not. */
		sh->lost += counts(reason);
		if (sh->lost < losses)
			sh->lost = losses;
	} else
		sh->live = true;
}

/* A live run comes first: what the others came to is said when it is over. */
static const char *
decide(const struct shard *sh, int64_t shards, int64_t retries, bool kill)
{
	int64_t i, done = 0;
	bool live = false, killed = false, failed = false;

	for (i = 0; i <= shards; i++) {
		done += sh[i].done;
		live |= sh[i].live;
		killed |= !sh[i].done && sh[i].killed;
		failed |= !sh[i].done && (sh[i].failed || sh[i].lost > retries);
	}
	if (live)
		return "running";
	if (done >= shards)
		return "done";
	if (kill || killed)
		return "killed";
	return failed ? "failed" : "queued";
}

/* The last kill (or expire) and retry of a job: runs that ended before a retry
 * are history, and so is a kill. */
static int
events(struct store *s, int64_t id, const char **kill, int64_t *retry,
    struct fail *f)
{
	sqlite3_stmt *q;
	int r;

	*kill = NULL;
	*retry = 0;
	q = store_query(s, f,
	    "SELECT verb, time FROM event WHERE job = ?1 AND (verb = 'kill' "
	    "AND value NOT GLOB '[0-9]*' OR verb IN ('expire', 'retry')) "
	    "ORDER BY at",
	    "i", id);
	while (q != NULL && (r = store_row(s, q, f)) == 1) {
		switch (*sqlite3_column_text(q, 0)) {
		case 'r':
			*kill = NULL;
			*retry = sqlite3_column_int64(q, 1);
			break;
		case 'e':
			*kill = "expired";
			break;
		default:
			*kill = "killed";
		}
	}
	return q == NULL || r < 0 ? -1 : 0;
}

static int
judge(struct store *s, int64_t id, int64_t shards, int64_t retries,
    struct fail *f)
{
	struct shard *sh = mem_array((size_t)shards + 1, sizeof(*sh));
	sqlite3_stmt *q = NULL;
	char *reason = NULL;
	const char *state, *kill;
	int64_t retry;
	int r = -1;

	if (events(s, id, &kill, &retry, f) == 0)
		q = store_query(s, f,
		    "SELECT shard, state, coalesce(reason, ''), losses FROM "
		    "run WHERE "
		    "job = ?1 AND (state NOT IN ('failed', 'killed', 'lost') "
		    "OR coalesce(ended, created, 0) > ?2 OR ?2 = 0) "
		    "ORDER BY run",
		    "ii", id, retry);
	while (q != NULL && (r = store_row(s, q, f)) == 1) {
		add_run(&sh[between(sqlite3_column_int64(q, 0), 0, shards)],
		    (const char *)sqlite3_column_text(q, 1),
		    (const char *)sqlite3_column_text(q, 2),
		    sqlite3_column_int64(q, 3));
		free(reason);
		reason = mem_strdup((const char *)sqlite3_column_text(q, 2));
	}
	state = decide(sh, shards, retries, kill != NULL);
	if (reason == NULL && kill != NULL)
		reason = mem_strdup(kill);
	if (r == 0)
		r = store_exec(s, f,
		    "UPDATE job SET state = ?2, reason = CASE WHEN ?2 IN "
		    "('done', 'failed', 'killed') THEN coalesce(nullif(?3, "
		    "''), "
		    "?2) END, ended = CASE WHEN ?2 IN ('done', 'failed', "
		    "'killed') THEN coalesce((SELECT max(ended) FROM run WHERE "
		    "job = ?1), (SELECT max(time) FROM event WHERE job = ?1)) "
		    "END WHERE id = ?1",
		    "itt", id, state, reason);
	free(reason);
	free(sh);
	return r;
}

int
store_job_judge(struct store *s, struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f,
	    "SELECT id, shards, retries FROM job WHERE id IN touched_job", "");
	int r = -1;

	while (q != NULL && (r = store_row(s, q, f)) == 1)
		if (judge(s, sqlite3_column_int64(q, 0),
			sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2),
			f) != 0) {
			store_done(q);
			return -1;
		}
	/* The condition keeps it from writing where nothing is. */
	return r < 0 ? -1
		     : store_exec(s, f,
			   "DELETE FROM touched_job WHERE id NOTNULL", "");
}
