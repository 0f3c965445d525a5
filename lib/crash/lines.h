/*
 * The lines of what a program printed, each with the words in it that tell
 * something to one of the readers: report_line() and compat_line() share this
 * one look at the text.
 */
#ifndef LAGO_CRASH_LINES_H
#define LAGO_CRASH_LINES_H

#include "crash/words.h"

/*
 * What one line may say of the whole text, the lines before it included.  It is
 * rare: a reader begins without, and begins anew when a line has one.
 */
enum lines_flag {
	LINES_GO = 1,
	LINES_PYTHON = 2,
	LINES_JS = 4,
	LINES_KASAN = 8
};

struct lines_line {
	struct str s;
	struct words_set has; /* enum reader_word, then enum compat_word */
	unsigned flags;	      /* of lines_flag */
};

/* The next line, taken off the text; false at its end. */
bool lines_next(struct str *text, struct lines_line *line);

/* The words of lines that say something of the whole text. */
struct words_set lines_whole(void);

#endif
