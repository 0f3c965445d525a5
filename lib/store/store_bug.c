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

/* What people and passes said last about the crashes of a bug. */
struct said {
	char *state, *note, *news;
	bool told; /* there were news of it before */
};

static int
said(struct store *s, const char *bug, struct said *by, struct fail *f)
{
	/* The pluses keep the planner from reading all events of the home. */
	sqlite3_stmt *q = store_query(s, f,
	    "SELECT verb, text, at FROM (SELECT e.verb, e.text, e.at FROM "
	    "crash AS c JOIN event AS e ON e.sha = c.sha AND +e.job = 0 WHERE "
	    "c.bug = ?1 AND e.project = (SELECT project FROM job WHERE "
	    "id = c.job) UNION ALL SELECT verb, text, at FROM event WHERE "
	    "bug = ?1 AND +job = 0) ORDER BY at",
	    "t", bug);
	const char *verb;
	char **to;
	int r = -1;

	memset(by, 0, sizeof(*by));
	while (q != NULL && (r = store_row(s, q, f)) == 1) {
		verb = (const char *)sqlite3_column_text(q, 0);
		to = strcmp(verb, "state") == 0	 ? &by->state
		     : strcmp(verb, "note") == 0 ? &by->note
		     : strcmp(verb, "news") == 0 ? &by->news
						 : NULL;
		if (to == NULL)
			continue;
		free(*to);
		*to = mem_strdup((const char *)sqlite3_column_text(q, 1));
		if (to == &by->news) {
			(*to)[strcspn(*to, " ")] = '\0';
			by->told = true;
		}
		/* Who judged the bug anew wants to hear what comes of it. */
		if (to == &by->state && by->news != NULL &&
		    strncmp(*to, by->news, strlen(by->news)) != 0) {
			free(by->news);
			by->news = NULL;
		}
	}
	return r;
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
state_of(struct store *s, const char *bug, const char *text, char state[16],
    struct fail *f)
{
	static const char *const words[] = {"open", "fixed", "ignored"};
	char word[16] = "";
	int rank = 0, keys = 0, r = 0;
	size_t i;

	strcpy(state, "new");
	if (text == NULL)
		return 0;
	sscanf(text, "%15s %d %n", word, &rank, &keys);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			strcpy(state, word);
	if (strcmp(state, "fixed") == 0 || strcmp(state, "ignored") == 0)
		r = outside(s, bug, rank, text + keys, f);
	if (r == 1)
		strcpy(state, "reopened");
	return r < 0 ? -1 : 0;
}

/* What the crashes of a bug come to. */
struct sum {
	/* The one that stands for all: reproduced, severe, small. */
	int64_t job, run, rank, size;
	bool reproduced;
	char sha[65];
	/* Of all. */
	int64_t worst, inputs, proven, first, last;
	char severity[16];
};

/* Whether the row is better than what sum has; rows come in the order of sha,
 * job and run, so that equal is not better. */
static bool
better(const struct sum *sum, bool reproduced, int64_t rank, int64_t size)
{
	if (reproduced != sum->reproduced)
		return reproduced;
	if (rank != sum->rank)
		return rank > sum->rank;
	return size < sum->size;
}

/* Columns: job, run, sha, rank, severity, size, reproduced, time. */
static void
add(struct sum *sum, sqlite3_stmt *q, char before[65], bool *proven)
{
	const char *sha = (const char *)sqlite3_column_text(q, 2);
	bool first = sum->inputs == 0, reproduced = sqlite3_column_int(q, 6);
	int64_t rank = sqlite3_column_int64(q, 3), time;
	int64_t size = sqlite3_column_type(q, 5) == SQLITE_NULL
			   ? INT64_MAX
			   : sqlite3_column_int64(q, 5);

	if (first || strcmp(sha, before) != 0) {
		sum->inputs++;
		*proven = false;
		snprintf(before, 65, "%s", sha);
	}
	sum->proven += reproduced && !*proven;
	*proven |= reproduced;
	if (first || better(sum, reproduced, rank, size)) {
		sum->job = sqlite3_column_int64(q, 0);
		sum->run = sqlite3_column_int64(q, 1);
		sum->rank = rank;
		sum->size = size;
		sum->reproduced = reproduced;
		snprintf(sum->sha, sizeof(sum->sha), "%s", sha);
	}
	if (first || rank > sum->worst ||
	    (rank == sum->worst && sum->severity[0] == '\0')) {
		sum->worst = rank;
		snprintf(sum->severity, sizeof(sum->severity), "%s",
		    sqlite3_column_text(q, 4));
	}
	if (sqlite3_column_type(q, 7) == SQLITE_NULL)
		return;
	time = sqlite3_column_int64(q, 7);
	sum->first = sum->first == 0 || time < sum->first ? time : sum->first;
	sum->last = time > sum->last ? time : sum->last;
}

static int
sum_up(struct store *s, const char *bug, struct sum *sum, struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f,
	    "SELECT c.job, c.run, c.sha, c.rank, coalesce(c.severity, ''), "
	    "c.size, coalesce(c.reproduced, 0) > 0, r.started + "
	    "coalesce(c.found, 0) FROM crash AS c JOIN run AS r USING (job, "
	    "run) WHERE c.bug = ?1 ORDER BY c.sha, c.job, c.run",
	    "t", bug);
	char before[65] = "";
	bool proven = false;
	int r = -1;

	memset(sum, 0, sizeof(*sum));
	while (q != NULL && (r = store_row(s, q, f)) == 1)
		add(sum, q, before, &proven);
	return r;
}

static int
judge(struct store *s, const char *bug, struct fail *f)
{
	struct said by = {0};
	struct sum sum;
	char state[16];
	int rc;

	rc = store_exec(s, f, "DELETE FROM bug WHERE id = ?1", "t", bug);
	if (rc != 0 || (rc = sum_up(s, bug, &sum, f)) != 0 || sum.inputs == 0)
		return rc;
	rc = said(s, bug, &by, f);
	if (rc == 0)
		rc = state_of(s, bug, by.state, state, f);
	if (rc == 0)
		rc = store_exec(s, f,
		    "INSERT INTO bug SELECT ?1, j.project, c.bucket, ?2, ?3, "
		    "c.kind, c.access, nullif(?4, ''), ?5, c.top, c.line, "
		    "c.sha, ?6, ?7, nullif(?8, 0), nullif(?9, 0), ?10, "
		    "(SELECT count(DISTINCT coalesce(exact, '')) FROM crash "
		    "WHERE bug = ?1) FROM "
		    "crash AS c JOIN job AS j ON j.id = c.job WHERE "
		    "c.job = ?11 AND c.run = ?12 AND c.sha = ?13",
		    "ttttiiiiitiit", bug, state, by.note, sum.severity,
		    sum.worst, sum.inputs, sum.proven, sum.first, sum.last,
		    by.told && strcmp(state, "new") == 0 ? "new" : by.news,
		    sum.job, sum.run, sum.sha);
	free(by.state);
	free(by.note);
	free(by.news);
	return rc;
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
	return r < 0 ? -1
		     : store_exec(s, f,
			   "DELETE FROM touched_bug WHERE id NOTNULL", "");
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
