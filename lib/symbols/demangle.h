/* Mangled names of C++ and Rust as people write them, by libiberty. */
#ifndef LAGO_SYMBOLS_DEMANGLE_H
#define LAGO_SYMBOLS_DEMANGLE_H

/* A name that is none of those is returned as it is; one that grows without end
 * is cut.  The caller frees it. */
char *demangle_name(const char *name);

#endif
