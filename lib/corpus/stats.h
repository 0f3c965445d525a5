/*
 * What lstat says of the files of a directory.  Of many it is asked by several
 * processes at once: for an unchanged corpus it is most of the work.
 */
#ifndef LAGO_CORPUS_STATS_H
#define LAGO_CORPUS_STATS_H

#include <stddef.h>
#include <stdint.h>

struct stat;

struct stats {
	uint64_t size, stamp; /* see stats_stamp */
	uint32_t mode;	      /* 0: it cannot be asked */
};

/* A number for device, inode, size and times of the file: as long as it stays
 * the content does.  0 when it was changed so lately that the next change might
 * not show, or is no regular file. */
uint64_t stats_stamp(const struct stat *st);
/* Of the n files below the open directory, whose names start `skip` bytes behind
 * their paths; NULL with errno.  stats_free with the same n. */
struct stats *stats_of(int dir, char *const *path, size_t skip, size_t n);
void stats_free(struct stats *s, size_t n);

#endif
