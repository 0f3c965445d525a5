#include "store/pick.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/json.h"
#include "job/home.h"
#include "store/store.h"
#include "store/tail.h"

#define BUG_DIGITS 12

static bool
is_hex(const char *id, size_t min, size_t max)
{
	size_t n = strlen(id);

	return n >= min && n <= max && strspn(id, "0123456789abcdef") == n;
}

bool
pick_is_bug(const char *id)
{
	return is_hex(id, BUG_DIGITS, BUG_DIGITS);
}

bool
pick_is_crash(const char *id)
{
	return is_hex(id, BUG_DIGITS + 1, HASH_HEX - 1);
}

static void
take(char *to, size_t size, sqlite3_stmt *q, int column)
{
	const unsigned char *text = sqlite3_column_text(q, column);

	snprintf(to, size, "%s", text == NULL ? "" : (const char *)text);
}

#define COLUMNS "SELECT c.sha, c.bug, j.project, c.job, c.run, c.at, c.length "
#define TABLES " FROM crash AS c JOIN job AS j ON j.id = c.job "

int
pick_follow(struct store *s, const char *id, char bug[16], struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f,
	    "SELECT bug FROM moved WHERE exact = '' AND lago_hash(project, "
	    "bucket) = ?1 AND NOT EXISTS (SELECT 1 FROM bug WHERE id = ?1)",
	    "t", id);
	int r = q == NULL ? -1 : store_row(s, q, f);

	snprintf(bug, 16, "%s", id);
	if (r != 1)
		return r;
	take(bug, 16, q, 0);
	store_done(q);
	return 0;
}

int
pick_find(struct store *s, const char *id, struct pick *p, struct fail *f)
{
	char bug[16];
	sqlite3_stmt *q;
	int r;

	memset(p, 0, sizeof(*p));
	p->bug_given = pick_is_bug(id);
	if (p->bug_given) {
		if (pick_follow(s, id, bug, f) != 0)
			return -1;
		id = bug;
	}
	if (!p->bug_given && !pick_is_crash(id))
		return fail_set(
		    f, EX_LAGO_NOINPUT, "'%s' is neither bug nor crash", id);
	if (p->bug_given)
		q = store_query(s, f,
		    COLUMNS
		    ", 1" TABLES "JOIN bug AS b ON b.id = c.bug AND "
		    "b.sha = c.sha WHERE b.id = ?1 ORDER BY c.job DESC, "
		    "c.run DESC LIMIT 1",
		    "t", id);
	else
		q = store_query(s, f,
		    COLUMNS
		    ", (SELECT count(DISTINCT sha) FROM crash WHERE "
		    "sha >= ?1 AND sha < ?1 || 'g')" TABLES
		    "WHERE sha >= ?1 AND sha < ?1 || 'g' ORDER BY c.job DESC, "
		    "c.run DESC LIMIT 1",
		    "t", id);
	if (q == NULL || (r = store_row(s, q, f)) < 0)
		return -1;
	if (r == 0)
		return fail_set(f, EX_LAGO_NOINPUT, "no such %s '%s'",
		    p->bug_given ? "bug" : "crash", id);
	take(p->sha, sizeof(p->sha), q, 0);
	take(p->bug, sizeof(p->bug), q, 1);
	take(p->project, sizeof(p->project), q, 2);
	p->job = (long)sqlite3_column_int64(q, 3);
	p->run = (long)sqlite3_column_int64(q, 4);
	p->at = sqlite3_column_int64(q, 5);
	p->length = sqlite3_column_int64(q, 6);
	r = sqlite3_column_int(q, 7);
	store_done(q);
	if (r > 1)
		return fail_set(
		    f, EX_LAGO_NOINPUT, "%d crashes begin with '%s'", r, id);
	return 0;
}

int
pick_record(const struct home *h, const struct pick *p, struct buf *record,
    struct fail *f)
{
	struct buf sha = BUF_INIT;
	struct tail t;
	int64_t at;
	size_t len;
	char *line;
	int dir, r;

	buf_reset(record);
	if ((dir = home_run(h, p->job, p->run, f)) < 0)
		return -1;
	r = tail_open(&t, dir, "crashes.jsonl", p->at, f);
	close(dir);
	if (r != 0)
		return -1;
	r = t.cut ? 0 : tail_next(&t, &line, &len, &at, f);
	if (r == 1 && line != NULL && (int64_t)len == p->length &&
	    json_valid(line, len) &&
	    json_text(line, len, "$.input_sha256", &sha) &&
	    strcmp(sha.p, p->sha) == 0)
		buf_add(record, line, len);
	tail_close(&t);
	buf_release(&sha);
	if (r < 0)
		return -1;
	if (record->len == 0)
		return fail_set(f, EX_LAGO_DATA,
		    "the record of '%s' is not where it was in run %ld.%ld: "
		    "run lago-import -a",
		    p->sha, p->job, p->run);
	return 0;
}
