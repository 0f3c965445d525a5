#include "crash/ignore.h"

#include <regex.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/strs.h"

enum { LOOK = 4096 };

struct ignore {
	regex_t *v;
	size_t n;
};

struct ignore *
ignore_new(const struct strs *patterns)
{
	struct ignore *g = mem_alloc(sizeof(*g));
	char *text;

	if (patterns == NULL)
		return g;
	g->v = mem_array(patterns->n, sizeof(*g->v));
	for (size_t i = 0; i < patterns->n; i++) {
		/* Anchored here: a search would try each byte as a start. */
		text = mem_printf("^(%s)", patterns->v[i]);
		if (regcomp(&g->v[g->n], text, REG_EXTENDED | REG_NOSUB) == 0)
			g->n++;
		free(text);
	}
	return g;
}

void
ignore_free(struct ignore *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->n; i++)
		regfree(&g->v[i]);
	free(g->v);
	free(g);
}

bool
ignore_match(const struct ignore *g, struct str text)
{
	char copy[LOOK + 1];
	size_t n = text.n < LOOK ? text.n : LOOK;

	if (g->n == 0)
		return false;
	memcpy(copy, text.p, n);
	copy[n] = '\0';
	for (size_t i = 0; i < g->n; i++)
		if (regexec(&g->v[i], copy, 0, NULL, 0) == 0)
			return true;
	return false;
}
