/* A set of strings, each with a value that the caller keeps there. */
#ifndef LAGO_RUN_SEEN_H
#define LAGO_RUN_SEEN_H

#include <stddef.h>

struct seen_one {
	char *key; /* NULL: free */
	void *value;
};
struct seen {
	struct seen_one *slot;
	size_t n, size; /* size is a power of two, or 0 */
};

/* The place of the value of key, NULL when it is not there. */
void **seen_find(const struct seen *s, const char *key);
/* The same, added when it is missing (value NULL).  Valid until the next. */
void **seen_put(struct seen *s, const char *key);
void seen_release(struct seen *s); /* the values are the caller's */

#endif
