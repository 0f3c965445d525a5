/*
 * The database of a home, lago.db: an index of what its files say, and nothing
 * else.  Delete lago.db*, run lago-import -a, and it is back.
 *
 *	s = store_open(home.path, STORE_WRITE, f);
 *	store_begin(s, f);
 *	store_job_add(s, id, &job, submitted, f);	// store_job.h
 *	store_commit(s, f);
 *	store_close(s);
 *
 * The state of a job follows from its runs and events, that of a bug from its
 * crashes and events; store_commit works both out for all that was touched,
 * so nobody sets them.  Errors: 75 somebody writes for longer than 10 s; 65 the
 * file is another program's; 78 it is newer than this program, older and opened
 * for reading, or on a network file system; 74 the disk.
 */
#ifndef LAGO_STORE_STORE_H
#define LAGO_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

struct fail;
struct sqlite3_stmt;
struct store;

enum store_mode {
	STORE_READ, /* 66 when there is none */
	STORE_WRITE /* made when absent, brought to this version */
};

/* home: the home's path.  The file is HOME/lago.db, or what `db=` in the
 * home's config says.  NULL on error. */
struct store *store_open(
    const char *home, enum store_mode mode, struct fail *f);
void store_close(struct store *s); /* rolls back what was not committed */

/* For a program that runs for long: the path still leads to the open file. */
bool store_current(const struct store *s);

/* A write transaction.  Never hold one while a child runs. */
int store_begin(struct store *s, struct fail *f);
int store_commit(struct store *s, struct fail *f); /* on error: rolled back */
void store_rollback(struct store *s);
/* Amid a long one: lets others in.  What was written stays; jobs and bugs are
 * worked out by the next store_commit, whoever's it is. */
int store_pause(struct store *s, struct fail *f);

/*
 * One statement, for views and tables of lago-db(5).  sql must stay where it is
 * while the store is open (a literal): the statement is kept under its address.
 * types has a letter for each of ?1 ?2 ...: i int64_t or long, t const char *
 * (NULL is NULL), d double; text must stay until the last row.
 *
 *	q = store_query(s, f, "SELECT state FROM job WHERE id=?1", "i", id);
 *	while ((r = store_row(s, q, f)) == 1)
 *		... sqlite3_column_text(q, 0) ...
 *
 * store_query gives NULL on error, store_row 1 a row, 0 the end, -1 an error;
 * who leaves the loop early calls store_done.
 */
struct sqlite3_stmt *store_query(
    struct store *s, struct fail *f, const char *sql, const char *types, ...);
int store_row(struct store *s, struct sqlite3_stmt *q, struct fail *f);
void store_done(struct sqlite3_stmt *q);
/* Several without parameters, not kept. */
int store_exec_all(struct store *s, const char *sql, struct fail *f);
/* A statement without rows. */
int store_exec(
    struct store *s, struct fail *f, const char *sql, const char *types, ...);
/* The same, with the columns of q's current row as ?1 ?2 ... */
int store_copy(
    struct store *s, struct sqlite3_stmt *q, const char *sql, struct fail *f);

#endif
