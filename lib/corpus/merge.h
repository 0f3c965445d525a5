/*
 * The control file of libFuzzer's merge, the part that the merging child
 * appends.  Pure.
 */
#ifndef LAGO_CORPUS_MERGE_H
#define LAGO_CORPUS_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum merge_what { MERGE_STARTED, MERGE_FEATURES, MERGE_OTHER };

/* One line (without its newline).  Features go to out, ascending and each once,
 * room for len / 2 + 1 of them; with edges their counts are left out.  -1: no
 * line of such a file. */
int merge_line(const char *p, size_t len, bool edges, enum merge_what *what,
    uint32_t *file, uint32_t *out, uint32_t *n);

#endif
