/*
 * A list of what another tool leaves out of its stacks, ClusterFuzz's or CASR's:
 * patterns for the text of a frame, its function or its path.
 *
 *	exact, prefix, contains	the text itself
 *	glob			parts in that order, a star between them
 */
#ifndef LAGO_CRASH_FOREIGN_H
#define LAGO_CRASH_FOREIGN_H

#include "crash/str.h"

struct foreign;

struct foreign *foreign_new(void);
void foreign_free(struct foreign *f); /* NULL is fine */
/* The pattern is not copied.  -1: not a rule. */
int foreign_add(struct foreign *f, const char *how, const char *pattern);
/* After the last one, before the first question. */
void foreign_index(struct foreign *f);
bool foreign_fits(const struct foreign *f, struct str s);

#endif
