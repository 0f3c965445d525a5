#include "store/import.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/strs.h"
#include "job/home.h"
#include "store/import_run.h"
#include "store/store.h"
#include "store/store_event.h"
#include "store/store_job.h"

#define FILE_MAX (1 << 20)

void
import_warn(struct import *im, const char *fmt, ...)
{
	char text[1200];
	va_list ap;

	if (im->warn == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	im->warn(text);
}

/* Long enough to be fast, short enough for others to get in between. */
#define BATCH 50000
#define BATCH_SECONDS 1.0

static int
begin(struct import *im, struct fail *f)
{
	im->batch = 0;
	im->begun = clock_mono();
	return store_begin(im->store, f);
}

int
import_pause(struct import *im, struct fail *f)
{
	if (im->all ||
	    (im->batch < BATCH && clock_mono() < im->begun + BATCH_SECONDS))
		return 0;
	im->batch = 0;
	im->begun = clock_mono();
	return store_pause(im->store, f);
}

/* One line of the file nodes.  What was said of it last: an event's value is its
 * name, for aside also until when. */
static int
put_node(struct store *s, const char *name, const char *engine, int64_t cpus,
    int64_t memory, const char *tags, struct fail *f)
{
	return store_exec(s, f,
	    "INSERT INTO node SELECT ?1, ?2, ?3, ?4, ?5, coalesce((SELECT "
	    "CASE verb WHEN 'drain' THEN 'drained' WHEN 'offline' THEN "
	    "'offline' WHEN 'aside' THEN iif(CAST(substr(value, length(?1) + "
	    "2) AS INTEGER) > ?6, 'aside', 'online') ELSE 'online' END FROM "
	    "event WHERE verb IN ('drain', 'offline', 'revive', 'aside') AND "
	    "substr(value || ' ', 1, length(?1) + 1) = ?1 || ' ' "
	    "ORDER BY at DESC LIMIT 1), 'online') WHERE true ON CONFLICT DO "
	    "UPDATE "
	    "SET (engine, cpus, memory, tags, state) = (excluded.engine, "
	    "excluded.cpus, excluded.memory, excluded.tags, excluded.state) "
	    "WHERE (engine, cpus, memory, tags, state) IS NOT "
	    "(excluded.engine, excluded.cpus, excluded.memory, excluded.tags, "
	    "excluded.state)",
	    "ttiiti", name, engine, cpus, memory, tags, clock_unix());
}

static int
put_line(struct import *im, char *line, struct strs *names, struct fail *f)
{
	char *field[5] = {NULL}, *word, *rest = line;
	size_t n = 0;

	line[strcspn(line, "#\r")] = '\0';
	while (n < 5 && (word = strsep(&rest, " \t")) != NULL)
		if (*word != '\0' && (n < 4 || strchr(word, '=') == NULL))
			field[n++] = word;
	if (n < 4)
		return 0;
	strs_add(names, field[0]);
	return put_node(im->store, field[0], field[1], atoll(field[2]),
	    atoll(field[3]), field[4], f);
}

/* Nodes that are no longer listed go. */
static int
forget_nodes(struct store *s, const struct strs *names, struct fail *f)
{
	struct buf b = BUF_INIT;
	size_t i;
	int rc;

	buf_addc(&b, '\n');
	for (i = 0; i < names->n; i++)
		buf_addf(&b, "%s\n", names->v[i]);
	rc = store_exec(s, f,
	    "DELETE FROM node WHERE instr(?1, char(10) || name || char(10)) "
	    "= 0",
	    "t", b.p);
	buf_release(&b);
	return rc;
}

static int
nodes(struct import *im, struct fail *f)
{
	struct buf b = BUF_INIT;
	struct strs names = {0};
	char *line, *rest;
	int rc = 0;

	if (!file_exists(im->home->fd, "nodes")) {
		strs_add(&names, "local");
		rc = put_node(im->store, "local", "local",
		    sysconf(_SC_NPROCESSORS_ONLN),
		    sysconf(_SC_PHYS_PAGES) / (1 << 20) * sysconf(_SC_PAGESIZE),
		    NULL, f);
	} else if ((rc = file_read(
			im->home->fd, "nodes", FILE_MAX, &b, NULL, f)) == 0) {
		rest = b.p;
		while (rc == 0 && (line = strsep(&rest, "\n")) != NULL)
			rc = put_line(im, line, &names, f);
	}
	if (rc == 0)
		rc = forget_nodes(im->store, &names, f);
	strs_release(&names);
	buf_release(&b);
	return rc;
}

/* A job's row, when it has none.  1: it cannot be read, which was said. */
static int
add_job(struct import *im, long id, int dir, struct fail *f)
{
	struct kv job = {0};
	struct stat st = {0};
	struct fail why;
	int rc = 1;

	if (store_job_known(im->store, id))
		return 0;
	fstatat(dir, "job", &st, AT_SYMLINK_NOFOLLOW);
	if (kv_read(&job, dir, "job", FILE_MAX, &why) == 0)
		rc = store_job_add(im->store, id, &job, st.st_mtime, f);
	else
		import_warn(im, "job %ld skipped: %s", id, why.text);
	kv_release(&job);
	return rc;
}

/* Whether the run is over and was read to its end. */
static bool
run_closed(struct store *s, long job, long run)
{
	sqlite3_stmt *q = store_query(s, NULL,
	    "SELECT 1 FROM run WHERE job = ?1 AND run = ?2 AND NOT watched",
	    "ii", job, run);
	bool closed = q != NULL && store_row(s, q, NULL) == 1;

	if (closed)
		store_done(q);
	return closed;
}

static int
job(struct import *im, long id, bool again, struct fail *f)
{
	unsigned bad = 0;
	long *runs = NULL;
	size_t i, n = 0;
	int dir, rc;

	if ((dir = home_job(im->home, id, f)) < 0) {
		if (again) /* asked for by name */
			return -1;
		import_warn(im, "%s", f->text);
		return 0;
	}
	rc = add_job(im, id, dir, f);
	if (rc == 0)
		rc = store_event_take(im->store, id, dir, &bad, f);
	if (bad > 0)
		import_warn(
		    im, "job %ld: %u lines of 'events' skipped", id, bad);
	im->bad += bad;
	if (rc == 0)
		rc = home_runs(im->home, id, &runs, &n, f);
	for (i = 0; rc == 0 && i < n; i++)
		if (again || !run_closed(im->store, id, runs[i]))
			rc = import_run(im, id, runs[i], f);
	free(runs);
	close(dir);
	return rc < 0 ? -1 : 0;
}

static int
add_ids(struct store *s, const char *sql, long **ids, size_t *n, struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f, sql, "");
	int r = -1;

	while (q != NULL && (r = store_row(s, q, f)) == 1) {
		*ids = mem_grow(*ids, *n + 1, sizeof(**ids));
		(*ids)[(*n)++] = (long)sqlite3_column_int64(q, 0);
	}
	return r;
}

/* Jobs without a row have higher numbers than all that have one: numbers are
 * given out in order, and the next one's holder adds the row that its
 * predecessor may lack. */
static int
add_new(struct import *im, long **ids, size_t *n, struct fail *f)
{
	struct buf b = BUF_INIT;
	char path[32];
	long *last = NULL, id, next;
	size_t count = 0;

	if (add_ids(im->store, "SELECT coalesce(max(id), 0) FROM job", &last,
		&count, f) != 0)
		return -1;
	id = count > 0 ? last[0] : 0;
	free(last);
	if (file_read(im->home->fd, "jobs/.next", 64, &b, NULL, NULL) != 0 ||
	    (next = strtol(buf_str(&b), NULL, 10)) <= id)
		next = id + 2;
	buf_release(&b);
	for (id++; id < next; id++) {
		snprintf(path, sizeof(path), "jobs/%ld", id);
		if (!file_exists(im->home->fd, path))
			continue;
		*ids = mem_grow(*ids, *n + 1, sizeof(**ids));
		(*ids)[(*n)++] = id;
	}
	return 0;
}

/* Without rows, and without the indexes of crash, which are made faster when it
 * is full.  The views go with them, and the index that was made later, to be
 * made behind them again, so that the whole file looks as it did. */
static int
forget(struct import *im, char **indexes, struct fail *f)
{
	sqlite3_stmt *q;
	struct buf drop = BUF_INIT, make = BUF_INIT;
	int rc = -1;

	q = store_query(im->store, f,
	    "SELECT format('DROP %s \"%w\";', type, name), sql FROM "
	    "sqlite_schema WHERE type = 'view' OR type = 'index' AND "
	    "(tbl_name = 'crash' OR name IN ('event_moves', 'event_nodes', "
	    "'job_recurring')) AND sql IS NOT "
	    "NULL "
	    "ORDER BY type, rowid",
	    "");
	while (q != NULL && (rc = store_row(im->store, q, f)) == 1) {
		buf_addf(&drop, "%s", sqlite3_column_text(q, 0));
		buf_addf(&make, "%s;", sqlite3_column_text(q, 1));
	}
	if (rc == 0)
		rc = store_exec_all(im->store,
		    "DELETE FROM stat; DELETE FROM crash; DELETE FROM run;"
		    "DELETE FROM tag; DELETE FROM event; DELETE FROM bug;"
		    "DELETE FROM moved;"
		    "DELETE FROM node; DELETE FROM job",
		    f);
	if (rc == 0)
		rc = store_exec_all(im->store, buf_str(&drop), f);
	buf_release(&drop);
	*indexes = buf_take(&make);
	return rc;
}

static int
pass(struct import *im, char **indexes, struct fail *f)
{
	unsigned bad = 0;
	long *ids = NULL;
	size_t i, n = 0;
	int rc = 0;

	if (im->all)
		rc = forget(im, indexes, f);
	if (rc == 0)
		rc = store_event_take(im->store, 0, im->home->fd, &bad, f);
	if (bad > 0)
		import_warn(im, "%u lines of 'events' skipped", bad);
	im->bad += bad;
	if (rc == 0 && im->all)
		rc = home_jobs(im->home, &ids, &n, f);
	else if (rc == 0 &&
		 (rc = add_ids(im->store,
		      "SELECT id FROM job WHERE state IN ('queued', "
		      "'running') UNION SELECT job FROM run WHERE watched",
		      &ids, &n, f)) == 0)
		rc = add_new(im, &ids, &n, f);
	for (i = 0; rc == 0 && i < n; i++) {
		rc = job(im, ids[i], false, f);
		if (im->progress != NULL)
			im->progress((long)i + 1, (long)n);
	}
	free(ids);
	return rc;
}

int
import_home(struct import *im, struct fail *f)
{
	char *indexes = NULL;
	int rc;

	if (import_run_init(im, f) != 0 || begin(im, f) != 0)
		return -1;
	rc = pass(im, &indexes, f);
	if (rc == 0 && indexes != NULL)
		rc = store_exec_all(im->store, indexes, f);
	free(indexes);
	if (rc == 0) /* with the index of their events */
		rc = nodes(im, f);
	if (rc == 0)
		return store_commit(im->store, f);
	store_rollback(im->store);
	return -1;
}

int
import_job(struct import *im, long id, struct fail *f)
{
	if (import_run_init(im, f) != 0 || begin(im, f) != 0)
		return -1;
	if (job(im, id, true, f) == 0)
		return store_commit(im->store, f);
	store_rollback(im->store);
	return -1;
}

/* The events that say which bugs were told: one line each, all in the file
 * before any row. */
static int
told(struct import *im, const struct strs *news, struct fail *f)
{
	if (store_event_append_all(im->home->fd, "news", news, f) != 0 ||
	    begin(im, f) != 0)
		return -1;
	if (store_event_take(im->store, 0, im->home->fd, NULL, f) == 0)
		return store_commit(im->store, f);
	store_rollback(im->store);
	return -1;
}

int
import_news(struct import *im, void (*fn)(sqlite3_stmt *),
    int (*flush)(struct fail *), struct fail *f)
{
	struct strs news = {0};
	sqlite3_stmt *q;
	int rc = -1;

	q = store_query(im->store, f,
	    "SELECT v.* FROM bug AS b JOIN v_bug AS v USING (id) WHERE "
	    "b.state IN ('new', 'reopened', 'fixed') AND b.told IS NOT b.state "
	    "ORDER BY b.first, b.id",
	    "");
	while (q != NULL && (rc = store_row(im->store, q, f)) == 1) {
		fn(q);
		strs_addf(&news, "%s %s %s %s", sqlite3_column_text(q, 9),
		    sqlite3_column_text(q, 12), sqlite3_column_text(q, 1),
		    sqlite3_column_text(q, 0));
	}
	if (rc == 0 && news.n > 0 && (rc = flush(f)) == 0)
		rc = told(im, &news, f);
	strs_release(&news);
	return rc;
}
