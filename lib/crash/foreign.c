#include "crash/foreign.h"

#include <stdlib.h>

#include "base/mem.h"
#include "crash/words.h"

enum how { EXACT, PREFIX, CONTAINS, GLOB, HOWS };

static const char *const how_names[HOWS] = {
    "exact", "prefix", "contains", "glob"};

/* Bytes that exact ones and prefixes are found by; lists by their hash. */
enum { BEGIN = 3, BEGINS = 512 };

struct pattern {
	enum how how;
	const char *text;
	size_t len;
	char *part; /* of a glob: what stands before its second star */
	struct pattern *next; /* of the same list */
};

struct foreign {
	struct pattern *v;
	size_t n;
	struct pattern *begins[BEGINS]; /* exact ones and prefixes */
	struct pattern *brief;		/* those shorter than BEGIN */
	struct words *contains;
	struct words *in_globs; /* the first part of each glob */
};

struct foreign *
foreign_new(void)
{
	return mem_alloc(sizeof(struct foreign));
}

void
foreign_free(struct foreign *f)
{
	if (f == NULL)
		return;
	words_free(f->contains);
	words_free(f->in_globs);
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].part);
	free(f->v);
	free(f);
}

/* The first part of a glob that is not empty. */
static char *
glob_part(const char *glob)
{
	glob += strspn(glob, "*");
	return mem_strndup(glob, strcspn(glob, "*"));
}

int
foreign_add(struct foreign *f, const char *how, const char *pattern)
{
	struct pattern p = {.text = pattern, .len = strlen(pattern)};

	while (p.how < HOWS && strcmp(how, how_names[p.how]) != 0)
		p.how++;
	if (p.how == HOWS || p.len == 0)
		return -1;
	if (p.how == GLOB)
		p.part = glob_part(pattern);
	f->v = mem_grow(f->v, f->n + 1, sizeof(*f->v));
	f->v[f->n++] = p;
	return 0;
}

static unsigned
begin_of(const char *p)
{
	return ((unsigned char)p[0] * 31 + (unsigned char)p[1] * 7 +
		   (unsigned char)p[2]) %
	       BEGINS;
}

void
foreign_index(struct foreign *f)
{
	const char **list = mem_array(f->n + 1, sizeof(*list));
	const char **globs = mem_array(f->n + 1, sizeof(*globs));
	size_t n = 0, nglobs = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct pattern *p = &f->v[i], **slot = &f->brief;
		if (p->how == CONTAINS)
			list[n++] = p->text;
		else if (p->how == GLOB)
			globs[nglobs++] = p->part;
		else {
			if (p->len >= BEGIN)
				slot = &f->begins[begin_of(p->text)];
			p->next = *slot;
			*slot = p;
		}
	}
	f->contains = words_new(list, n, false);
	f->in_globs = words_new(globs, nglobs, false);
	free(list);
	free(globs);
}

/* Parts between the stars of a glob, one after the other. */
static bool
glob_fits(const char *glob, struct str s)
{
	size_t at = 0, n;

	for (bool first = true; *glob != '\0'; first = false) {
		const char *found;
		n = strcspn(glob, "*");
		found = memmem(s.p + at, s.n - at, glob, n);
		if (found == NULL || (first && n > 0 && found != s.p))
			return false;
		at = (size_t)(found - s.p) + n;
		glob += n + (glob[n] == '*');
	}
	return true;
}

static bool
any_begins(const struct pattern *p, struct str s)
{
	for (; p != NULL; p = p->next) {
		struct str is = str_of(p->text, p->len);
		if (p->how == PREFIX ? str_starts(s, is) : str_eq(s, is))
			return true;
	}
	return false;
}

bool
foreign_fits(const struct foreign *f, struct str s)
{
	if (any_begins(f->brief, s) ||
	    (s.n >= BEGIN && any_begins(f->begins[begin_of(s.p)], s)) ||
	    words_any(f->contains, s))
		return true;
	if (!words_any(f->in_globs, s))
		return false;
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].how == GLOB && glob_fits(f->v[i].text, s))
			return true;
	return false;
}
