/*
 * An archive of two parts, as zip has them: a directory behind the members says
 * where each of them is and, once more, how long.  Guesses, from the bytes
 * alone; pure.
 */
#ifndef LAGO_REDUCE_ZIPS_H
#define LAGO_REDUCE_ZIPS_H

#include <stdbool.h>
#include <stddef.h>

struct fields;

struct zips {
	struct zips_entry {
		size_t local, local_end;     /* the member */
		size_t central, central_end; /* what the directory says of it */
		size_t name, at[2]; /* its bytes, and where they are in both */
	} * v;			    /* as the directory has them */
	size_t n;
	size_t from, end; /* of the directory; what ends it all begins there */
	size_t comment;	  /* bytes behind that */
};

/* False when it is none, or a part of one. */
bool zips_find(const void *p, size_t n, struct zips *z);
/* Its lengths, offsets and check sums, numbers that follow from now on. */
void zips_fields(const void *p, const struct zips *z, struct fields *f);
/* So many members fewer, in the bytes whose end begins there. */
void zips_lower(void *p, size_t end, size_t less);
void zips_release(struct zips *z);

#endif
