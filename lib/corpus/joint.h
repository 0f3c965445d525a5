/*
 * Joint minimisation: each file of a chosen set is shrunk while it covers what
 * only it covers; what it covers besides from then on relieves the others.
 * Together they never cover less.
 */
#ifndef LAGO_CORPUS_JOINT_H
#define LAGO_CORPUS_JOINT_H

#include <stddef.h>
#include <stdint.h>

#include "corpus/trace.h"

struct collect;
struct fail;

struct joint_file {
	char *path;
	uint64_t size;
	struct trace trace; /* as it was run */
	uint32_t micros;    /* that took; 0 unknown */

	/* out */
	enum { JOINT_SAME, JOINT_SMALLER, JOINT_NEEDLESS } what;
	char *data; /* the smaller content, the caller frees */
	size_t len;
};

/* Until c->until; -1: the target does not work (69), or a signal. */
int joint_shrink(
    struct collect *c, struct joint_file *file, size_t n, struct fail *f);

#endif
