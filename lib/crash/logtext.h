/*
 * Saved output, whatever its size, in bounded memory.  What fits is handed out
 * as it is.  Of more, only lines are kept that can matter: those that hold a
 * telling word or look like a frame, the line before such a one, and some behind
 * it.  The rest of a log of gigabytes is noise of the fuzzer, so that nearly
 * always the verdict is that on the whole; where even the kept lines are too many
 * the ones in the middle go.
 */
#ifndef LAGO_CRASH_LOGTEXT_H
#define LAGO_CRASH_LOGTEXT_H

#include "crash/str.h"

enum {
	LOGTEXT_WHOLE = 4 << 20, /* bytes: read as they are */
	LOGTEXT_END = 2 << 20, /* of kept lines, at the beginning and the end */
	LOGTEXT_LINE = 1 << 20, /* bytes of a line that are looked at */
	LOGTEXT_BEHIND = 64	/* lines kept behind one that matters */
};

struct fail;
struct logtext;

struct logtext *logtext_new(void);
void logtext_free(struct logtext *l); /* NULL is fine */

/* "-": standard input, of any kind; else a regular file.  The text is valid until
 * the next call; *cut: lines that matter are missing. */
int logtext_read(struct logtext *l, const char *name, struct str *text,
    bool *cut, struct fail *f);

#endif
