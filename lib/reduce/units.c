#include "reduce/units.h"

#include <ctype.h>
#include <stdint.h>
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

/* --- marks --- */

enum {
	MARK = 4,
	OFTEN = 3,	   /* places at least */
	NEAR = 16,	   /* bytes between the first places of two */
	SEARCHED = 4 << 20 /* bytes of the input */
};

struct place {
	uint32_t mark, at, times;
};

static uint32_t
mark_at(const char *p)
{
	uint32_t mark;

	memcpy(&mark, p, MARK);
	return mark;
}

static int
by_mark(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->mark != y->mark)
		return x->mark < y->mark ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int
by_times(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->times != y->times)
		return x->times > y->times ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static bool
is_near(const struct place *v, size_t n, const struct place *one)
{
	while (n-- > 0)
		if (v[n].at + NEAR > one->at && one->at + NEAR > v[n].at)
			return true;
	return false;
}

size_t
units_marks(const char *p, size_t n, uint32_t *marks, size_t most)
{
	size_t all = n < MARK ? 0 : (n < SEARCHED ? n : SEARCHED) - MARK + 1,
	       kinds = 0, found = 0;
	struct place *v = mem_array(all + 1, sizeof *v);

	for (size_t i = 0; i < all; i++)
		v[i] = (struct place){mark_at(p + i), (uint32_t)i, 1};
	qsort(v, all, sizeof *v, by_mark);
	for (size_t i = 0, k; i < all; i = k) {
		for (k = i + 1; k < all && v[k].mark == v[i].mark; k++)
			;
		if (k - i < OFTEN ||
		    v[i].mark == (v[i].mark & 255) * 0x01010101 ||
		    v[i + 1].at - v[i].at < MARK)
			continue;
		v[kinds] = v[i];
		v[kinds++].times = (uint32_t)(k - i);
	}
	qsort(v, kinds, sizeof *v, by_times);
	for (size_t i = 0; i < kinds && found < most; i++)
		if (!is_near(v, found, &v[i])) {
			v[found] = v[i];
			marks[found++] = v[i].mark;
		}
	free(v);
	return found;
}

void
units_between(const char *p, size_t n, uint32_t mark, struct units *u)
{
	u->n = 0;
	for (size_t i = 0; i + MARK <= n; i++)
		if (mark_at(p + i) == mark) {
			units_add(u, i);
			i += MARK - 1;
		}
	if (u->n)
		u->n--;
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
