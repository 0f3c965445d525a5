#include "base/strs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void
take(struct strs *l, char *s)
{
	if (l->n + 2 > l->size) {
		l->size = l->size > 0 ? 2 * l->size : 8;
		l->v = mem_grow(l->v, l->size, sizeof(*l->v));
	}
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

void
strs_add(struct strs *l, const char *s)
{
	take(l, mem_strdup(s));
}

void
strs_addn(struct strs *l, const char *s, size_t n)
{
	take(l, mem_strndup(s, n));
}

void
strs_addf(struct strs *l, const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = mem_strdup("");
	va_end(ap);
	take(l, s);
}

char **
strs_argv(struct strs *l)
{
	if (l->v == NULL) {
		l->size = 8;
		l->v = mem_array(l->size, sizeof(*l->v));
	}
	return l->v;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
strs_sort(struct strs *l)
{
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), compare);
}

void
strs_release(struct strs *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

static char **
find(const struct strs *l, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < l->n; i++)
		if (strncmp(l->v[i], name, len) == 0 && l->v[i][len] == '=')
			return &l->v[i];
	return NULL;
}

const char *
strs_env_get(const struct strs *l, const char *name)
{
	char **at = find(l, name);

	return at == NULL ? NULL : *at + strlen(name) + 1;
}

void
strs_env_set(struct strs *l, const char *name, const char *value)
{
	char **at = find(l, name);

	if (at == NULL) {
		strs_addf(l, "%s=%s", name, value);
		return;
	}
	free(*at);
	*at = mem_printf("%s=%s", name, value);
}

void
strs_env_join(struct strs *l, const char *name, const char *value)
{
	const char *have = strs_env_get(l, name);
	char *both;

	if (have == NULL || *have == '\0') {
		strs_env_set(l, name, value);
		return;
	}
	both = mem_printf("%s:%s", have, value);
	strs_env_set(l, name, both);
	free(both);
}
