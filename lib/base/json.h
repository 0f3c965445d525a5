/*
 * Reading JSON (RFC 8259).  SQLite's JSON functions do it, on a database in
 * memory that lives as long as the process.
 */
#ifndef LAGO_BASE_JSON_H
#define LAGO_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

bool json_valid(const char *p, size_t n); /* one whole value, UTF-8, no NUL */

/* The type of the value at a path of SQLite's form ("$.a[0].b"): "object"
 * "array" "text" "integer" "real" "true" "false" "null", or NULL when there is
 * none.  The string is static. */
const char *json_type(const char *p, size_t n, const char *path);

/* Text or number at the path into b (emptied first).  False: absent or null;
 * objects and arrays come as JSON text. */
bool json_text(const char *p, size_t n, const char *path, struct buf *b);
bool json_int(const char *p, size_t n, const char *path, int64_t *v);

/* Calls fn for each member of the object or array at the path, in order; key
 * is the member's name or index.  value is its text as json_text gives it, type
 * as json_type.  Stops when fn returns non-zero and returns that; 0 else. */
int json_each(const char *p, size_t n, const char *path,
    int (*fn)(const char *key, const char *type, const char *value, size_t len,
	void *arg),
    void *arg);

#endif
