/*
 * What ClusterFuzz's parser says of the same output, oddities included: people
 * who move compare their lists of bugs line by line.  The frames that it skips
 * are in share/rules/clusterfuzz.
 */
#ifndef LAGO_CRASH_COMPAT_H
#define LAGO_CRASH_COMPAT_H

#include "base/buf.h"
#include "crash/str.h"

struct lines_line;
struct rules;
struct verdict_policy;

struct compat {
	struct buf type, address, state;
	bool security;
	const char *severity; /* "critical" ... "low"; NULL: not rated */
	struct compat_state *inner;
};

/* A text line by line: flags as in lines.h; the text and its lines must stay
 * until the end. */
void compat_begin(struct compat *c, struct str text, unsigned flags,
    const struct rules *rules, const struct verdict_policy *policy);
void compat_line(struct compat *c, const struct lines_line *line);
void compat_end(struct compat *c);
void compat_release(struct compat *c);

#endif
