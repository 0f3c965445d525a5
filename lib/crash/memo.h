/*
 * What was found out once of some bytes that come back in thousands of logs.  A
 * map from them to values of one size, with a bound: who uses it says when it may
 * be emptied, and begin anew.
 */
#ifndef LAGO_CRASH_MEMO_H
#define LAGO_CRASH_MEMO_H

#include "crash/str.h"

struct memo;

struct memo *memo_new(size_t value_size);
void memo_free(struct memo *m); /* NULL is fine */
/* The value of key, zeroed when *made, and valid until memo_trim().  NULL: it is
 * not there, and there is no room. */
void *memo_find(struct memo *m, struct str key, bool *made);
/* Empty it if it is full: no value is valid then. */
void memo_trim(struct memo *m);
/* A copy of s that lives as long as the value found last. */
struct str memo_keep(struct memo *m, struct str s);

#endif
