/*
 * The lines of what a program printed, each with the words in it that tell
 * something to one of the readers: report_line() and compat_line() share this
 * one look at the text.  Most lines are frames, and the same frames come back
 * in thousands of logs with other addresses: what is behind the address is
 * taken apart once.
 */
#ifndef LAGO_CRASH_LINES_H
#define LAGO_CRASH_LINES_H

#include "crash/rules.h"
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

/* A frame with an address, "#1 0x2a in f /x.c:3:4". */
struct lines_frame {
	struct str text; /* the frame with another number and address */
	struct words_set has;
	unsigned flags;
	struct frame frame; /* but for number and pc; slices of text */
	struct rules_name name;
	/* For compatframe.c: it was settled, and the name is that slice. */
	enum { LINES_UNREAD, LINES_SKIPPED, LINES_NAMED, LINES_OTHER } compat;
	struct str compat_name;
	struct str json; /* for record.c: the part of it that stays */
};

struct lines_line {
	struct str s;
	struct words_set has;	   /* enum reader_word, then enum compat_word */
	unsigned flags;		   /* of lines_flag */
	struct lines_frame *frame; /* it is that one, or NULL */
	int number;		   /* of the frame */
	uint64_t pc;
};

/* What is known of frames; rules must outlive it. */
struct lines *lines_new(const struct rules *rules);
void lines_free(struct lines *l); /* NULL is fine */
/* Before a text: frames of texts before it are not valid any more. */
void lines_begin(struct lines *l);

/* A copy of s that lives as long as they. */
struct str lines_keep(struct lines *l, struct str s);

/* The next line, taken off the text; false at its end.  l NULL: no frames. */
bool lines_next(struct lines *l, struct str *text, struct lines_line *line);

/* The words of lines that say something of the whole text. */
struct words_set lines_whole(void);

#endif
