/* Where debug information is found: beside a program, by its build id, in the
 * cache of debuginfod's clients; never on a network. */
#ifndef LAGO_SYMBOLS_DEBUGFILE_H
#define LAGO_SYMBOLS_DEBUGFILE_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>

/* libdwfl's callback of that name. */
int debugfile_find(Dwfl_Module *mod, void **userdata, const char *name,
    Dwarf_Addr base, const char *file, const char *debuglink, GElf_Word crc,
    char **found);
/* Lower-case hex; NULL: it has none.  The caller frees it. */
char *debugfile_build_id(Dwfl_Module *mod);
bool debugfile_has_section(Dwfl_Module *mod, const char *name);
/* The code that the kernel lends to all processes, as a file; -1: none. */
int debugfile_vdso(void);

#endif
