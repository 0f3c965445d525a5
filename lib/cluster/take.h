/*
 * What a node sends of a run, lago-engine(7), into the run directory here.  A
 * node is a stranger: only regular files whose names have the known forms are
 * taken, what is named by a hash must have it, sizes are bounded.  All else is
 * refused one by one, and the rest goes on.
 *
 * A member is one of
 *
 *	DIR/SHA256	whole; in crashes reports queue reduced quarantine
 *			corpus
 *	NAME@OFFSET	what NAME (crashes.jsonl stats.tsv log .found .queue)
 *			has from there on
 *	progress
 *	.end		the last one: lines KEY TAB VALUE, the next cursor; with
 *			`whole` this was everything, and each `has` is a file of
 *			the run
 */
#ifndef LAGO_CLUSTER_TAKE_H
#define LAGO_CLUSTER_TAKE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct fail;

struct take {
	size_t files;	/* new ones */
	size_t refused; /* first: why */
	char first[256];
	bool end;	/* the stream came to its .end */
	bool whole;	/* nothing more comes */
	bool more;	/* there was too much for one stream */
	size_t missing; /* files of the run that are not here then */
};

/*
 * Read the tar from fd to its end into the directory dir.  cursor is what .end
 * said, empty when there was none.  -1: 65 no tar, 74 it cannot be written
 * here.  What came before an error is kept.
 */
int take_stream(
    int fd, int dir, struct take *t, struct buf *cursor, struct fail *f);

#endif
