/*
 * Are the shared libraries there that the bundle's programs need?  Asked inside
 * the sandbox, after provision.sh, of the dynamic linker itself: a missing
 * library is never a bug of the target.
 */
#ifndef LAGO_RUN_NEEDED_H
#define LAGO_RUN_NEEDED_H

#include <stddef.h>

struct life;
struct strs;

int needed_check(struct life *l);

/* The names that ldd(1) calls missing, each once: a pure function. */
void needed_missing(const char *p, size_t n, struct strs *names);

#endif
