/* The bubblewrap command line (bwrap 0.8 or newer) that a keeper runs in. */
#ifndef LAGO_TARGET_SANDBOX_H
#define LAGO_TARGET_SANDBOX_H

#include <stdbool.h>

struct fail;
struct strs;

struct sandbox {
	const char *work; /* absolute; writable */
	bool network;
	const char *merged; /* mounted overlays, by name; NULL: read-only */
};

/* Append bwrap and its options, "--" last: the command follows. */
void sandbox_argv(struct strs *argv, const struct sandbox *s);
/* Does bubblewrap work here, for us?  69 and why not. */
int sandbox_probe(struct fail *f);

#endif
