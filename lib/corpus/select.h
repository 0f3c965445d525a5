/*
 * Which inputs cover everything: traces that alone have a tuple first, in one
 * pass over the packed ones; what is left after those, a small part of most
 * corpora, goes to cover.h.  Of the inputs with one trace the cheapest counts.
 */
#ifndef LAGO_CORPUS_SELECT_H
#define LAGO_CORPUS_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "corpus/cover.h"

struct inputs;
struct traces;
struct tuples;

/* Sets yes[i] for each input chosen, clears the others.  Inputs of the base are
 * never chosen; what they cover is covered, and so is every tuple of `except`. */
void select_inputs(const struct inputs *in, struct traces *t,
    const struct tuples *except, const struct cover_opts *o, bool *yes);

/* How many tuples each trace alone has; the caller frees. */
uint32_t *select_alone(struct traces *t);

#endif
