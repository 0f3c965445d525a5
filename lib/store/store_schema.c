#include "store/store_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/hash.h"
#include "base/mem.h"
#include "store/sql.h"

/* Steps are the texts whose names begin with a digit, all others are views. */
static bool
is_step(const struct sql_text *t)
{
	return t->name[0] >= '0' && t->name[0] <= '9';
}

int
store_schema_version(void)
{
	const struct sql_text *t;
	int n = 0;

	for (t = sql_texts; t->name != NULL; t++)
		n += is_step(t);
	return n;
}

int
store_schema_fail(sqlite3 *db, const char *what, struct fail *f)
{
	static const struct {
		int code, status;
	} map[] = {{SQLITE_BUSY, EX_LAGO_TEMP}, {SQLITE_LOCKED, EX_LAGO_TEMP},
	    {SQLITE_NOMEM, EX_LAGO_TEMP}, {SQLITE_NOTADB, EX_LAGO_DATA},
	    {SQLITE_CONSTRAINT, EX_LAGO_DATA}, {SQLITE_ERROR, EX_LAGO_DATA},
	    {SQLITE_TOOBIG, EX_LAGO_DATA}, {SQLITE_MISMATCH, EX_LAGO_DATA},
	    {SQLITE_READONLY, EX_LAGO_CANTCREAT},
	    {SQLITE_CANTOPEN, EX_LAGO_CANTCREAT},
	    {SQLITE_PERM, EX_LAGO_CANTCREAT}};
	const char *file = sqlite3_db_filename(db, "main");
	int code = sqlite3_errcode(db) & 0xff, status = EX_LAGO_IO;
	size_t i;

	if (file != NULL && *file != '\0')
		what = file;
	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].code == code)
			status = map[i].status;
	if (code == SQLITE_READONLY)
		return fail_set(f, status,
		    "'%s' or its directory is not writable: SQLite needs both, "
		    "to read, too",
		    what);
	return fail_set(f, status, "'%s': %s", what, sqlite3_errmsg(db));
}

static int
run(sqlite3 *db, const char *sql, const char *what, struct fail *f)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_schema_fail(db, what, f);
	return 0;
}

static int
pragma(sqlite3 *db, const char *sql, int *value)
{
	sqlite3_stmt *q;
	int rc;

	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
		return -1;
	rc = sqlite3_step(q) == SQLITE_ROW ? 0 : -1;
	*value = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	return rc;
}

int
store_schema_check(sqlite3 *db, const char *path, int *now, struct fail *f)
{
	int id;

	if (pragma(db, "PRAGMA application_id", &id) != 0 ||
	    pragma(db, "PRAGMA user_version", now) != 0)
		return store_schema_fail(db, path, f);
	if (id != STORE_SCHEMA_ID)
		return fail_set(
		    f, EX_LAGO_DATA, "'%s' is not a database of lago", path);
	if (*now > store_schema_version())
		return fail_set(f, EX_LAGO_CONFIG,
		    "'%s' was written by a newer lago (version %d, this one "
		    "knows %d)",
		    path, *now, store_schema_version());
	return 0;
}

/* The steps from a version on, inside a transaction of the caller. */
static int
apply(sqlite3 *db, int from, struct fail *f)
{
	const struct sql_text *t;
	char text[64];
	int n = 0;

	for (t = sql_texts; t->name != NULL; t++)
		if (is_step(t) && n++ >= from &&
		    run(db, t->text, t->name, f) != 0)
			return -1;
	snprintf(text, sizeof(text), "PRAGMA user_version=%d", n);
	return run(db, text, "lago.db", f);
}

static int
views(sqlite3 *db, struct fail *f)
{
	const struct sql_text *t;
	struct hash *h = hash_new();
	char hex[HASH_HEX], text[128];

	for (t = sql_texts; t->name != NULL; t++) {
		if (is_step(t))
			continue;
		hash_add(h, t->text, strlen(t->text));
		if (run(db, t->text, t->name, f) != 0)
			break;
	}
	hash_end(h, hex);
	if (t->name != NULL)
		return -1;
	snprintf(text, sizeof(text), "REPLACE INTO meta VALUES ('views', '%s')",
	    hex);
	return run(db, text, "lago.db", f);
}

static int
drop_views(sqlite3 *db, struct fail *f)
{
	sqlite3_stmt *q;
	char *drops;
	int rc;

	if (sqlite3_prepare_v2(db,
		"SELECT group_concat(format('DROP VIEW \"%w\";', name), ' ') "
		"FROM sqlite_schema WHERE type = 'view' AND name GLOB 'v_*'",
		-1, &q, NULL) != SQLITE_OK)
		return store_schema_fail(db, "lago.db", f);
	sqlite3_step(q);
	drops = mem_strdup((const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	rc = drops == NULL ? 0 : run(db, drops, "lago.db", f);
	free(drops);
	return rc;
}

bool
store_schema_views_ok(sqlite3 *db)
{
	const struct sql_text *t;
	struct hash *h = hash_new();
	char hex[HASH_HEX];
	sqlite3_stmt *q;
	bool ok = false;

	for (t = sql_texts; t->name != NULL; t++)
		if (!is_step(t))
			hash_add(h, t->text, strlen(t->text));
	hash_end(h, hex);
	if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key = 'views'",
		-1, &q, NULL) != SQLITE_OK)
		return false;
	if (sqlite3_step(q) == SQLITE_ROW)
		ok = strcmp((const char *)sqlite3_column_text(q, 0), hex) == 0;
	sqlite3_finalize(q);
	return ok;
}

int
store_schema_views(sqlite3 *db, struct fail *f)
{
	if (run(db, "BEGIN IMMEDIATE", "lago.db", f) != 0)
		return -1;
	if (drop_views(db, f) == 0 && views(db, f) == 0 &&
	    run(db, "COMMIT", "lago.db", f) == 0)
		return 0;
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

/* Fill an empty file.  WAL is a property of the file and is set before anybody
 * else can see it, because switching later does not wait for other users. */
static int
fill(sqlite3 *db, struct fail *f)
{
	char text[64];

	snprintf(
	    text, sizeof(text), "PRAGMA application_id=%d", STORE_SCHEMA_ID);
	if (run(db, "PRAGMA journal_mode=WAL", "lago.db", f) != 0 ||
	    run(db, "BEGIN IMMEDIATE", "lago.db", f) != 0 ||
	    run(db, text, "lago.db", f) != 0 || apply(db, 0, f) != 0 ||
	    views(db, f) != 0)
		return -1;
	return run(db, "COMMIT", "lago.db", f);
}

static void
remove_beside(const char *path, const char *suffix)
{
	char *name = mem_printf("%s%s", path, suffix);

	unlink(name);
	free(name);
}

int
store_schema_create(const char *path, struct fail *f)
{
	char random[33], *temp;
	sqlite3 *db = NULL;
	int rc = -1;

	hash_random(random);
	temp = mem_printf("%s.%.6s", path, random);
	if (sqlite3_open_v2(temp, &db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
		store_schema_fail(db, path, f);
	else
		rc = fill(db, f);
	sqlite3_close(db);
	if (rc == 0 && access(path, F_OK) != 0) {
		/* Left by a file that was deleted without them. */
		remove_beside(path, "-wal");
		remove_beside(path, "-shm");
		if (link(temp, path) != 0 && errno != EEXIST)
			rc = fail_errno(
			    f, EX_LAGO_CANTCREAT, "cannot create '%s'", path);
	}
	unlink(temp);
	remove_beside(temp, "-wal");
	remove_beside(temp, "-shm");
	free(temp);
	return rc;
}

/* VACUUM INTO sees what still lies in the WAL, a copy of the file would not. */
static int
copy(sqlite3 *db, const char *path, int version, struct fail *f)
{
	char *name = mem_printf("%s.v%d", path, version);
	char *temp = mem_printf("%s.tmp", name);
	char *sql = sqlite3_mprintf("VACUUM INTO %Q", temp);
	int rc;

	unlink(temp);
	rc = run(db, sql, name, f);
	if (rc == 0 && rename(temp, name) != 0)
		rc = fail_errno(
		    f, EX_LAGO_CANTCREAT, "cannot create '%s'", name);
	sqlite3_free(sql);
	free(temp);
	free(name);
	return rc;
}

static int
check_keys(sqlite3 *db, const char *path, struct fail *f)
{
	sqlite3_stmt *q;
	int rc;

	if (sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &q, NULL) !=
	    SQLITE_OK)
		return store_schema_fail(db, path, f);
	rc = sqlite3_step(q);
	sqlite3_finalize(q);
	if (rc == SQLITE_DONE)
		return 0;
	return fail_set(f, EX_LAGO_DATA,
	    "'%s' holds rows that do not fit; delete it and run "
	    "lago-import -a",
	    path);
}

int
store_schema_migrate(sqlite3 *db, const char *path, struct fail *f)
{
	int now, rc = -1;

	if (store_schema_check(db, path, &now, f) != 0)
		return -1;
	if (now == store_schema_version())
		return 0;
	if (copy(db, path, now, f) != 0 ||
	    run(db, "PRAGMA foreign_keys=OFF", path, f) != 0 ||
	    run(db, "BEGIN IMMEDIATE", path, f) != 0)
		return -1;
	if (store_schema_check(db, path, &now, f) == 0 &&
	    drop_views(db, f) == 0 && apply(db, now, f) == 0 &&
	    views(db, f) == 0 && check_keys(db, path, f) == 0)
		rc = run(db, "COMMIT", path, f);
	if (rc != 0)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}
