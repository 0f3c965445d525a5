/*
 * What the files of minimize share.
 */
#ifndef LAGO_CORPUS_MINIMIZEIN_H
#define LAGO_CORPUS_MINIMIZEIN_H

#include "base/buf.h"
#include "corpus/inputs.h"
#include "corpus/minimize.h"
#include "corpus/result.h"
#include "corpus/trace.h"
#include "corpus/tuples.h"

struct work {
	struct minimize *m;
	struct inputs *in;
	char **name;	     /* in the result, of each kept input */
	struct traces again; /* as what is kept was run the second time */
	uint32_t *proof;     /* number there + 1 of each input */
	struct tuples gone;  /* that an input showed once and then not ... */
	uint32_t *goes;	     /* ... and how many such inputs each has */
	struct tuples all;   /* of all inputs, as run first */
	struct tuples seen;  /* by what is kept, as delivered */
	struct result result;
	struct buf data;
	struct fail *f;
	double ran; /* CPU seconds of a worker */
};

/* Runs those that are NEW; again: the cache is not asked. */
int minimize_collect(struct work *w, struct inputs *in, struct traces *t,
    bool again, double until);
/* An input into the result, once; its state says when it cannot be read. */
int minimize_keep(struct work *w, size_t i);
void minimize_unkeep(struct work *w, size_t i);
/* Where its bytes are as delivered; the caller frees. */
char *minimize_path(struct work *w, size_t i);
/* The name it has in the result, NULL: by its content. */
const char *minimize_name(const struct work *w, const struct input *in);

#endif
