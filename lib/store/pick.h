/* A crash by the id a person gave: of a bug, or the beginning of a SHA-256. */
#ifndef LAGO_STORE_PICK_H
#define LAGO_STORE_PICK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"

struct buf;
struct fail;
struct home;
struct store;

struct pick {
	bool bug_given;	    /* the id was a bug's: its best crash was taken */
	char bug[16];	    /* "" when the crash belongs to none */
	char sha[HASH_HEX]; /* of the input */
	char project[128];
	long job, run; /* where the record is, and how long */
	int64_t at, length;
};

/* 12 hex digits are a bug, 13 and more a crash; of several runs that have it
 * the last one.  66: none, or several begin so. */
int pick_find(struct store *s, const char *id, struct pick *p, struct fail *f);

/* Its record, the line without its newline.  65 when the file is no longer the
 * one that was imported. */
int pick_record(const struct home *h, const struct pick *p, struct buf *record,
    struct fail *f);

/* The bug of that id, or the one it was merged into, when there is none. */
int pick_follow(struct store *s, const char *id, char bug[16], struct fail *f);

bool pick_is_bug(const char *id);
bool pick_is_crash(const char *id);

#endif
