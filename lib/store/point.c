#include "store/point.h"

#include <string.h>

const char *const point_names[POINT_FIELDS + 1] = {"seconds", "alive",
    "instances", "restarts", "execs", "execs_per_sec", "edges", "edges_total",
    "corpus", "pending", "cycles", "stability", "last_find", "last_crash",
    "crashes", "hangs", "bugs", "rss", "disk", NULL};

/* Digits with one point at most among them. */
static bool
is_number(const char *s)
{
	size_t n = strspn(s, "0123456789");

	if (s[n] == '.')
		n += 1 + strspn(s + n + 1, "0123456789");
	return *s >= '0' && *s <= '9' && s[n] == '\0' && n < 20;
}

bool
point_split(char *line, size_t len, const char *v[POINT_FIELDS])
{
	int i;

	if (line == NULL || memchr(line, '\0', len) != NULL)
		return false;
	for (i = 0; i < POINT_FIELDS; i++) {
		v[i] = line == NULL ? NULL : strsep(&line, "\t");
		if (v[i] != NULL && !is_number(v[i]))
			v[i] = NULL;
	}
	return v[0] != NULL;
}
