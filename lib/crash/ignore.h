/*
 * The frames that the user's patterns (-x ignore) drop: POSIX extended, matched
 * at the start of the text.  A pattern that does not compile matches nothing.
 */
#ifndef LAGO_CRASH_IGNORE_H
#define LAGO_CRASH_IGNORE_H

#include <stdbool.h>

#include "crash/str.h"

struct ignore;
struct strs;

struct ignore *ignore_new(const struct strs *patterns);
void ignore_free(struct ignore *g); /* NULL is fine */
/* Of a text, the first 4096 bytes up to a NUL are looked at. */
bool ignore_match(const struct ignore *g, struct str text);

#endif
