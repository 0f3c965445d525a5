/* Making lago.db and bringing an older one up to date; for store.c. */
#ifndef LAGO_STORE_STORE_SCHEMA_H
#define LAGO_STORE_STORE_SCHEMA_H

#include <stdbool.h>

struct fail;
struct sqlite3;

#define STORE_SCHEMA_ID 0x4c61676f /* application_id: "Lago" */

int store_schema_version(void); /* steps this program knows */

/* *now is the file's version.  65 when it is not ours, 78 when it is newer. */
int store_schema_check(
    struct sqlite3 *db, const char *path, int *now, struct fail *f);

/* A new file, linked to its place whole.  One that is there meanwhile stays.
 * Under the home's lock. */
int store_schema_create(const char *path, struct fail *f);

/* Apply the steps that are missing, after a copy to PATH.vN.  Under the home's
 * lock. */
int store_schema_migrate(struct sqlite3 *db, const char *path, struct fail *f);

/* Whether the views are this program's; make them so. */
bool store_schema_views_ok(struct sqlite3 *db);
int store_schema_views(struct sqlite3 *db, struct fail *f);

/* Turn SQLite's last error into a fail; -1. */
int store_schema_fail(struct sqlite3 *db, const char *what, struct fail *f);

#endif
