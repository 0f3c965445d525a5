#include "store/store_move.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/strs.h"
#include "store/pick.h"
#include "store/store.h"

/* --- what the events come to -------------------------------------------- */

/* Where a crash belongs to, as things were when it was found. */
#define KEY(sha)                                                            \
	"(SELECT c.bucket, coalesce(c.exact, '') AS exact FROM crash AS c " \
	"JOIN job AS j ON j.id = c.job WHERE c.sha = " sha                  \
	" AND j.project = ?1 AND c.bucket NOTNULL ORDER BY c.job DESC, "    \
	"c.run DESC LIMIT 1)"

/* The bug of a bucket and an exact key of project ?1. */
#define BUG(project, bucket, exact)                                         \
	"coalesce((SELECT m.bug FROM moved AS m WHERE m.project = " project \
	" AND m.bucket = " bucket " AND m.exact = " exact "), "             \
	"(SELECT m.bug FROM moved AS m WHERE m.project = " project          \
	" AND m.bucket = " bucket " AND m.exact = ''), lago_hash(" project  \
	", " bucket "))"

/* The bucket gets a row of its own, so that what is merged later finds it. */
static int
ensure(struct store *s, const char *project, const char *sha, struct fail *f)
{
	return store_exec(s, f,
	    "INSERT OR IGNORE INTO moved SELECT ?1, bucket, '', "
	    "lago_hash(?1, bucket) FROM " KEY("?2"),
	    "tt", project, sha);
}

static int
merge(struct store *s, const char *project, const char *sha, const char *into,
    struct fail *f)
{
	if (ensure(s, project, sha, f) != 0 || ensure(s, project, into, f) != 0)
		return -1;
	return store_exec(s, f,
	    "UPDATE moved SET bug = b.bug FROM (SELECT " BUG("?1", "k.bucket",
		"k.exact") " AS bug FROM " KEY("?3") " AS k) AS b WHERE "
						     "project = ?1 AND "
						     "moved.bug = "
						     "(SELECT " BUG("?1",
							 "k.bucket",
							 "k.exact") " FROM"
								    " " KEY(
									"?"
									"2") " "
									     "A"
									     "S"
									     " "
									     "k"
									     ")",
	    "ttt", project, sha, into);
}

/* like: "SHA256 OF BY", whether all of its exact key is meant or of its bucket,
 * and which of the two the bug is called after. */
static int
split(struct store *s, const char *project, const char *sha, const char *like,
    struct fail *f)
{
	char lead[65], of[8], by[8];

	if (sscanf(like, "%64s %7s %7s", lead, of, by) != 3)
		return 0;
	return store_exec(s, f,
	    "REPLACE INTO moved SELECT ?1, k.bucket, CASE ?4 WHEN 'exact' THEN "
	    "k.exact ELSE '' END, CASE ?5 WHEN 'exact' THEN lago_hash(?1, "
	    "l.bucket, l.exact) ELSE lago_hash(?1, l.bucket) END FROM " KEY(
		"?2") " AS k, " KEY("?3") " AS l WHERE ?4 = 'bucket' OR "
					  "k.exact != ''",
	    "ttttt", project, sha, lead, of, by);
}

static int
read_events(struct store *s, struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f,
	    "SELECT verb, project, sha, text FROM event WHERE verb IN "
	    "('merge', 'split') AND job = 0 AND sha NOTNULL ORDER BY at",
	    "");
	int r = -1;

	while (q != NULL && (r = store_row(s, q, f)) == 1) {
		const char *v[4];
		for (int i = 0; i < 4; i++)
			v[i] = (const char *)sqlite3_column_text(q, i);
		if ((*v[0] == 'm' ? merge : split)(s, v[1], v[2], v[3], f) == 0)
			continue;
		store_done(q);
		return -1;
	}
	return r;
}

static const char note[] =
    "INSERT OR IGNORE INTO moving SELECT bug FROM moved UNION SELECT "
    "lago_hash(project, bucket) FROM moved";

static int
used(struct store *s, struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f,
	    "SELECT 1 WHERE EXISTS (SELECT 1 FROM moved) OR EXISTS (SELECT 1 "
	    "FROM event WHERE verb IN ('merge', 'split'))",
	    "");
	int r = q == NULL ? -1 : store_row(s, q, f);

	if (r == 1)
		store_done(q);
	return r;
}

int
store_move_apply(struct store *s, struct fail *f)
{
	int r = used(s, f);

	if (r <= 0)
		return r;
	if (store_exec_all(s,
		"CREATE TEMP TABLE IF NOT EXISTS moving (bug PRIMARY KEY); "
		"DELETE FROM moving",
		f) != 0 ||
	    store_exec(s, f, note, "") != 0 ||
	    store_exec(s, f, "DELETE FROM moved WHERE bug NOTNULL", "") != 0 ||
	    read_events(s, f) != 0 || store_exec(s, f, note, "") != 0)
		return -1;
	/* Only bugs that a row of moved is about have crashes to move. */
	return store_exec(s, f,
	    "UPDATE crash SET bug = w.want FROM (SELECT c.job, c.run, "
	    "c.sha, " BUG("j.project", "c.bucket",
		"coalesce(c.exact, '')") " AS want FROM moving AS b CROSS JOIN "
					 "crash AS c ON c.bug = b.bug "
					 "JOIN job AS j ON j.id = c.job) AS w "
					 "WHERE (crash.job, crash.run, "
					 "crash.sha) = (w.job, w.run, w.sha) "
					 "AND crash.bug IS NOT w.want",
	    "");
}

/* --- what people decide ------------------------------------------------- */

static int
pick_bug(struct store *s, const char *id, struct pick *p, struct fail *f)
{
	if (pick_find(s, id, p, f) != 0)
		return -1;
	if (p->bug[0] == '\0')
		return fail_set(f, EX_LAGO_DATA, "'%s' belongs to no bug", id);
	return 0;
}

int
store_move_merge(struct store *s, const struct strs *ids, struct strs *events,
    struct fail *f)
{
	struct pick first, p;

	if (pick_bug(s, ids->v[0], &first, f) != 0)
		return -1;
	for (size_t i = 1; i < ids->n; i++) {
		if (pick_bug(s, ids->v[i], &p, f) != 0)
			return -1;
		if (strcmp(p.project, first.project) != 0)
			return fail_set(f, EX_LAGO_DATA,
			    "'%s' is of project %s, not %s", ids->v[i],
			    p.project, first.project);
		if (strcmp(p.bug, first.bug) != 0)
			strs_addf(events, "%s %s %s", first.project, p.sha,
			    first.sha);
	}
	return 0;
}

/* A crash of the part, and whether it is an exact key's; nothing when there is
 * none. */
static int
find_part(struct store *s, const char *bug, const char *key, char sha[65],
    bool *exact, struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f,
	    "SELECT sha, exact IS ?2 FROM crash WHERE bug = ?1 AND (exact = "
	    "?2 OR bucket = ?2) ORDER BY exact IS NOT ?2, sha LIMIT 1",
	    "tt", bug, key);
	int r = q == NULL ? -1 : store_row(s, q, f);

	if (r == 0)
		return fail_set(
		    f, EX_LAGO_NOINPUT, "'%s' has no part '%s'", bug, key);
	if (r < 0)
		return -1;
	memcpy(sha, sqlite3_column_text(q, 0), 65);
	*exact = sqlite3_column_int(q, 1);
	store_done(q);
	return 0;
}

/* Whether something of the bug stays: the first of ids; the rest are keys. */
static int
check_rest(struct store *s, const char *project, const char *bug,
    const struct strs *ids, struct fail *f)
{
	struct buf keys = BUF_INIT;
	sqlite3_stmt *q;
	int r = -1;

	for (size_t i = 1; i < ids->n; i++)
		buf_addf(&keys, " %s ", ids->v[i]);
	q = store_query(s, f,
	    "SELECT instr(?2, ' ' || bucket || ' ') > 0 AND lago_hash(?3, "
	    "bucket) = ?1, count(*) FILTER (WHERE instr(?2, ' ' || "
	    "coalesce(exact, '') || ' ') = 0 AND instr(?2, ' ' || bucket || "
	    "' ') = 0) FROM crash WHERE bug = ?1 GROUP BY 1 ORDER BY 1 DESC",
	    "ttt", bug, buf_str(&keys), project);
	if (q != NULL && (r = store_row(s, q, f)) == 1) {
		if (sqlite3_column_int(q, 0))
			r = fail_set(f, EX_LAGO_DATA,
			    "'%s' is called after that bucket: split off the "
			    "others",
			    bug);
		else if (sqlite3_column_int64(q, 1) == 0)
			r = fail_set(
			    f, EX_LAGO_DATA, "that is all of '%s'", bug);
		store_done(q);
	}
	buf_release(&keys);
	return r < 0 ? -1 : 0;
}

int
store_move_split(struct store *s, const struct strs *ids, struct strs *events,
    struct fail *f)
{
	char sha[65], lead[65];
	struct pick p;
	bool exact = false, by = false;

	if (pick_bug(s, ids->v[0], &p, f) != 0 ||
	    check_rest(s, p.project, p.bug, ids, f) != 0)
		return -1;
	for (size_t i = 1; i < ids->n; i++) {
		if (find_part(s, p.bug, ids->v[i], sha, &exact, f) != 0)
			return -1;
		if (i == 1) {
			memcpy(lead, sha, sizeof(lead));
			by = exact;
		}
		strs_addf(events, "%s %s %s %s %s", p.project, sha, lead,
		    exact ? "exact" : "bucket", by ? "exact" : "bucket");
	}
	return 0;
}
