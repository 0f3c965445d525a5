/*
 * What a program printed when it died: report_line() finds the reports in it,
 * whoever wrote them; report_end() tells the one that says why the process ended.
 * Everything in the result is copied into the report's own memory.
 */
#ifndef LAGO_CRASH_REPORT_H
#define LAGO_CRASH_REPORT_H

#include "crash/frame.h"

struct kinds_kind;
struct lines_line;
struct rules;

enum report_role {
	REPORT_CRASH,
	REPORT_OTHER_ACCESS, /* the racing one */
	REPORT_FREE,
	REPORT_ALLOC,
	REPORT_OBJECT, /* the frame that owns the stack object */
	REPORT_ORIGIN, /* where MSan's value was made or stored */
	REPORT_THREAD, /* who created the thread */
	REPORT_MUTEX,
	REPORT_CAUSE, /* the exception before this one */
	REPORT_ROLES
};

enum report_access { REPORT_UNKNOWN, REPORT_READ, REPORT_WRITE, REPORT_EXEC };

enum {
	REPORT_STACKS = 16,  /* kept of one report */
	REPORT_FRAMES = 512, /* kept of one stack, for finding recursion */
	REPORT_REPORTS = 16, /* kept while reading */
	REPORT_LINE = 65536  /* looked at of one line */
};

struct report_stack {
	enum report_role role;
	struct str thread; /* as printed, "T1"; n = 0 */
	struct frame *v;
	size_t n, size;
	bool cut;
};

struct report_region {	   /* the block an address belongs to */
	const char *kind;  /* "heap" "stack" "global"; NULL: not known */
	const char *where; /* "before" "inside" "after" */
	uint64_t size;
	int64_t offset; /* from the block's start */
};

struct report {
	const struct kinds_kind *kind; /* NULL: no crash */
	const char *tool;
	enum report_access access;
	uint64_t size; /* of the access, 0: not known */
	uint64_t address, pc, sp, bp;
	bool has_address, has_pc, has_sp, has_bp;
	struct report_region region;
	int signal; /* 0: none known */
	struct str thread, message, exception, dedup, scariness;
	unsigned char code[16]; /* at pc */
	size_t ncode;
	struct str insn;  /* gdb's line of the instruction at pc */
	struct str place; /* of the message, where no stack tells: file:line */
	struct str place_fn;
	struct report_stack stacks[REPORT_STACKS];
	size_t nstacks;
	int deepest; /* number of the crash stack's outermost frame printed */
	bool fatal, truncated;
	bool quiet; /* the program went on after it */
};

const char *report_role_name(enum report_role role);
const char *report_access_name(enum report_access a); /* NULL: not known */
struct reader;
struct reader *report_reader(const struct rules *rules);
void report_free(struct reader *reader); /* NULL is fine */

/* A text line by line: flags as in lines.h; the lines must stay until the end. */
void report_begin(struct reader *reader, unsigned flags);
void report_line(struct reader *reader, const struct lines_line *line);
/*
 * The report that tells why the process ended, of all in the text: the first
 * fatal one, else the first.  kind is NULL when there is none.  Valid until the
 * next call; *reports is how many there were.
 */
struct report *report_end(
    struct reader *reader, struct str text, size_t *reports);

/* The others of the last text, i from 0 on, in its order: all that were kept but
 * chosen.  NULL: no more. */
struct report *report_other(
    struct reader *reader, const struct report *chosen, size_t i);

/* A report of kind and tool, for an end that no text tells; and frames for one.
 * Strings are copied. */
struct report *report_make(
    struct reader *reader, const char *kind, const char *tool);
void report_add_stack(struct reader *reader, struct report *r,
    enum report_role role, const struct frame *v, size_t n);
/* A copy of frames and of their strings that lives as long as the report. */
struct frame *report_keep_frames(
    struct reader *reader, const struct frame *v, size_t n);

/* The stack the verdict is about, or NULL. */
const struct report_stack *report_crash_stack(const struct report *r);

#endif
