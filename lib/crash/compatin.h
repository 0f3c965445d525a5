/* Inside of compat_read(). */
#ifndef LAGO_CRASH_COMPATIN_H
#define LAGO_CRASH_COMPATIN_H

#include "crash/arena.h"
#include "crash/compat.h"
#include "crash/words.h"

enum { COMPAT_NAMES = 4096 };

struct ignore;

struct compat_state {
	struct compat *c;
	const struct rules *rules;
	const struct verdict_policy *policy;
	struct arena arena;
	struct str text;
	struct words_set has; /* of the line */
	bool golang, python, js, kasan;
	bool java, go_found, py_found, fatal, cast_closed, died, empty;
	int frames, fuzzer_frames;
	struct str *names; /* of all frames */
	size_t nnames;
	struct ignore *ignore; /* the policy's patterns, compiled */
};

static inline struct str
compat_str(const struct buf *b)
{
	return str_of(buf_str(b), b->len);
}

/* Step t: the line as a frame. */
void compatframe_line(struct compat_state *s, struct str line);
/* The function of a frame's text; s.arena holds it. */
struct str compatframe_name(struct compat_state *s, struct str text);
void compatframe_release(struct compat_state *s);

/* After the last line: the final form, then the security flag. */
void compatend_finish(struct compat_state *s);
/* A check's message without its noise; the name of a file. */
struct str compatend_clean(struct str m);
struct str compatend_base(struct compat_state *s, struct str file);

#endif
