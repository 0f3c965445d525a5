/*
 * A list of strings it owns, always ended by a NULL so that v is an argument
 * vector or environment as it stands.  A zeroed struct is an empty list, and v
 * of that one is NULL: use strs_argv() where a vector is needed.
 */
#ifndef LAGO_BASE_STRS_H
#define LAGO_BASE_STRS_H

#include <stddef.h>

struct strs {
	char **v;
	size_t n, size;
};

void strs_add(struct strs *l, const char *s);
void strs_addf(struct strs *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void strs_addn(struct strs *l, const char *s, size_t n);
char **strs_argv(struct strs *l); /* never NULL */
void strs_sort(struct strs *l);	  /* by bytes */
void strs_release(struct strs *l);

/* NAME=VALUE lists.  Get: the value or NULL.  Set: replaces the first of that
 * name.  Join: value is added behind ':' to one that is there. */
const char *strs_env_get(const struct strs *l, const char *name);
void strs_env_set(struct strs *l, const char *name, const char *value);
void strs_env_join(struct strs *l, const char *name, const char *value);

#endif
