#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/kv.h"
#include "base/mem.h"
#include "store/store_bug.h"
#include "store/store_job.h"
#include "store/store_move.h"
#include "store/store_schema.h"

#define BUSY_MS 10000
#define CONFIG_MAX (1 << 20)

struct kept {
	const char *sql;
	sqlite3_stmt *q;
};

struct store {
	sqlite3 *db;
	char *path;
	struct stat st; /* of the file when it was opened */
	struct kept *kept;
	size_t n, size;
	bool open; /* a transaction is */
};

/* WAL needs memory shared by all users of the file. */
static int
check_fs(const char *dir, struct fail *f)
{
	static const struct {
		unsigned magic;
		const char *name;
	} refused[] = {{0x6969, "NFS"}, {0x517b, "SMB"}, {0xff534d42, "CIFS"},
	    {0xfe534d42, "SMB"}, {0x65735546, "FUSE"}, {0x01021997, "9P"},
	    {0x5346414f, "AFS"}, {0x00c36400, "Ceph"}, {0x0bd00bd0, "Lustre"}};
	struct statfs fs;
	size_t i;

	if (statfs(dir, &fs) != 0)
		return fail_errno(f, EX_LAGO_NOINPUT, "cannot open '%s'", dir);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if ((unsigned)fs.f_type == refused[i].magic)
			return fail_set(f, EX_LAGO_CONFIG,
			    "'%s' is on %s: put lago.db on a local disk with "
			    "'db=PATH' in the home's config",
			    dir, refused[i].name);
	return 0;
}

/* Where the database is: HOME/lago.db or the config's db. */
static char *
find(const char *home, struct fail *f)
{
	struct kv config = {0};
	const char *db;
	char *path = NULL, *file = mem_printf("%s/config", home);

	if (file_exists(AT_FDCWD, file) &&
	    kv_read(&config, AT_FDCWD, file, CONFIG_MAX, f) != 0)
		goto out;
	db = kv_get(&config, "db");
	if (db == NULL)
		path = mem_printf("%s/lago.db", home);
	else if (*db == '/')
		path = mem_strdup(db);
	else
		fail_set(f, EX_LAGO_CONFIG,
		    "'%s': db needs an absolute path, not '%s'", file, db);
out:
	kv_release(&config);
	free(file);
	return path;
}

/* SHA-256 over the arguments, separated by NUL, 12 digits: what a bug is called
 * and what tells its members apart. */
static void
sql_hash(sqlite3_context *c, int n, sqlite3_value **v)
{
	struct hash *h = hash_new();
	char hex[HASH_HEX];
	int i;

	for (i = 0; i < n; i++) {
		if (i > 0)
			hash_add(h, "", 1);
		hash_add(h, sqlite3_value_text(v[i]),
		    (size_t)sqlite3_value_bytes(v[i]));
	}
	hash_end(h, hex);
	sqlite3_result_text(c, hex, 12, SQLITE_TRANSIENT);
}

/* What a transaction touches, for store_commit.  (Not INSERT OR IGNORE: within
 * an upsert the outer statement's way with conflicts counts.) */
/* clang-format off */
#define TOUCH_JOB(id) \
	"INSERT INTO touched_job SELECT " id \
	" WHERE NOT EXISTS (SELECT 1 FROM touched_job AS t WHERE " \
	"t.id = " id ");"
#define TOUCH_BUG(bug) \
	"INSERT INTO touched_bug SELECT " bug \
	" WHERE " bug " NOTNULL AND NOT EXISTS (SELECT 1 FROM touched_bug " \
	"AS t WHERE t.id = " bug ");"
#define TOUCH_BUGS(where) \
	"INSERT INTO touched_bug SELECT DISTINCT bug FROM crash WHERE " where \
	" AND bug NOTNULL AND NOT EXISTS (SELECT 1 FROM touched_bug AS t " \
	"WHERE t.id = bug);"
#define TRIGGER(name, when, what) \
	"CREATE TEMP TRIGGER " name " AFTER " when " BEGIN " what " END;"

static const char touched[] =
    TRIGGER("crash_added", "INSERT ON main.crash", TOUCH_BUG("new.bug"))
    TRIGGER("crash_changed", "UPDATE ON main.crash",
	TOUCH_BUG("old.bug") TOUCH_BUG("new.bug"))
    TRIGGER("crash_gone", "DELETE ON main.crash", TOUCH_BUG("old.bug"))
    TRIGGER("job_added", "INSERT ON main.job", TOUCH_JOB("new.id"))
    TRIGGER("run_added", "INSERT ON main.run", TOUCH_JOB("new.job"))
    TRIGGER("run_changed", "UPDATE OF state, reason, ended ON main.run",
	TOUCH_JOB("new.job"))
    TRIGGER("run_moved", "UPDATE OF started ON main.run WHEN "
	"old.started IS NOT new.started",
	TOUCH_BUGS("job = new.job AND run = new.run"))
    TRIGGER("job_event", "INSERT ON main.event WHEN new.job > 0",
	TOUCH_JOB("new.job"))
    TRIGGER("bug_event", "INSERT ON main.event WHEN new.sha NOTNULL",
	TOUCH_BUGS("sha = new.sha") TOUCH_BUG("new.bug"));
/* clang-format on */

/* Triggers must see rows that REPLACE replaces.  The cache holds what a batch of
 * an import touches, or its pages are written more than once. */
static const char writing[] =
    "PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON;"
    "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
    "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=8000";

static int
prepare(struct store *s, enum store_mode mode, struct fail *f)
{
	int now;

	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	sqlite3_create_function(s->db, "lago_hash", -1,
	    SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, sql_hash, NULL, NULL);
	if (store_schema_check(s->db, s->path, &now, f) != 0)
		return -1;
	if (mode == STORE_WRITE && sqlite3_db_readonly(s->db, "main") == 1)
		return fail_set(
		    f, EX_LAGO_CANTCREAT, "'%s' is not writable", s->path);
	if (mode == STORE_WRITE)
		return store_exec_all(s, writing, f);
	if (now < store_schema_version() || !store_schema_views_ok(s->db))
		return fail_set(f, EX_LAGO_CONFIG,
		    "'%s' was written by another lago: run lago-import once",
		    s->path);
	return 0;
}

/* Bring an older file up to date, or only its views. */
static int
update(struct store *s, const char *home, struct fail *f)
{
	char *name;
	int now, lock, rc = 0;

	if (store_schema_check(s->db, s->path, &now, f) != 0)
		return -1;
	if (now == store_schema_version() && store_schema_views_ok(s->db))
		return 0;
	name = mem_printf("%s/.lock", home);
	lock = file_lock(AT_FDCWD, name, BUSY_MS / 1e3, f);
	free(name);
	if (lock < 0)
		return -1;
	if (now < store_schema_version())
		rc = store_schema_migrate(s->db, s->path, f);
	else
		rc = store_schema_views(s->db, f);
	close(lock);
	if (rc == 0 && sqlite3_exec(s->db, "PRAGMA foreign_keys=ON", NULL, NULL,
			   NULL) != SQLITE_OK)
		rc = store_schema_fail(s->db, s->path, f);
	return rc;
}

static int
create(struct store *s, const char *home, struct fail *f)
{
	char *name = mem_printf("%s/.lock", home);
	int rc, lock;

	lock = file_lock(AT_FDCWD, name, BUSY_MS / 1e3, f);
	free(name);
	if (lock < 0)
		return -1;
	rc = access(s->path, F_OK) == 0 ? 0 : store_schema_create(s->path, f);
	close(lock);
	return rc;
}

static int
open_file(struct store *s, enum store_mode mode, struct fail *f)
{
	int flags =
	    mode == STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;

	if (sqlite3_open_v2(s->path, &s->db, flags | SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK)
		return store_schema_fail(s->db, s->path, f);
	return prepare(s, mode, f);
}

struct store *
store_open(const char *home, enum store_mode mode, struct fail *f)
{
	struct store *s = mem_alloc(sizeof(*s));
	char *dir = NULL;

	/* Counting allocations takes a lock for each.  (Fails, harmlessly, when
	 * SQLite is in use already.) */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if ((s->path = find(home, f)) == NULL)
		goto fail;
	dir = mem_strdup(s->path);
	*strrchr(dir, '/') = '\0';
	if (check_fs(*dir == '\0' ? "/" : dir, f) != 0)
		goto fail;
	if (access(s->path, F_OK) != 0) {
		if (mode == STORE_READ) {
			fail_set(f, EX_LAGO_NOINPUT,
			    "no database '%s': nothing was submitted yet, or "
			    "lago-import makes it",
			    s->path);
			goto fail;
		}
		if (create(s, home, f) != 0)
			goto fail;
	}
	if (open_file(s, mode, f) != 0)
		goto fail;
	if (stat(s->path, &s->st) != 0) {
		fail_errno(f, EX_LAGO_IO, "cannot open '%s'", s->path);
		goto fail;
	}
	if (mode == STORE_WRITE &&
	    (update(s, home, f) != 0 || store_exec_all(s, touched, f) != 0))
		goto fail;
	free(dir);
	return s;
fail:
	free(dir);
	store_close(s);
	return NULL;
}

void
store_close(struct store *s)
{
	size_t i;

	if (s == NULL)
		return;
	store_rollback(s);
	for (i = 0; i < s->n; i++)
		sqlite3_finalize(s->kept[i].q);
	sqlite3_close(s->db);
	free(s->kept);
	free(s->path);
	free(s);
}

bool
store_current(const struct store *s)
{
	struct stat st;

	return stat(s->path, &st) == 0 && st.st_dev == s->st.st_dev &&
	       st.st_ino == s->st.st_ino;
}

int
store_exec_all(struct store *s, const char *sql, struct fail *f)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_schema_fail(s->db, s->path, f);
	return 0;
}

int
store_begin(struct store *s, struct fail *f)
{
	int now;

	if (store_exec_all(s, "BEGIN IMMEDIATE", f) != 0)
		return -1;
	s->open = true;
	/* A newer program may have been here since the file was opened. */
	if (store_schema_check(s->db, s->path, &now, f) == 0 &&
	    now == store_schema_version())
		return 0;
	store_rollback(s);
	return -1;
}

int
store_commit(struct store *s, struct fail *f)
{
	if (store_job_judge(s, f) == 0 && store_move_apply(s, f) == 0 &&
	    store_bug_judge(s, f) == 0 && store_exec_all(s, "COMMIT", f) == 0) {
		s->open = false;
		return 0;
	}
	store_rollback(s);
	return -1;
}

int
store_pause(struct store *s, struct fail *f)
{
	if (store_exec_all(s, "COMMIT", f) != 0) {
		store_rollback(s);
		return -1;
	}
	s->open = false;
	return store_begin(s, f);
}

void
store_rollback(struct store *s)
{
	size_t i;

	if (!s->open)
		return;
	for (i = 0; i < s->n; i++)
		sqlite3_reset(s->kept[i].q);
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->open = false;
}

static sqlite3_stmt *
statement(struct store *s, const char *sql, struct fail *f)
{
	sqlite3_stmt *q;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->kept[i].sql == sql)
			return s->kept[i].q;
	if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &q,
		NULL) != SQLITE_OK) {
		store_schema_fail(s->db, s->path, f);
		return NULL;
	}
	if (s->n == s->size) {
		s->size = s->size > 0 ? 2 * s->size : 32;
		s->kept = mem_grow(s->kept, s->size, sizeof(*s->kept));
	}
	s->kept[s->n++] = (struct kept){sql, q};
	return q;
}

static sqlite3_stmt *
bind(struct store *s, struct fail *f, const char *sql, const char *types,
    va_list ap)
{
	sqlite3_stmt *q = statement(s, sql, f);
	int i;

	if (q == NULL)
		return NULL;
	sqlite3_reset(q);
	if (strlen(types) != (size_t)sqlite3_bind_parameter_count(q))
		abort();
	for (i = 1; *types != '\0'; types++, i++)
		if (*types == 'i')
			sqlite3_bind_int64(q, i, va_arg(ap, int64_t));
		else if (*types == 'd')
			sqlite3_bind_double(q, i, va_arg(ap, double));
		else
			sqlite3_bind_text(
			    q, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
	return q;
}

sqlite3_stmt *
store_query(
    struct store *s, struct fail *f, const char *sql, const char *types, ...)
{
	sqlite3_stmt *q;
	va_list ap;

	va_start(ap, types);
	q = bind(s, f, sql, types, ap);
	va_end(ap);
	return q;
}

int
store_row(struct store *s, sqlite3_stmt *q, struct fail *f)
{
	switch (sqlite3_step(q)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		sqlite3_reset(q);
		return 0;
	default:
		store_schema_fail(s->db, s->path, f);
		sqlite3_reset(q);
		return -1;
	}
}

void
store_done(sqlite3_stmt *q)
{
	sqlite3_reset(q);
}

int
store_exec(
    struct store *s, struct fail *f, const char *sql, const char *types, ...)
{
	sqlite3_stmt *q;
	va_list ap;

	va_start(ap, types);
	q = bind(s, f, sql, types, ap);
	va_end(ap);
	if (q == NULL)
		return -1;
	return store_row(s, q, f) < 0 ? -1 : 0;
}

int
store_copy(struct store *s, sqlite3_stmt *q, const char *sql, struct fail *f)
{
	sqlite3_stmt *to = statement(s, sql, f);
	int i, rc;

	if (to == NULL)
		return -1;
	if (sqlite3_bind_parameter_count(to) != sqlite3_column_count(q))
		abort();
	sqlite3_reset(to);
	for (i = 0; i < sqlite3_column_count(q); i++)
		sqlite3_bind_value(to, i + 1, sqlite3_column_value(q, i));
	rc = store_row(s, to, f);
	return rc < 0 ? -1 : 0;
}
