/*
 * Memory.  These end the program with status 75 when there is none: every
 * state of lago on disk is whole at every instant, so dying is safe, and no
 * caller has a branch that is never tried.
 */
#ifndef LAGO_BASE_MEM_H
#define LAGO_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

void *mem_alloc(size_t size);		/* zeroed */
void *mem_array(size_t n, size_t size); /* zeroed, n * size is checked */
void *mem_grow(void *p, size_t n, size_t size); /* realloc, checked */
char *mem_strdup(const char *s);		/* NULL gives NULL */
char *mem_strndup(const char *s, size_t n);
void *mem_dup(const void *p, size_t n);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
