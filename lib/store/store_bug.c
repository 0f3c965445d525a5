#include "store/store_bug.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/store.h"

/* The crash that stands for its bug: reproduced, severe, small. */
#define BEST                                                                   \
	"ORDER BY coalesce(reproduced, 0) > 0 DESC, rank DESC, size IS NULL, " \
	"size, sha, job, run LIMIT 1"

/* The text of the last event of a verb about a crash of this bug. */
#define EVENT(verb)                                                         \
	"(SELECT e.text FROM crash AS c JOIN job AS j ON j.id = c.job "     \
	"JOIN event AS e ON e.sha = c.sha AND e.project = j.project WHERE " \
	"c.bug = ?1 AND e.job = 0 AND e.verb = '" verb                      \
	"' ORDER BY e.at DESC LIMIT 1)"

static char *
text_of(
    struct store *s, const char *sql, const char *bug, int *r, struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f, sql, "t", bug);
	char *text = NULL;

	*r = q == NULL ? -1 : store_row(s, q, f);
	if (*r == 1) {
		text = mem_strdup((const char *)sqlite3_column_text(q, 0));
		store_done(q);
	}
	return text;
}

/* Whether a crash is outside what its bug looked like when a person judged it,
 * "STATE RANK KEY,KEY...". */
static int
outside(struct store *s, const char *bug, int rank, const char *keys,
    struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f,
	    "SELECT 1 FROM crash WHERE bug = ?1 AND (rank > ?2 OR "
	    "instr(?3, lago_hash(kind, access, exact)) = 0) LIMIT 1",
	    "tit", bug, (int64_t)rank, keys);
	int r = q == NULL ? -1 : store_row(s, q, f);

	if (r == 1)
		store_done(q);
	return r;
}

static int
state_of(struct store *s, const char *bug, char state[16], struct fail *f)
{
	static const char *const words[] = {"open", "fixed", "ignored"};
	char word[16] = "";
	int rank = 0, keys = 0, r;
	size_t i;
	char *text;

	strcpy(state, "new");
	text = text_of(s, "SELECT " EVENT("state"), bug, &r, f);
	if (text == NULL)
		return r < 0 ? -1 : 0;
	sscanf(text, "%15s %d %n", word, &rank, &keys);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			strcpy(state, word);
	r = 0;
	if (strcmp(state, "fixed") == 0 || strcmp(state, "ignored") == 0)
		r = outside(s, bug, rank, text + keys, f);
	if (r == 1)
		strcpy(state, "reopened");
	free(text);
	return r < 0 ? -1 : 0;
}

static int
judge(struct store *s, const char *bug, struct fail *f)
{
	char state[16];
	sqlite3_stmt *q;
	int r;

	q = store_query(
	    s, f, "SELECT 1 FROM crash WHERE bug = ?1 LIMIT 1", "t", bug);
	if (q == NULL || (r = store_row(s, q, f)) < 0)
		return -1;
	if (r == 0)
		return store_exec(
		    s, f, "DELETE FROM bug WHERE id = ?1", "t", bug);
	store_done(q);
	if (state_of(s, bug, state, f) != 0)
		return -1;
	return store_exec(s, f,
	    "INSERT INTO bug SELECT ?1, j.project, c.bucket, ?2, " EVENT(
		"note") ", c.kind, c.access, w.severity, w.rank, c.top, "
			"c.line, c.sha, a.crashes, a.reproduced, a.first, "
			"a.last, " EVENT(
			    "news") " FROM (SELECT * FROM crash WHERE bug = "
				    "?1 " BEST ") AS c JOIN job "
				    "AS j ON j.id = c.job, (SELECT severity, "
				    "rank FROM crash WHERE "
				    "bug = ?1 ORDER BY rank DESC, severity "
				    "LIMIT 1) AS w, (SELECT "
				    "count(DISTINCT sha) AS crashes, "
				    "count(DISTINCT CASE WHEN "
				    "reproduced > 0 THEN sha END) AS "
				    "reproduced, "
				    "min(r.started + coalesce(found, 0)) AS "
				    "first, "
				    "max(r.started + coalesce(found, 0)) AS "
				    "last "
				    "FROM crash JOIN run AS r USING (job, run) "
				    "WHERE bug = ?1) AS a "
				    "WHERE true ON CONFLICT DO UPDATE SET "
				    "(project, bucket, state, "
				    "note, kind, access, severity, rank, top, "
				    "line, sha, crashes, "
				    "reproduced, first, last, told) = "
				    "(excluded.project, "
				    "excluded.bucket, excluded.state, "
				    "excluded.note, excluded.kind, "
				    "excluded.access, excluded.severity, "
				    "excluded.rank, excluded.top, "
				    "excluded.line, excluded.sha, "
				    "excluded.crashes, "
				    "excluded.reproduced, excluded.first, "
				    "excluded.last, "
				    "excluded.told)",
	    "tt", bug, state);
}

int
store_bug_judge(struct store *s, struct fail *f)
{
	sqlite3_stmt *q =
	    store_query(s, f, "SELECT id FROM touched_bug ORDER BY id", "");
	char bug[16];
	int r = -1;

	while (q != NULL && (r = store_row(s, q, f)) == 1) {
		snprintf(bug, sizeof(bug), "%s", sqlite3_column_text(q, 0));
		if (judge(s, bug, f) != 0) {
			store_done(q);
			return -1;
		}
	}
	return r < 0 ? -1 : store_exec(s, f, "DELETE FROM touched_bug", "");
}

int
store_bug_cover(struct store *s, const char *bug, const char *state,
    struct buf *text, struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f,
	    "SELECT max(rank), group_concat(DISTINCT "
	    "lago_hash(kind, access, exact)) FROM crash WHERE bug = ?1",
	    "t", bug);

	if (q == NULL || store_row(s, q, f) < 0)
		return -1;
	buf_addf(text, "%s %d %s", state, sqlite3_column_int(q, 0),
	    sqlite3_column_text(q, 1));
	store_done(q);
	return 0;
}
