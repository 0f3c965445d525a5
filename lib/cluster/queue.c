#include "cluster/queue.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/kv.h"
#include "base/mem.h"
#include "job/home.h"
#include "job/jobfile.h"
#include "store/store.h"
#include "store/store_event.h"

/* The row is older than these columns. */
static int
ask_file(struct queue_job *job, const struct home *h, struct fail *f)
{
	struct kv settings = {0};
	const char *needs, *owner;
	int dir = home_job(h, job->id, f), rc;

	if (dir < 0)
		return -1;
	rc = jobfile_read(dir, &settings, f);
	close(dir);
	needs = kv_get(&settings, "needs");
	owner = kv_get(&settings, "owner");
	job->needs = mem_strdup(needs == NULL ? "" : needs);
	job->owner = mem_strdup(owner == NULL ? "" : owner);
	kv_release(&settings);
	return rc;
}

static struct queue_job *
append(struct queue *q)
{
	/* In powers of two. */
	if ((q->n & (q->n - 1)) == 0)
		q->v = mem_grow(q->v, q->n == 0 ? 1 : 2 * q->n, sizeof(*q->v));
	memset(&q->v[q->n], 0, sizeof(*q->v));
	return &q->v[q->n++];
}

static void
drop_last(struct queue *q)
{
	struct queue_job *job = &q->v[--q->n];

	free(job->needs);
	free(job->owner);
}

int
queue_read(struct queue *q, struct store *s, const struct home *h, int64_t now,
    struct fail *f)
{
	sqlite3_stmt *row = store_query(s, f,
	    "SELECT id, shards, cpus, memory, priority, "
	    "max(coalesce(submitted, 0), coalesce(due, 0)), max_age, needs, "
	    "owner FROM job WHERE state IN ('queued', 'running') AND "
	    "state = 'queued' AND coalesce(due, 0) <= ?1 AND NOT EXISTS "
	    "(SELECT 1 FROM run WHERE run.job = job.id)",
	    "i", now);
	struct queue_job *job;
	struct fail ignored;
	int r = -1;

	memset(q, 0, sizeof(*q));
	while (row != NULL && (r = store_row(s, row, f)) == 1) {
		job = append(q);
		job->id = (long)sqlite3_column_int64(row, 0);
		job->shards = (long)sqlite3_column_int64(row, 1);
		job->cpus = sqlite3_column_int64(row, 2);
		job->memory = sqlite3_column_int64(row, 3);
		job->priority = sqlite3_column_int64(row, 4);
		job->since = sqlite3_column_int64(row, 5);
		if (sqlite3_column_type(row, 6) != SQLITE_NULL)
			job->expires =
			    job->since + sqlite3_column_int64(row, 6);
		if (sqlite3_column_type(row, 7) == SQLITE_NULL) {
			if (ask_file(job, h, &ignored) != 0) {
				drop_last(q); /* import says what is wrong */
				continue;
			}
		} else {
			job->needs = mem_strdup(
			    (const char *)sqlite3_column_text(row, 7));
			job->owner = mem_strdup(
			    sqlite3_column_type(row, 8) == SQLITE_NULL
				? ""
				: (const char *)sqlite3_column_text(row, 8));
		}
		q->shards += (size_t)job->shards;
	}
	return r;
}

void
queue_release(struct queue *q)
{
	while (q->n > 0)
		drop_last(q);
	free(q->v);
	memset(q, 0, sizeof(*q));
}

int
queue_expire(struct store *s, const struct home *h, long id, struct fail *f)
{
	int dir = home_job(h, id, f), rc;

	if (dir < 0)
		return -1;
	rc = store_event_append(dir, "expire", "", f);
	if (rc == 0)
		rc = store_event_take(s, id, dir, NULL, f);
	close(dir);
	return rc;
}
