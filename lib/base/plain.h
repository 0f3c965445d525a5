/* Text from strangers for a terminal. */
#ifndef LAGO_BASE_PLAIN_H
#define LAGO_BASE_PLAIN_H

#include <stddef.h>

struct buf;

/* Adds it with everything that could steer a terminal or reorder a line made
 * visible: control characters (C0 and C1) and bytes that are not UTF-8 as \xNN,
 * bidirectional controls as \u{NNNN}. */
void plain_add(struct buf *b, const char *p, size_t n);

/* The same for JSON text, which stays JSON of the same value: as \uNNNN; bytes
 * that are not UTF-8 become U+FFFD. */
void plain_add_json(struct buf *b, const char *p, size_t n);

#endif
