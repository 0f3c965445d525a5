/*
 * Files that are whole or absent.  Paths are relative to dirfd as in openat(2)
 * (AT_FDCWD, or any directory when the path is absolute).
 */
#ifndef LAGO_BASE_FILE_H
#define LAGO_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct buf;
struct fail;
struct strs;

/*
 * A new file under a temporary name beside its place (".NAME.XXXXXX").
 * file_out_commit: written, synced, renamed to its name, the directory synced.
 * file_out_abort removes it; a process that dies leaves it (file_sweep).
 */
struct file_out {
	FILE *fp;
	int dirfd; /* of the parent, owned */
	char *name, *temp;
};

int file_out_open(struct file_out *o, int dirfd, const char *path, mode_t mode,
    struct fail *f);
int file_out_commit(struct file_out *o, struct fail *f); /* closes always */
void file_out_abort(struct file_out *o); /* may be called twice */

/* Write a whole file that way. */
int file_write(int dirfd, const char *path, const void *p, size_t n,
    mode_t mode, struct fail *f);

/* A regular file for reading, links not followed: the descriptor and the file's
 * size.  Errors: 66 when it is not there or not a regular file. */
int file_open(int dirfd, const char *path, uint64_t *size, struct fail *f);
/* Read a regular file, links not followed, at most max bytes (more: the rest is
 * not read and *cut set; without cut it is an error, 65). Errors: as file_open,
 * 74. b is emptied first. */
int file_read(int dirfd, const char *path, size_t max, struct buf *b, bool *cut,
    struct fail *f);
int file_read_fd(int fd, const char *name, size_t max, struct buf *b, bool *cut,
    struct fail *f);

/* All bytes to fd, or -1 with errno. */
int file_write_fd(int fd, const void *p, size_t n);

/* Hard link, else copy (whole, synced). 1: it was there already. */
int file_link(
    int fromfd, const char *from, int tofd, const char *to, struct fail *f);
/* Copy what is at the open fd (from its start) to a whole new file. */
int file_copy_fd(int fd, int tofd, const char *to, uint64_t max, mode_t mode,
    struct fail *f);

int file_mkdirs(int dirfd, const char *path, mode_t mode, struct fail *f);
int file_sync_dir(int dirfd, const char *path, struct fail *f);
int file_sync_fd(int fd); /* fsync(2) */
/*
 * Many files at once: while deferred nothing above is synced; file_sync_all then
 * does it for all of the file system of dirfd.  What is renamed to its place
 * must have been synced before, as one file is.
 */
void file_defer(bool on);
int file_sync_all(int dirfd, struct fail *f);
/* Remove a file or a whole tree; links are removed, never followed. Absent is
 * success. */
int file_remove(int dirfd, const char *path, struct fail *f);
/* Remove temporary files (".*.XXXXXX") that dead processes left in a
 * directory, older than an hour. */
void file_sweep(int dirfd, const char *path);

/* Names in a directory, sorted, without "." and ".."; hidden ones left out. */
int file_list(int dirfd, const char *path, struct strs *names, struct fail *f);
/* Paths of the regular files below a path (itself when it is one), sorted, each
 * beginning with the path; hidden ones included, links not followed. */
int file_walk(const char *path, struct strs *files, struct fail *f);

bool file_exists(int dirfd, const char *path); /* lstat works */
/* Bytes on disk below a path, links not followed. */
uint64_t file_usage(int dirfd, const char *path);

/* flock(2) on a named file (made when absent, mode 0666). Waits up to seconds
 * (0: not at all, below 0: for ever). The descriptor, closed on exec, or -1:
 * 75 when somebody holds it. */
int file_lock(int dirfd, const char *path, double seconds, struct fail *f);

#endif
