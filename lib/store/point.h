/* Lines of stats.tsv. */
#ifndef LAGO_STORE_POINT_H
#define LAGO_STORE_POINT_H

#include <stdbool.h>
#include <stddef.h>

#define POINT_FIELDS 19

/* Their names, in order; ended by NULL. */
extern const char *const point_names[POINT_FIELDS + 1];

/* Cut a line (NULL: none) in place; v gets its numbers, NULL for what is
 * unknown or none.  False when the line is not one of statistics. */
bool point_split(char *line, size_t len, const char *v[POINT_FIELDS]);

#endif
