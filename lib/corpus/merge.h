/* Collecting by libFuzzer's own merge protocol. */
#ifndef LAGO_CORPUS_MERGE_H
#define LAGO_CORPUS_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct collect;
struct fail;
struct inputs;
struct traces;

/* As collect_forkserver(). */
int merge_collect(
    struct collect *c, struct inputs *in, struct traces *t, struct fail *f);

enum merge_what { MERGE_STARTED, MERGE_FEATURES, MERGE_OTHER };

/* One line (without its newline) of those that the merging child appends to
 * the control file; pure.  Features go to out, ascending and each once, room
 * for len / 2 + 1 of them; with edges their counts are left out.  -1: no line
 * of such a file. */
int merge_line(const char *p, size_t len, bool edges, enum merge_what *what,
    uint32_t *file, uint32_t *out, uint32_t *n);

#endif
