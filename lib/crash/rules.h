/*
 * The tables of share/rules that people edit: frames that say nothing about a
 * bug, severity, CASR's classes.  Read once; a rule that cannot be read is an
 * error (78) naming file and line.
 */
#ifndef LAGO_CRASH_RULES_H
#define LAGO_CRASH_RULES_H

#include "crash/frame.h"

struct arena;
struct fail;
struct report;
struct rules;

/* dir NULL: rules/ in paths_share(). */
struct rules *rules_load(const char *dir, struct fail *f);
void rules_free(struct rules *r); /* NULL is fine */

/* ABOVE: a failure was being handled: this frame and all before it. */
enum rules_frame { RULES_KEEP, RULES_SKIP, RULES_ENTRY, RULES_ABOVE };

/* What a frame tells: the name that is compared, by module and offset or by file
 * where it has no function, and what becomes of it. */
struct rules_name {
	struct str fn; /* names_clean(); in arena, or in the frame */
	enum rules_frame is, maybe; /* maybe: if the path does not decide */
	bool libc;		    /* skipped at the top */
	bool path;		    /* skipped for its path, unless is tells */
};
struct rules_name rules_name(
    const struct rules *r, const struct frame *f, struct arena *arena);
/* top: no frame above it was kept. */
enum rules_frame rules_frame(const struct rules_name *name, bool top);

/* Does ClusterFuzz skip a frame of that text? */
bool rules_clusterfuzz(const struct rules *r, const char *text, size_t n);

/* Does CASR leave the frame out of a comparison? */
bool rules_casr(const struct rules *r, const struct frame *f);

enum { RULES_INFO, RULES_LOW, RULES_MEDIUM, RULES_HIGH, RULES_CRITICAL };

struct rules_severity {
	const char *name, *reason;
	int level;
};
/* The report has a kind. */
struct rules_severity rules_severity(
    const struct rules *r, const struct report *report);

struct rules_class {
	const char *level, *name;
};
/* what: of a signal, what the instruction does ("call" "jump" "return" "move"
 * "other"), NULL not known. */
struct rules_class rules_class(
    const struct rules *r, const struct report *report, const char *what);

#endif
