/*
 * Files below a directory that a target can write: no link is followed on the
 * way, nothing outside is reached, and only regular files are read.
 */
#ifndef LAGO_RUN_INSIDE_H
#define LAGO_RUN_INSIDE_H

#include <stddef.h>
#include <sys/types.h>

struct buf;

/* openat(2) below dir; -1 with errno. */
int inside_open(int dir, const char *path, int flags, mode_t mode);
/* A directory below dir, its last part made where it is missing. */
int inside_dir(int dir, const char *path);
void inside_remove(int dir, const char *path); /* a file or a whole tree */
/* The whole regular file, at most max bytes; -1 with errno (EFBIG: larger). */
int inside_read(int dir, const char *path, size_t max, struct buf *b);
/* Of a regular file at most half of max from its head and its end each. */
int inside_read_ends(int dir, const char *path, size_t max, struct buf *b);
/* A new file; what was there of that name is removed first. */
int inside_write(
    int dir, const char *path, const void *p, size_t n, mode_t mode);

#endif
