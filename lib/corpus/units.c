#include "corpus/units.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

bool
units_is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c > 127;
}

void
units_add(struct units *u, size_t at)
{
	/* room for powers of two */
	if ((u->n & (u->n - 1)) == 0)
		u->at = mem_grow(u->at, u->n ? 2 * u->n : 1, sizeof *u->at);
	u->at[u->n++] = at;
}

/* n counts borders until here, pieces from here on. */
static void
units_end(struct units *u)
{
	u->n--;
}

void
units_lines(const char *p, size_t n, struct units *u)
{
	u->n = 0;
	units_add(u, 0);
	for (size_t i = 0; i < n; i++)
		if (p[i] == '\n' || i == n - 1)
			units_add(u, i + 1);
	units_end(u);
}

void
units_tokens(const char *p, size_t n, struct units *u)
{
	size_t i = 0;

	u->n = 0;
	units_add(u, 0);
	while (i < n) {
		size_t from = i++;

		if (units_is_word(p[from]))
			while (i < n && units_is_word(p[i]))
				i++;
		else if (isspace((unsigned char)p[from]))
			while (i < n && isspace((unsigned char)p[i]))
				i++;
		units_add(u, i);
	}
	units_end(u);
}

static size_t
moved(size_t at, size_t pos, size_t d)
{
	return at <= pos ? at : at >= pos + d ? at - d : pos;
}

void
units_shift(struct units *u, size_t pos, size_t d)
{
	size_t n = 0;

	if (!u->at)
		return;
	for (size_t i = 0; i <= u->n; i++) {
		size_t at = moved(u->at[i], pos, d);

		if (n == 0 || at > u->at[n - 1])
			u->at[n++] = at;
	}
	u->n = n - 1;
}

void
units_release(struct units *u)
{
	free(u->at);
	memset(u, 0, sizeof *u);
}
