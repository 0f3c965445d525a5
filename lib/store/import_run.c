#include "store/import_run.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/kv.h"
#include "base/mem.h"
#include "job/home.h"
#include "store/import.h"
#include "store/point.h"
#include "store/store.h"
#include "store/store_run.h"
#include "store/tail.h"

#define FILE_MAX (1 << 20)
#define POINTS_MAX 200	 /* rows of stat for a run */
#define LINES_SAVED 1000 /* records between two notes of the offset */

struct reading {
	struct import *im;
	int64_t job, run;
	int fd;
	int64_t crashes_at, stats_at, points, bad;
	bool over, changed;
	char project[128];
};

/* Size of the crash input of that name in the run being read. */
static void
sql_size(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct import *im = sqlite3_user_data(c);
	const char *sha = (const char *)sqlite3_value_text(v[0]);
	struct stat st;

	(void)n;
	if (sha != NULL && hash_is_hex(sha) && im->crash_dir >= 0 &&
	    fstatat(im->crash_dir, sha, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode))
		sqlite3_result_int64(c, st.st_size);
}

int
import_run_init(struct import *im, struct fail *f)
{
	sqlite3_stmt *q = store_query(im->store, f, "SELECT 1", "");

	if (q == NULL)
		return -1;
	im->crash_dir = -1;
	sqlite3_create_function(sqlite3_db_handle(q), "lago_size", 1,
	    SQLITE_UTF8, im, sql_size, NULL, NULL);
	return 0;
}

static int
save(struct reading *r, struct fail *f)
{
	if (!r->changed)
		return 0;
	r->changed = false;
	return store_exec(r->im->store, f,
	    "UPDATE run SET crashes_at = ?3, stats_at = ?4, points = ?5, "
	    "bad = ?6 WHERE job = ?1 AND run = ?2",
	    "iiiiii", r->job, r->run, r->crashes_at, r->stats_at, r->points,
	    r->bad);
}

/* Said once a file, however much of it is bad. */
static void
skip(struct reading *r, const char *file, int64_t at, const char *why,
    long *skipped)
{
	r->bad++;
	r->im->bad++;
	if ((*skipped)++ == 0)
		import_warn(r->im,
		    "%" PRId64 ".%" PRId64 ": %s: record at byte %" PRId64
		    " skipped: %s",
		    r->job, r->run, file, at, why);
}

static void
skipped_more(struct reading *r, const char *file, long skipped)
{
	if (skipped > 1)
		import_warn(r->im,
		    "%" PRId64 ".%" PRId64 ": %s: %ld more records skipped",
		    r->job, r->run, file, skipped - 1);
}

/* clang-format off */
/* Fields of a record, by their places in the array j that KEYS makes: of the
 * type they must have, or NULL. */
#define KEYS \
	"'$.input_sha256', '$.kind', '$.access', '$.severity', '$.bucket', " \
	"'$.bucket_exact', '$.crash_line', '$.origin', '$.finder', " \
	"'$.security', '$.crash', '$.reproduced', '$.replays', " \
	"'$.exit_status', '$.found', '$.instance', '$.top'"
#define TEXT(n, max, name) \
	"CASE json_type(j, '$[" #n "]') WHEN 'text' THEN nullif(substr(" \
	"json_extract(j, '$[" #n "]'), 1, " #max "), '') END AS " name ", "
#define BOOL(n, name) \
	"CASE json_type(j, '$[" #n "]') WHEN 'true' THEN 1 WHEN 'false' " \
	"THEN 0 END AS " name ", "
#define INT(n, name) \
	"CASE WHEN json_type(j, '$[" #n "]') IN ('integer', 'real') THEN " \
	"CAST(min(max(json_extract(j, '$[" #n "]'), -1e15), 1e15) " \
	"AS INTEGER) END AS " name ", "

/* The row of a record: ?1 record, ?2 job, ?3 run, ?4 its offset, ?5 its length,
 * ?6 the project.  A unit that is only slow and a missing library are no bugs.
 * The offsets keep the planner from working a field out again wherever it is
 * named.  Not an INSERT ... SELECT, which would use a temporary table each
 * time, as crash has triggers. */
static const char read_crash[] =
    "SELECT ?2, ?3, sha, lago_size(sha), kind, access, "
    "CASE WHEN rank NOTNULL THEN word END, coalesce(rank, 0), security, "
    "bucket, exact, CASE WHEN bucket NOTNULL AND crash IS NOT 0 AND "
    "coalesce(kind, '') NOT IN ('slow-unit', 'missing-library') THEN "
    "lago_hash(?6, bucket) END, top, line, reproduced, replays, exit_status, "
    "found, instance, origin, finder, ?4, ?5 FROM (SELECT *, CASE word WHEN "
    "'critical' THEN 4 WHEN 'high' THEN 3 WHEN 'medium' THEN 2 WHEN 'low' "
    "THEN 1 WHEN 'info' THEN 0 END AS rank FROM (SELECT "
    TEXT(0, 65, "sha") TEXT(1, 64, "kind") TEXT(2, 16, "access")
    TEXT(3, 16, "word") TEXT(4, 64, "bucket") TEXT(5, 64, "exact")
    TEXT(6, 400, "line") TEXT(7, 16, "origin") TEXT(8, 100, "finder")
    BOOL(9, "security") BOOL(10, "crash") INT(11, "reproduced")
    INT(12, "replays") INT(13, "exit_status") INT(14, "found")
    INT(15, "instance")
    "CASE json_type(j, '$[16]') WHEN 'array' THEN (SELECT "
    "group_concat(substr(value, 1, 200), ' < ') FROM (SELECT value FROM "
    "json_each(j, '$[16]') WHERE type = 'text' LIMIT 3)) END AS top "
    "FROM (SELECT json_extract(?1, " KEYS ") AS j LIMIT 1 OFFSET 0) "
    "LIMIT 1 OFFSET 0) LIMIT 1 OFFSET 0)";
static const char put_row[] =
    "REPLACE INTO crash (job, run, sha, size, kind, access, severity, rank, "
    "security, bucket, exact, bug, top, line, reproduced, replays, "
    "exit_status, found, instance, origin, finder, at, length) VALUES (?1, "
    "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
    "?17, ?18, ?19, ?20, ?21, ?22, ?23)";
/* clang-format on */

static int
put_crash(struct reading *r, char *line, size_t len, int64_t at, long *skipped,
    struct fail *f)
{
	struct store *s = r->im->store;
	sqlite3_stmt *q;
	int rc = -1;

	if (line == NULL || memchr(line, '\0', len) != NULL) {
		skip(r, "crashes.jsonl", at,
		    line == NULL ? "too long" : "holds a NUL", skipped);
		return 0;
	}
	q = store_query(s, f, read_crash, "tiiiit", line, r->job, r->run, at,
	    (int64_t)len, r->project);
	if (q != NULL && (rc = store_row(s, q, f)) == 1) {
		rc = store_copy(s, q, put_row, f);
		store_done(q);
	}
	if (rc == 0) {
		r->im->crashes++;
		r->im->batch++;
		return 0;
	}
	if (f->status != EX_LAGO_DATA)
		return -1;
	skip(r, "crashes.jsonl", at,
	    strstr(f->text, "JSON") != NULL ? "no JSON" : "no crash record",
	    skipped);
	return 0;
}

/* Opens a file of the run where it was left; one that became shorter is another
 * one, and its rows go.  1: there is nothing to read. */
static int
begin_file(struct reading *r, struct tail *t, const char *name,
    const char *forget, const int64_t *at, struct fail *f)
{
	struct fail why;
	long skipped = 0;

	if (tail_open(t, r->fd, name, *at, &why) != 0) {
		/* Said at the end, so that it is said once. */
		if (r->over)
			skip(r, name, 0, why.text, &skipped);
		r->changed |= r->over;
		return 1;
	}
	if (!t->cut)
		return 0;
	r->changed = true;
	return store_exec(r->im->store, f, forget, "ii", r->job, r->run);
}

static int
read_crashes(struct reading *r, struct fail *f)
{
	struct tail t;
	int64_t at, lines = 0;
	long skipped = 0;
	size_t len;
	char *line;
	int rc;

	if ((rc = begin_file(r, &t, "crashes.jsonl",
		 "DELETE FROM crash WHERE "
		 "job = ?1 AND run = ?2",
		 &r->crashes_at, f)) != 0)
		return rc > 0 ? 0 : -1;
	if (t.size > t.at)
		r->im->crash_dir = openat(r->fd, "crashes",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	while (rc == 0 && (rc = tail_next(&t, &line, &len, &at, f)) == 1) {
		rc = put_crash(r, line, len, at, &skipped, f);
		r->crashes_at = t.at;
		r->changed = true;
		if (rc == 0 && ++lines % LINES_SAVED == 0 &&
		    (rc = save(r, f)) == 0)
			rc = import_pause(r->im, f);
	}
	skipped_more(r, "crashes.jsonl", skipped);
	tail_close(&t);
	if (r->im->crash_dir >= 0)
		close(r->im->crash_dir);
	r->im->crash_dir = -1;
	return rc;
}

static int
put_stat(struct reading *r, int64_t point, const char *const *v, struct fail *f)
{
	return store_exec(r->im->store, f,
	    "INSERT INTO stat VALUES (?1, ?2, ?3, CAST(?4 AS INTEGER), "
	    "CAST(?5 AS INTEGER), CAST(?6 AS INTEGER), CAST(?7 AS INTEGER), "
	    "CAST(?8 AS INTEGER), CAST(?9 AS REAL), CAST(?10 AS INTEGER), "
	    "CAST(?11 AS INTEGER), CAST(?12 AS INTEGER), "
	    "CAST(?13 AS INTEGER), CAST(?14 AS INTEGER), CAST(?15 AS REAL), "
	    "CAST(?16 AS INTEGER), CAST(?17 AS INTEGER), "
	    "CAST(?18 AS INTEGER), CAST(?19 AS INTEGER), "
	    "CAST(?20 AS INTEGER), CAST(?21 AS INTEGER), "
	    "CAST(?22 AS INTEGER))",
	    "iiittttttttttttttttttt", r->job, r->run, point, v[0], v[1], v[2],
	    v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12],
	    v[13], v[14], v[15], v[16], v[17], v[18]);
}

/* Of n points every step-th is kept, and the last one. */
static int64_t
step_of(int64_t n)
{
	int64_t step = 1;

	while ((n + step - 1) / step > POINTS_MAX - 1)
		step *= 2;
	return step;
}

static int
thin(struct reading *r, int64_t step, struct fail *f)
{
	return store_exec(r->im->store, f,
	    "DELETE FROM stat WHERE job = ?1 AND run = ?2 AND point % ?3 != 0",
	    "iii", r->job, r->run, step);
}

/* Lines of stats.tsv being read: *last is the newest when it is not on the
 * grid. */
static int
add_point(
    struct reading *r, char *line, size_t len, char **last, struct fail *f)
{
	const char *v[POINT_FIELDS];
	int64_t step = step_of(r->points + 1);
	char *copy = mem_strndup(line, len);
	int rc = 0;

	if (!point_split(line, len, v)) {
		free(copy);
		return 1;
	}
	/* The last one of the call before was kept for being the last. */
	if (*last == NULL && r->points > 0 && (r->points - 1) % step != 0)
		rc = store_exec(r->im->store, f,
		    "DELETE FROM stat WHERE job = ?1 AND run = ?2 AND "
		    "point = ?3",
		    "iii", r->job, r->run, r->points - 1);
	if (rc == 0 && step != step_of(r->points))
		rc = thin(r, step, f);
	free(*last);
	*last = copy;
	if (rc == 0 && r->points % step == 0) {
		rc = put_stat(r, r->points, v, f);
		free(*last);
		*last = NULL;
	}
	r->points++;
	return rc;
}

static int
put_last(struct reading *r, char *last, struct fail *f)
{
	const char *v[POINT_FIELDS];

	if (last == NULL || !point_split(last, strlen(last), v))
		return 0;
	return put_stat(r, r->points - 1, v, f);
}

static int
read_stats(struct reading *r, struct fail *f)
{
	struct tail t;
	int64_t at;
	long skipped = 0;
	size_t len;
	char *line, *last = NULL;
	int rc;

	if ((rc = begin_file(r, &t, "stats.tsv",
		 "DELETE FROM stat WHERE "
		 "job = ?1 AND run = ?2",
		 &r->stats_at, f)) != 0)
		return rc > 0 ? 0 : -1;
	if (t.cut)
		r->points = 0;
	while (rc == 0 && (rc = tail_next(&t, &line, &len, &at, f)) == 1) {
		rc = add_point(r, line, len, &last, f);
		if (rc == 1) {
			skip(r, "stats.tsv", at, "no statistics", &skipped);
			rc = 0;
		}
		r->stats_at = t.at;
		r->changed = true;
	}
	if (rc == 0)
		rc = put_last(r, last, f);
	free(last);
	skipped_more(r, "stats.tsv", skipped);
	tail_close(&t);
	return rc;
}

/* The row from run and progress, and what was read before. */
static int
read_row(struct reading *r, struct fail *f)
{
	struct kv file = {0}, progress = {0};
	sqlite3_stmt *q = NULL;
	struct fail why;
	int rc = -1;

	if (kv_read(&file, r->fd, "run", FILE_MAX, &why) != 0) {
		import_warn(r->im, "%" PRId64 ".%" PRId64 ": %s", r->job,
		    r->run, why.text);
		kv_release(&file);
		kv_set(&file, "state", "lost");
		kv_set(&file, "reason", "node");
		kv_set(&file, "reason_text", "its file 'run' is unreadable");
	}
	/* Rewritten every few seconds: a bad one is as good as none. */
	if (kv_read(&progress, r->fd, "progress", FILE_MAX, NULL) != 0)
		kv_release(&progress);
	if (store_run_put(r->im->store, r->job, r->run, &file, &progress, f) ==
	    0)
		q = store_query(r->im->store, f,
		    "SELECT crashes_at, stats_at, points, bad, run.state IN "
		    "('done', 'failed', 'killed', 'lost'), project FROM run "
		    "JOIN job ON id = job WHERE job = ?1 AND run = ?2",
		    "ii", r->job, r->run);
	if (q != NULL && store_row(r->im->store, q, f) == 1) {
		r->crashes_at = sqlite3_column_int64(q, 0);
		r->stats_at = sqlite3_column_int64(q, 1);
		r->points = sqlite3_column_int64(q, 2);
		r->bad = sqlite3_column_int64(q, 3);
		r->over = sqlite3_column_int(q, 4);
		snprintf(r->project, sizeof(r->project), "%s",
		    sqlite3_column_text(q, 5));
		store_done(q);
		rc = 0;
	}
	kv_release(&file);
	kv_release(&progress);
	return rc;
}

int
import_run(struct import *im, long job, long run, struct fail *f)
{
	struct reading r = {.im = im, .job = job, .run = run};
	int rc;

	/* `run` first: what it says to be over is complete when the others are
	 * read. */
	if ((r.fd = home_run(im->home, job, run, f)) < 0)
		return -1;
	rc = read_row(&r, f);
	if (rc == 0 && (rc = read_stats(&r, f)) == 0)
		rc = read_crashes(&r, f);
	if (rc == 0)
		rc = save(&r, f);
	if (rc == 0 && r.over)
		rc = store_exec(im->store, f,
		    "UPDATE run SET watched = 0 WHERE job = ?1 AND run = ?2",
		    "ii", r.job, r.run);
	close(r.fd);
	return rc == 0 ? import_pause(im, f) : -1;
}
