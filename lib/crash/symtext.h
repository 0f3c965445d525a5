/*
 * A report with symbolize=0 as its sanitizer would have printed it with a
 * symbolizer: for readers of text.
 */
#ifndef LAGO_CRASH_SYMTEXT_H
#define LAGO_CRASH_SYMTEXT_H

#include "crash/str.h"

struct buf;
struct symbols;

/* Adds the text to b, with each frame that has a module and an offset but no
 * name replaced by the functions there. */
void symtext_add(struct buf *b, struct str text, struct symbols *symbols);

#endif
