/*
 * The verdict on one execution, or on one saved output: what kind of bug it is,
 * where, how bad, and which others are the same.
 *
 *	struct verdict *v = verdict_new(rules, &policy);
 *	verdict_exec(v, &result);	// or verdict_text(v, text, n)
 *	if (verdict_crash(v)) ...
 *
 * A verdict object is used for one output after the other; what it hands out
 * is valid until the next one is read.
 */
#ifndef LAGO_CRASH_VERDICT_H
#define LAGO_CRASH_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

struct bucket;
struct compat;
struct exec_result;
struct lines;
struct native_crash;
struct reader;
struct report;
struct rules;
struct strs;
struct symbols;

/* What a bucket is made of: the first names, the sanitizer's DEDUP_TOKEN, the
 * line, or all lines; names where the output has none. */
enum verdict_by { VERDICT_NAMES, VERDICT_TOKEN, VERDICT_LINE, VERDICT_EXACT };

struct verdict_policy {
	const char *target; /* name used where no frame tells; NULL: none */
	int depth;	    /* names that make a bucket; 0: 3 */
	enum verdict_by key;
	/* What a line of TSV does not show stays unknown: the part of
	 * ClusterFuzz, the class, the bucket's other keys. */
	bool brief;
	/* The rest decides the ClusterFuzz-compatible part. */
	bool report_ooms, asserts_safe, checks_unsafe;
	const struct strs *ignore; /* POSIX extended, at the frame's start */
};

struct verdict {
	const struct rules *rules;
	const struct verdict_policy *policy;
	struct lines *lines;
	struct reader *reader;
	struct bucket *bucket, *other;
	struct compat *compat; /* what ClusterFuzz says */
	/* Of the last output; never NULL, its kind is when there was no crash */
	struct report *report;
	size_t reports;		       /* found in the output */
	const char *severity, *reason; /* words of share/rules */
	int level;		       /* RULES_INFO ... RULES_CRITICAL */
	const char *exploitability, *class;
};

/* Rules and policy must outlive it. */
struct verdict *verdict_new(
    const struct rules *rules, const struct verdict_policy *policy);
void verdict_free(struct verdict *v);

/* Saved output alone. */
void verdict_text(struct verdict *v, const char *text, size_t n);
/*
 * An execution: its output, how it ended, and what the machine saw of it where
 * the output tells nothing: native is one stop, or several samples of a process
 * that would not end (n of them; 0: none).  Addresses become names through
 * symbols (may be NULL).
 */
void verdict_exec(struct verdict *v, const struct exec_result *result,
    const struct native_crash *native, size_t n, struct symbols *symbols);
/* It died by a signal, or under a report, without a stack: running it again
 * under native_run() would tell more. */
bool verdict_wants_native(const struct verdict *v);
/* The same verdict, made again after somebody changed the report's stacks. */
void verdict_again(struct verdict *v);

/*
 * What tells one bug from another, small enough to keep and compare.  A reducer
 * accepts an input when verdict_same() says that it still shows the bug: bucket
 * alone would let WRITE 8 become READ 1.
 */
struct verdict_key {
	bool crash, security;
	char access;	  /* R W X, 0 unknown */
	char severity;	  /* 0 info ... 4 critical */
	char bucket[13];  /* 12 hex digits */
	char exact[13];	  /* the same with file, line and column */
	char message[13]; /* of the message without numbers and addresses */
	char kind[48];
};

/* Another report of the same output, i from 0 on: the verdict is about one, the
 * others did not end the process, or came later.  NULL: no more.  The bucket,
 * its key and names are valid until the next call. */
const struct report *verdict_other(
    const struct verdict *v, size_t i, const struct bucket **bucket);

void verdict_key(const struct verdict *v, struct verdict_key *key);
bool verdict_same(const struct verdict_key *a, const struct verdict_key *b);

#endif
