/*
 * What one file of a bundle is, from its bytes as they go by: a program this
 * machine can start, and for which fuzzer it was built.
 */
#ifndef LAGO_JOB_BUNDLEFILE_H
#define LAGO_JOB_BUNDLEFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"

#define BUNDLEFILE_HEAD 256
#define BUNDLEFILE_KEEP 32

struct bundlefile {
	bool afl, fuzzer, libfuzzer; /* holds marks of that kind */
	unsigned char head[BUNDLEFILE_HEAD];
	size_t n;			/* bytes in head */
	char keep[2 * BUNDLEFILE_KEEP]; /* the end of the last piece */
	size_t kept;
	struct hash *hash; /* of programs and libraries */
};

void bundlefile_start(struct bundlefile *b);
/* The next piece; scan: look for the marks too. */
void bundlefile_add(struct bundlefile *b, const void *p, size_t n, bool scan);
/* The hash of its content when it is a program or library; else false. */
bool bundlefile_end(struct bundlefile *b, char hex[HASH_HEX]);

/*
 * Can a file that begins like this be started here?  NULL, or why not, to be
 * read after "'NAME' is ".  The string is valid until the next call.
 */
const char *bundlefile_refuse(const unsigned char *head, size_t n);

#endif
