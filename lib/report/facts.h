/*
 * What is known of one crash, taken apart for whoever prints it: the record as
 * lago-records(5) has it, and what a home knows besides (known.h).  All text
 * is from strangers and bounded, none of it holds a NUL.
 *
 *	struct facts x;
 *	if (facts_read(&x, record, n, &f) == 0)
 *		...
 *	facts_release(&x);
 */
#ifndef LAGO_REPORT_FACTS_H
#define LAGO_REPORT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/strs.h"

struct fail;

enum {
	FACTS_FRAMES = 64,
	FACTS_STACKS = 16,
	FACTS_NAME = 4096,  /* bytes kept of a name or path */
	FACTS_TEXT = 16384, /* of any other text */
	FACTS_SMALL = 256,  /* inputs so small are shown */
	FACTS_RUNS = 8,	    /* runs that are named */
	FACTS_GROUPS = 10   /* places of a bug that are named */
};

/* Unknown: NULL, or FACTS_NONE. */
#define FACTS_NONE INT64_MIN

struct facts_frame {
	const char *fn, *raw, *file, *mod, *off, *pc;
	int64_t line, col; /* from 1 */
	bool inl, ign;
};

struct facts_stack {
	const char *role, *thread;
	struct facts_frame *v;
	size_t n;
};

struct facts_file {
	bool there;
	int64_t size;
	char sha[HASH_HEX]; /* "" not known */
};

struct facts_run { /* a run that found it */
	const char *id, *target, *build;
	int64_t inputs;
};

struct facts_group { /* crashes of a bug in one place */
	const char *exact, *line, *sha;
	int64_t inputs;
};

struct facts {
	bool crash, security, truncated, near_null;
	const char *tool, *kind, *access, *address, *signal_name, *pc, *sp, *bp,
	    *thread, *message, *exception, *severity, *severity_reason,
	    *exploitability, *class, *crash_line, *bucket, *bucket_exact,
	    *crash_type, *crash_state, *cf_severity, *log, *sha, *target,
	    *build_id, *origin, *finder, *judge, *artefact;
	int64_t access_size, signal, replays, reproduced, exit_status, reports,
	    found, instance;
	const char *region, *region_where; /* heap stack global; before ... */
	int64_t region_size, region_offset;
	const char *top; /* of the first function that counts */
	struct facts_stack stacks[1 + FACTS_STACKS]; /* the first: the crash */
	size_t nstacks;
	struct facts_frame line; /* crash_line taken apart; for no stack */

	/* Of a home; a record that `show -j` printed has the first line. */
	const char *bug, *state, *note, *run;
	const char *project;
	int64_t first, last, inputs, inputs_reproduced, jobs, builds, nruns;
	struct facts_run runs[FACTS_RUNS]; /* the last ones */
	int64_t ngroups;
	struct facts_group groups[FACTS_GROUPS]; /* the greatest */
	const char *dir; /* of the run: crashes/SHA256 and the like are in it */
	struct facts_file input, reduced, output;
	struct buf small;     /* the reduced input, or the input, when small */
	const char *small_is; /* "reduced input", "input" */
	struct buf repro;     /* shell lines; empty: not known */
	struct buf printed;   /* by the target; bytes */

	struct strs pool; /* private: the texts */
};

/* 65 when it is no crash record. */
int facts_read(struct facts *x, const char *json, size_t n, struct fail *f);
void facts_release(struct facts *x);

/* A copy that lives as long as the facts, of at most max bytes; cut at a
 * character and ended by "..." when there were more. */
const char *facts_keep(struct facts *x, const char *text, size_t n, size_t max);

/* The first frame of the crash stack that counts, or without a stack one with
 * the place alone; NULL: no place is known. */
const struct facts_frame *facts_place(const struct facts *x);
/* The name that a bug is called by; NULL: not known. */
const char *facts_function(const struct facts *x);

#endif
