/*
 * llvm-symbolizer, one process for all questions: for debug information that
 * the libdw at hand cannot read (DWARF packages before elfutils 0.191,
 * compression that libelf was built without).
 */
#ifndef LAGO_SYMBOLS_SYMBOLIZER_H
#define LAGO_SYMBOLS_SYMBOLIZER_H

#include <stdint.h>

struct symbolizer;

/* Starts nothing yet. */
struct symbolizer *symbolizer_new(void);
void symbolizer_free(struct symbolizer *s); /* NULL is fine */

/*
 * What is at an address of an ELF file: two lines a function, innermost first,
 * "linkage_name" or "??" and "file:line:column" or "??:0:0".  NULL: there is no
 * llvm-symbolizer, or it gave no answer in time and is not asked again.  Valid
 * until the next call.
 */
const char *symbolizer_ask(
    struct symbolizer *s, const char *path, uint64_t offset);

#endif
