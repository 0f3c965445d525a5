#include "cluster/recur.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/kv.h"
#include "base/mem.h"
#include "job/home.h"
#include "job/jobfile.h"
#include "store/store.h"
#include "store/store_job.h"

/* The row of a job that is in a directory, when it has none. */
static int
add_row(
    const struct home *h, struct store *s, long id, int64_t now, struct fail *f)
{
	struct kv job = {0};
	int dir, rc = 0;

	if (store_job_known(s, id) || (dir = home_job(h, id, NULL)) < 0)
		return 0;
	if (jobfile_read(dir, &job, NULL) == 0)
		rc = store_job_add(s, id, &job, now, f);
	kv_release(&job);
	close(dir);
	return rc;
}

/* Rows of the last number, whose maker may have died before, and of id. */
static int
add_rows(const struct home *h, struct store *s, long last, long id, int64_t now,
    struct fail *f)
{
	if (store_begin(s, f) != 0)
		return -1;
	if ((last <= 0 || add_row(h, s, last, now, f) == 0) &&
	    (id <= 0 || add_row(h, s, id, now, f) == 0))
		return store_commit(s, f);
	store_rollback(s);
	return -1;
}

/* A successor that has no row yet is the last job there is. */
static int
look_at_last(const struct home *h, struct store *s, int64_t now, struct fail *f)
{
	struct buf text = BUF_INIT;
	long last = 0;

	if (file_read(h->fd, "jobs/.next", 64, &text, NULL, NULL) == 0)
		last = strtol(buf_str(&text), NULL, 10) - 1;
	buf_release(&text);
	return last <= 0 || store_job_known(s, last)
		   ? 0
		   : add_rows(h, s, last, 0, now, f);
}

static int
fill(struct home_new *new, int dir, long id, int64_t now, int64_t *due,
    struct fail *f)
{
	struct kv job = {0};
	const char *bundle;
	int rc = jobfile_read(dir, &job, f);

	if (rc == 0) {
		*due = kv_int(&job, "due", kv_int(&job, "submitted", now)) +
		       kv_int(&job, "every", 0);
		if (*due < now)
			*due = now;
		kv_setf(&job, "submitted", "%lld", (long long)now);
		kv_setf(&job, "due", "%lld", (long long)*due);
		kv_setf(&job, "after", "%ld", id);
		bundle = kv_get(&job, "bundle");
		if (bundle != NULL &&
		    file_link(dir, bundle, new->fd, bundle, f) == -1)
			rc = -1;
	}
	if (rc == 0)
		rc = kv_write(&job, new->fd, "job", f);
	kv_release(&job);
	return rc;
}

static int
succeed(const struct home *h, struct store *s, long id, int64_t now,
    int64_t *due, long *made, struct fail *f)
{
	struct home_new new;
	int dir = home_job(h, id, f), rc;

	if (dir < 0)
		return -1;
	rc = home_new_job(&new, h, f);
	if (rc == 0)
		rc = fill(&new, dir, id, now, due, f);
	if (rc == 0)
		rc = home_new_publish(&new, f);
	if (rc == 0)
		rc = add_rows(h, s, new.before, new.id, now, f);
	*made = new.id;
	home_new_end(&new);
	close(dir);
	return rc;
}

int
recur_all(const struct home *h, struct store *s, int64_t now,
    void (*tell)(long id, int64_t due, void *arg), void *arg, struct fail *f)
{
	sqlite3_stmt *q;
	long *ids = NULL, made;
	size_t n = 0, i;
	int64_t due;
	int rc;

	if (look_at_last(h, s, now, f) != 0)
		return -1;
	q = store_query(s, f,
	    "SELECT id FROM job WHERE every NOTNULL AND next IS NULL AND "
	    "(state IN ('done', 'failed') OR state = 'killed' AND reason = "
	    "'expired') ORDER BY id",
	    "");
	if (q == NULL)
		return -1;
	while ((rc = store_row(s, q, f)) == 1) {
		ids = mem_grow(ids, n + 1, sizeof(*ids));
		ids[n++] = (long)sqlite3_column_int64(q, 0);
	}
	for (i = 0; rc == 0 && i < n; i++) {
		rc = succeed(h, s, ids[i], now, &due, &made, f);
		if (rc == 0)
			tell(made, due, arg);
	}
	free(ids);
	return rc;
}
