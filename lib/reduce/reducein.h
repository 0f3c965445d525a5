/* What the files of the reducer share: its state, candidates and passes. */
#ifndef LAGO_REDUCE_REDUCEIN_H
#define LAGO_REDUCE_REDUCEIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/strs.h"
#include "reduce/ders.h"
#include "reduce/fields.h"
#include "reduce/reduce.h"
#include "reduce/spans.h"
#include "reduce/units.h"
#include "reduce/zips.h"

enum {
	PATIENCE = 128, /* failures in a row, in the first round */
	CUTS = 2,
	MARKS = 6,
	UNSURE = 128 /* successes that are not looked at yet */
};

struct cut {
	size_t pos, n;
};

/* Where a pass is; its meaning is the pass's. */
struct cursor {
	size_t i, k, d, pos;
	unsigned way;
	bool gained;
};

struct cand {
	struct buf bytes;
	struct cut cut[CUTS]; /* from behind */
	unsigned cuts;
	bool made;   /* bytes are there already */
	bool mended; /* the numbers follow */
	struct cursor after;
};

/* What the input was, not known yet to be the same, and how it became that. */
struct past {
	struct buf bytes;
	struct cut cut[CUTS];
	unsigned cuts;
	bool forgot; /* where numbers were */
};

struct state {
	const struct reduce *r;
	struct buf *best, sure;
	struct fields fields, sure_fields;
	struct past past[UNSURE]; /* since it was sure; the last is best */
	size_t npast, past_bytes;
	bool back;		/* it went back to what was sure */
	unsigned plain, mended; /* successes without and with numbers */
	struct cand cand[REDUCE_WIDTH];
	uint64_t *tried; /* hashes, a table with room for `room` */
	size_t ntried, room;
	size_t misses;	    /* since the last success of this pass ... */
	size_t quiet;	    /* ... of any, or the last look */
	size_t hits, since; /* successes of it, and the size before them */
	struct spans spans; /* of a pass under way; they follow */
	struct units units;
	struct strs words;
	uint32_t marks[MARKS]; /* units.h; units are between the last one's */
	size_t nmarks, marked;
	struct zips zips;
	struct ders ders;
};

struct pass {
	/* false: nothing for this one here */
	bool (*begin)(struct state *s, struct cursor *c);
	/* The next candidate, false: no more */
	bool (*next)(struct state *s, struct cursor *c, struct cand *cand);
	/* The last one was taken; may be NULL */
	void (*took)(struct state *s, struct cursor *c);
};

/* --- reduce.c --- */

enum { STOP = -1, DONE, CUT_SHORT };
/* The pass: STOP, DONE, or CUT_SHORT after so many failures in a row. */
int reduce_run(struct state *s, const struct pass *p, size_t patience);
/* As check() of struct reduce, and all of its answers obeyed. */
int reduce_look(struct state *s, enum reduce_check how);
/* One candidate by itself, with numbers that follow when way is 0: 1 taken, 0,
 * STOP, also when we went back. */
int reduce_cut(struct state *s, size_t pos, size_t n, unsigned way);
/* The bytes of a candidate, numbers follow; false when that is none of them. */
bool reduce_mended(const struct state *s, struct cand *c);
bool reduce_is_text(const struct state *s);

/* --- cuts.c: bytes go --- */

extern const struct pass cuts_tail, cuts_marks, cuts_bodies, cuts_lines,
    cuts_drop, cuts_lift, cuts_blocks, cuts_tokens, cuts_bytes, cuts_pairs;
void cuts_one(struct cand *c, size_t pos, size_t n);
/* Of s->units groups of d, from the end; at first so many. */
bool cuts_begin(struct state *s, struct cursor *c, size_t most);
bool cuts_next(struct state *s, struct cursor *c, struct cand *cand);
void cuts_took(struct state *s, struct cursor *c);

/* --- rewrites.c: they become others --- */

extern const struct pass rewrites_rename, rewrites_atoms, rewrites_values;

/* --- structure.c: what is known of the format --- */

/* Of values in values: several, bytes of them, the one around one. */
extern const struct pass structure_values, structure_contents, structure_around;
/* Records and members go, and s->fields is what follows from then on; 0, STOP. */
int structure_find(struct state *s);

#endif
