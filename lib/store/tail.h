/*
 * The whole lines of a file that others append to, from an offset on.  A last
 * line without its newline is none yet.
 */
#ifndef LAGO_STORE_TAIL_H
#define LAGO_STORE_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct fail;

#define TAIL_LINE_MAX ((size_t)16 << 20)

struct tail {
	int64_t at;   /* offset behind the last line that was given */
	int64_t size; /* of the file when it was opened; 0 when absent */
	bool cut;     /* it was shorter than the offset: begun at 0 again */
	int fd;	      /* private, as all below */
	int64_t base; /* offset of what b holds */
	size_t pos;
	struct buf b;
};

/* Absent files are empty; links, devices and the like are errors (66). */
int tail_open(
    struct tail *t, int dirfd, const char *name, int64_t at, struct fail *f);
void tail_close(struct tail *t);

/* 1: a line, NUL in place of its newline, valid until the next call; NULL when
 * it is longer than TAIL_LINE_MAX. 0: no more now. -1: error. */
int tail_next(
    struct tail *t, char **line, size_t *len, int64_t *at, struct fail *f);

#endif
