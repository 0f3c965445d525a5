#include "base/json.h"

#include <err.h>
#include <sqlite3.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"

enum query { VALID, TYPE, VALUE, EACH, QUERIES };

static const char *const texts[QUERIES] = {
    [VALID] = "SELECT json_valid(?1)",
    [TYPE] = "SELECT json_type(?1, ?2)",
    [VALUE] = "SELECT json_extract(?1, ?2)",
    [EACH] = "SELECT key, type, value FROM json_each(?1, ?2)",
};

/* A statement with the text and path bound, made at its first use. */
static sqlite3_stmt *
bind(enum query q, const char *p, size_t n, const char *path)
{
	static sqlite3 *db;
	static sqlite3_stmt *made[QUERIES];

	if (db == NULL && sqlite3_open(":memory:", &db) != SQLITE_OK)
		errx(EX_LAGO_TEMP, "out of memory");
	if (made[q] == NULL &&
	    sqlite3_prepare_v2(db, texts[q], -1, &made[q], NULL) != SQLITE_OK)
		errx(EX_LAGO_UNAVAILABLE, "SQLite without JSON functions: %s",
		    sqlite3_errmsg(db));
	sqlite3_reset(made[q]);
	sqlite3_bind_text64(made[q], 1, p, n, SQLITE_STATIC, SQLITE_UTF8);
	if (path != NULL)
		sqlite3_bind_text(made[q], 2, path, -1, SQLITE_STATIC);
	return made[q];
}

bool
json_valid(const char *p, size_t n)
{
	sqlite3_stmt *s;
	bool ok;

	if (memchr(p, '\0', n) != NULL)
		return false;
	s = bind(VALID, p, n, NULL);
	ok = sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int(s, 0) == 1;
	sqlite3_reset(s);
	return ok;
}

/* The words of json_type(), so that callers get strings that stay. */
static const char *
word(const char *s)
{
	static const char *const words[] = {"object", "array", "text",
	    "integer", "real", "true", "false", "null"};
	size_t i;

	for (i = 0; s != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], s) == 0)
			return words[i];
	return NULL;
}

const char *
json_type(const char *p, size_t n, const char *path)
{
	sqlite3_stmt *s = bind(TYPE, p, n, path);
	const char *type = NULL;

	if (sqlite3_step(s) == SQLITE_ROW)
		type = word((const char *)sqlite3_column_text(s, 0));
	sqlite3_reset(s);
	return type;
}

bool
json_text(const char *p, size_t n, const char *path, struct buf *b)
{
	sqlite3_stmt *s = bind(VALUE, p, n, path);
	bool found = false;

	buf_reset(b);
	if (sqlite3_step(s) == SQLITE_ROW &&
	    sqlite3_column_type(s, 0) != SQLITE_NULL) {
		buf_add(b, sqlite3_column_text(s, 0),
		    (size_t)sqlite3_column_bytes(s, 0));
		found = true;
	}
	sqlite3_reset(s);
	return found;
}

bool
json_int(const char *p, size_t n, const char *path, int64_t *v)
{
	sqlite3_stmt *s = bind(VALUE, p, n, path);
	bool found;

	found = sqlite3_step(s) == SQLITE_ROW &&
		sqlite3_column_type(s, 0) == SQLITE_INTEGER;
	if (found)
		*v = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	return found;
}

int
json_each(const char *p, size_t n, const char *path,
    int (*fn)(const char *, const char *, const char *, size_t, void *),
    void *arg)
{
	sqlite3_stmt *s = bind(EACH, p, n, path);
	const char *value;
	int stop = 0;

	while (stop == 0 && sqlite3_step(s) == SQLITE_ROW) {
		value = (const char *)sqlite3_column_text(s, 2);
		stop = fn((const char *)sqlite3_column_text(s, 0),
		    word((const char *)sqlite3_column_text(s, 1)),
		    value == NULL ? "" : value,
		    (size_t)sqlite3_column_bytes(s, 2), arg);
	}
	sqlite3_reset(s);
	return stop;
}
