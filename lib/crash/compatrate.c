#include "crash/compatrate.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crash/pat.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static bool
contains(struct str s, const char *word)
{
	return memmem(s.p, s.n, word, strlen(word)) != NULL;
}

static const char *const severities[] = {"low", "medium", "high", "critical"};

static const struct {
	const char *word;
	int level;
} rated[] = {
    {"Bad-cast", 2},
    {"Heap-double-free", 2},
    {"Heap-use-after-free", 2},
    {"Use-after-poison", 2},
    {"Container-overflow", 1},
    {"Heap-buffer-overflow", 1},
    {"Incorrect-function-pointer-type", 1},
    {"Index-out-of-bounds", 1},
    {"Memcpy-param-overlap", 1},
    {"Non-positive-vla-bound-value", 1},
    {"Object-size", 1},
    {"Stack-buffer-overflow", 1},
    {"UNKNOWN", 1},
    {"Use-of-uninitialized-value", 1},
};

/* Is the process that crashed Chromium's browser? */
static bool
is_browser(struct str text)
{
	const char *at;
	struct str rest = text, cap[PAT_CAPTURES];

	if (contains(text, "content/browser"))
		return true;
	while ((at = memmem(rest.p, rest.n, "content::", 9)) != NULL) {
		rest = str_from(rest, (size_t)(at - rest.p) + 9);
		if (pat_match("%(%a%)Main(", rest, cap) &&
		    !str_eq(cap[0], STR("Content")))
			return str_eq(cap[0], STR("Browser"));
	}
	return false;
}

const char *
compatrate_severity(
    struct str type, struct str text, bool gestures, bool chrome)
{
	static const char *const issues[] = {"FuzzerSecurityIssueLow",
	    "FuzzerSecurityIssueMedium", "FuzzerSecurityIssueHigh",
	    "FuzzerSecurityIssueCritical"};
	struct str word = type;
	int level = -1;

	for (size_t i = N(issues); i > 0; i--)
		if (contains(text, issues[i - 1]))
			return severities[i - 1];
	for (size_t i = 0; i < word.n; i++)
		if (isspace((unsigned char)word.p[i])) {
			word.n = i;
			break;
		}
	for (size_t i = 0; i < N(rated); i++)
		if (str_eq(word, str_of(rated[i].word, strlen(rated[i].word))))
			level = rated[i].level;
	if (level == -1)
		return NULL;
	if (gestures && level > 0)
		level--;
	if (contains(type, "WRITE") && level < 2)
		level++;
	if (chrome && level < 3 && is_browser(text) &&
	    !str_eq(type, STR("Use-of-uninitialized-value")))
		level++;
	return severities[level];
}

enum { STATE_LINES = 16 };

static size_t
lines_of(struct str s, struct str *v)
{
	size_t n = 0;

	while (n < STATE_LINES && s.n > 0) {
		const char *end = memchr(s.p, '\n', s.n);
		v[n++] = str_of(s.p, end != NULL ? (size_t)(end - s.p) : s.n);
		s = str_from(s, v[n - 1].n + (end != NULL));
	}
	return n;
}

static size_t
common_lines(const struct str *a, size_t n, const struct str *b, size_t m)
{
	size_t best[STATE_LINES + 1][STATE_LINES + 1] = {{0}};

	for (size_t i = 1; i <= n; i++)
		for (size_t j = 1; j <= m; j++) {
			size_t up = best[i - 1][j], left = best[i][j - 1];
			best[i][j] = up > left ? up : left;
			if (str_eq(a[i - 1], b[j - 1]))
				best[i][j] = best[i - 1][j - 1] + 1;
		}
	return best[n][m];
}

static double
ratio(struct str a, struct str b)
{
	size_t *row, diagonal, distance;

	if (a.n + b.n == 0)
		return 1;
	if (a.n > 4096 || b.n > 4096)
		return str_eq(a, b);
	row = mem_array(b.n + 1, sizeof(*row));
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t cost = diagonal + (a.p[i - 1] != b.p[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	distance = row[b.n];
	free(row);
	return (double)(a.n + b.n - distance) / (double)(a.n + b.n);
}

bool
compatrate_similar(struct str a, struct str b)
{
	struct str x[STATE_LINES], y[STATE_LINES];
	size_t n, m, pairs;
	double sum = 0;

	if (a.n == 0 || b.n == 0)
		return false;
	if (str_eq(a, b))
		return true;
	if (contains(a, "FuzzerHash="))
		return false;
	n = lines_of(a, x);
	m = lines_of(b, y);
	if (common_lines(x, n, y, m) >= 2)
		return true;
	pairs = n < m ? n : m;
	for (size_t i = 0; i < pairs; i++)
		sum += ratio(x[i], y[i]);
	return sum / (double)pairs > 0.8;
}
