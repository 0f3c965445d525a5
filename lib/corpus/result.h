/*
 * A directory of files that appears whole or not at all: it is built beside its
 * place and renamed (or exchanged) into it.  Only a directory that is empty or
 * holds nothing but files named by SHA-256 is replaced.
 */
#ifndef LAGO_CORPUS_RESULT_H
#define LAGO_CORPUS_RESULT_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct buf;
struct fail;

struct result {
	char *out, *temp; /* paths */
	int fd;		  /* the new directory, locked while we live */
	uint64_t files, bytes;
};

/* Makes the new directory; what dead processes left of earlier ones goes. The
 * temporary path is for scratch_also(). 73 when there is something else. */
int result_open(struct result *r, const char *out, struct fail *f);
/* Under that name, or with NULL its SHA-256.  The name it has there (the caller
 * frees): another one when that is taken by another content.  NULL: failed. */
char *result_add(
    struct result *r, const struct buf *b, const char *name, struct fail *f);
void result_remove(struct result *r, const char *name);
char *result_path(const struct result *r, const char *name); /* caller frees */
/* Synced and in its place; the old one is at temp and can go. */
int result_commit(struct result *r, struct fail *f);
void result_release(struct result *r);

#endif
