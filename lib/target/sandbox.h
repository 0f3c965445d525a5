/* The bubblewrap command line (bwrap 0.8 or newer) that a keeper runs in. */
#ifndef LAGO_TARGET_SANDBOX_H
#define LAGO_TARGET_SANDBOX_H

#include <stdbool.h>

struct fail;
struct strs;

struct sandbox {
	const char *work; /* absolute; writable */
	bool network;
	const char *overlay; /* as for sandbox_overlay; NULL: read-only */
};

/* Append bwrap and its options, "--" last: the command follows. */
void sandbox_argv(struct strs *argv, const struct sandbox *s);
/*
 * Make the directories of the system (/etc /usr /var ...) copy-on-write below
 * dir, which gets upper/ (what was changed), work/ and merged/.  For root,
 * between fork and exec of the command line: it moves the calling process into
 * a mount namespace of its own.
 */
int sandbox_overlay(const char *dir, struct fail *f);
/* Does bubblewrap work here, for us?  69 and why not. */
int sandbox_probe(struct fail *f);

#endif
