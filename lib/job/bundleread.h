/*
 * Reading an archive member by member: libarchive with the few formats and
 * filters that bundles may have, zip directories checked first, and names that
 * read alike in every locale.
 */
#ifndef LAGO_JOB_BUNDLEREAD_H
#define LAGO_JOB_BUNDLEREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fail;

struct bundleread;

struct bundleread_member {
	const char *raw; /* the name as it stands in the archive */
	mode_t type;	 /* S_IFREG, S_IFDIR, S_IFLNK, or what it is */
	bool hard;	 /* a hard link to target */
	bool executable;
	const char *target; /* of a link */
	int64_t size;	    /* declared, -1 when not */
};

/* The offset of fd is moved to its start first.  65, 69, 74.  bytes: more than
 * that declared by a zip is an error, before anything is expanded; members
 * likewise. */
struct bundleread *bundleread_open(
    int fd, uint64_t bytes, uint64_t members, struct fail *f);
void bundleread_close(struct bundleread *r);

/* 1 a member, 0 the end, -1.  Its strings last until the next call. */
int bundleread_next(
    struct bundleread *r, struct bundleread_member *m, struct fail *f);
/* Its next bytes, at an offset (there may be holes): 1, 0 the end, -1. */
int bundleread_data(struct bundleread *r, const void **p, size_t *n,
    int64_t *offset, struct fail *f);

/* "zip", "tar.gz" ...; known after the first bundleread_next. */
const char *bundleread_ext(const struct bundleread *r);

#endif
