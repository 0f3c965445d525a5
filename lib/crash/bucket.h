/*
 * Which crashes are the same bug?  bucket_make() cleans the names of all
 * frames, marks those that say nothing, and makes three keys:
 *
 *	key	coarse class and the first names of the crash stack: stable
 *		over rebuilds and over what the heap made of the same bug
 *	top	the same with the first name only
 *	exact	file, line and column of all meaningful frames
 *
 * share/doc/DESIGN tells what else belongs to the keys of some kinds.
 */
#ifndef LAGO_CRASH_BUCKET_H
#define LAGO_CRASH_BUCKET_H

#include "base/buf.h"
#include "crash/arena.h"

struct ignore;
struct report;
struct report_stack;
struct rules;
struct verdict_policy;

enum { BUCKET_KEY = 13, BUCKET_TOP = 3 };

struct bucket {
	struct arena arena; /* of the names */
	char key[BUCKET_KEY], top_key[BUCKET_KEY], exact[BUCKET_KEY];
	struct str top[BUCKET_TOP]; /* first names, recursion collapsed */
	size_t ntop;
	struct str line; /* "file:3:4", "file:3" or "module+0x2a"; n = 0 */
	struct buf text; /* of keys, while they are made */
	struct ignore *ignore; /* the policy's patterns, compiled */
};

/* The report has a kind. */
void bucket_make(struct bucket *b, struct report *r, const struct rules *rules,
    const struct verdict_policy *policy);
void bucket_release(struct bucket *b);
/* 12 hex digits of SHA-256 over n bytes. */
void bucket_hash(const void *p, size_t n, char key[BUCKET_KEY]);

#endif
