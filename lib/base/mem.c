#include "base/mem.h"

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

static void *
checked(void *p)
{
	if (p == NULL)
		errx(EX_LAGO_TEMP, "out of memory");
	return p;
}

void *
mem_alloc(size_t size)
{
	return checked(calloc(1, size > 0 ? size : 1));
}

void *
mem_array(size_t n, size_t size)
{
	return checked(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

void *
mem_grow(void *p, size_t n, size_t size)
{
	if (n == 0 || size == 0)
		n = size = 1;
	return checked(reallocarray(p, n, size));
}

void *
mem_dup(const void *p, size_t n)
{
	void *copy = mem_alloc(n);

	if (n > 0)
		memcpy(copy, p, n);
	return copy;
}

char *
mem_strndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

char *
mem_strdup(const char *s)
{
	return s == NULL ? NULL : checked(strdup(s));
}

char *
mem_printf(const char *fmt, ...)
{
	char *s;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return checked(n < 0 ? NULL : s);
}
