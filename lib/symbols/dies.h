/*
 * The functions in one file's debug information: which are at an address, and
 * which were inlined there.  libdw looks units up in .debug_aranges only, which
 * clang does not write, and misses inlined functions of C++; so this has an
 * index of its own.
 */
#ifndef LAGO_SYMBOLS_DIES_H
#define LAGO_SYMBOLS_DIES_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>

struct dies;

struct dies *dies_open(Dwarf *dwarf); /* which must outlive it */
void dies_free(struct dies *d);	      /* NULL is fine */

/* The unit around an address, which has its lines; NULL: none. */
Dwarf_Die *dies_unit(struct dies *d, Dwarf_Addr addr);
/* The function at an address of the unit and those inlined into it there,
 * outermost first; how many, at most max. */
size_t dies_chain(struct dies *d, Dwarf_Die *unit, Dwarf_Addr addr,
    Dwarf_Die *chain, size_t max);
/* The unit is a skeleton, and what it stands for was not found. */
bool dies_away(struct dies *d, Dwarf_Die *unit);

/* A function's name with the namespaces, classes and functions it is in; as it
 * is where the language has none.  The caller frees it. */
char *dies_scoped_name(Dwarf_Die *function, const char *name);

#endif
