#include "crash/pat.h"

#include <ctype.h>
#include <stdint.h>

/* Steps: that many for a line, and some for each byte of it. */
enum { STEPS = 1 << 17, STEPS_BYTE = 16, DEPTH = 256, RUNS = 16 };

struct match {
	const char *start, *end;
	bool fold;
	int ncap; /* captures that were opened */
	size_t steps, most;
	int depth;
	struct str cap[PAT_CAPTURES];
	const char *open[PAT_CAPTURES];
	/* What follows a run of anything, rest, matches nowhere from that place
	 * on: not tried again, or time grows with a power of the length. */
	struct {
		const char *rest;
		size_t from;
	} failed[RUNS];
	size_t nfailed;
};

static bool match(struct match *m, const char *p, const char *s, int ncap);

static bool
blank(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

/* Is c of the class that the letter names? */
static bool
is_class(char class, unsigned char c)
{
	switch (class) {
	case 's':
	case 'S':
		return blank(c);
	case 'v':
		return !blank(c);
	case 'c':
		return c == ':' || c == ' ';
	case 'H':
		return isxdigit(c) || c == 'x' || c == 'X';
	case 'N':
		return c >= '0' && c <= '9';
	case 'w':
		return isalnum(c) || c == '_';
	case 'a':
		return isalpha(c);
	case 'A':
		return c >= 'A' && c <= 'Z';
	default:
		return true;
	}
}

static bool
same(const struct match *m, char a, char b)
{
	if (m->fold)
		return tolower((unsigned char)a) == tolower((unsigned char)b);
	return a == b;
}

/* The place behind the alternatives that p is in. */
static const char *
behind(const char *p)
{
	for (int level = 1; *p != '\0'; p++) {
		if (*p != '%')
			continue;
		p++;
		if (*p == '{')
			level++;
		else if (*p == '}' && --level == 0)
			return p + 1;
	}
	return p;
}

/* The next alternative after p, or NULL. */
static const char *
next_alternative(const char *p)
{
	for (int level = 0; *p != '\0'; p++) {
		if (*p != '%')
			continue;
		p++;
		if (*p == '{')
			level++;
		else if (*p == '}' && level-- == 0)
			return NULL;
		else if (*p == '|' && level == 0)
			return p + 1;
	}
	return NULL;
}

/* Bytes that what follows a run begins with. */
struct first {
	bool any; /* it is not told by a byte */
	uint32_t set[8];
};

static void
first_of(const struct match *m, const char *p, struct first *f)
{
	unsigned char c[2];

	while (p[0] == '%' && (p[1] == '(' || p[1] == ')'))
		p += 2;
	if (p[0] == '%' && p[1] == '{') {
		for (p += 2; p != NULL; p = next_alternative(p))
			first_of(m, p, f);
	} else if (p[0] == '%' || p[0] == '\0') {
		f->any = true;
	} else {
		c[0] = (unsigned char)(m->fold ? tolower(*p) : *p);
		c[1] = (unsigned char)(m->fold ? toupper(*p) : *p);
		for (int i = 0; i < 2; i++)
			f->set[c[i] / 32] |= (uint32_t)1 << (c[i] % 32);
	}
}

static bool
may_begin(const struct match *m, const struct first *f, const char *s)
{
	unsigned char c;

	if (f->any || s == m->end)
		return f->any;
	c = (unsigned char)*s;
	return f->set[c / 32] >> (c % 32) & 1;
}

/* Where rest is still to be tried: before that place. */
static size_t *
failed_from(struct match *m, const char *rest)
{
	size_t i = 0;

	while (i < m->nfailed && m->failed[i].rest != rest)
		i++;
	if (i == RUNS)
		return NULL;
	if (i == m->nfailed) {
		m->failed[m->nfailed++].rest = rest;
		m->failed[i].from = (size_t)(m->end - m->start) + 1;
	}
	return &m->failed[i].from;
}

/* The one byte that what follows a run begins with, or -1: there are others. */
static int
only_first(const struct match *m, const char *p)
{
	while (p[0] == '%' && (p[1] == '(' || p[1] == ')'))
		p += 2;
	if (*p == '%' || *p == '\0' || (m->fold && isalpha((unsigned char)*p)))
		return -1;
	return (unsigned char)*p;
}

/* From the longest run down: what follows must match behind it. */
static bool
greedy(struct match *m, const char *longest, const char *least,
    const char *rest, int ncap)
{
	int only = only_first(m, rest);
	struct first f;
	const char *t;

	if (only != -1) {
		for (t = longest + (longest < m->end);
		     t > least && m->steps <= m->most;)
			if ((t = memrchr(least, only, (size_t)(t - least))) ==
			    NULL)
				return false;
			else if (match(m, rest, t, ncap))
				return true;
		return false;
	}
	f = (struct first){0};
	first_of(m, rest, &f);
	for (t = longest; t >= least && m->steps <= m->most; t--) {
		if (may_begin(m, &f, t) && match(m, rest, t, ncap))
			return true;
		if (t == m->start)
			break;
	}
	return false;
}

/* Any run, the longest first. */
static bool
anything(struct match *m, const char *rest, const char *s, int ncap)
{
	size_t *from = failed_from(m, rest), at = (size_t)(s - m->start);
	const char *longest = m->end;

	if (from != NULL && *from <= at)
		return false;
	if (from != NULL)
		longest = m->start + *from - 1;
	if (greedy(m, longest, s, rest, ncap))
		return true;
	if (from != NULL)
		*from = at;
	return false;
}

static bool
run(struct match *m, char class, const char *rest, const char *s, int ncap)
{
	bool none = class == 's' || class == 'c';
	const char *t = s;

	if (class == '*')
		return anything(m, rest, s, ncap);
	while (t < m->end && is_class(class, (unsigned char)*t))
		t++;
	m->steps += (size_t)(t - s) / 16;
	if (t == s && !none)
		return false;
	return greedy(m, t, none ? s : s + 1, rest, ncap);
}

static bool
run_without(struct match *m, const char *set, const char *s, int ncap)
{
	const char *close = strchr(set, '^'), *t = s;

	while (t < m->end && memchr(set, *t, (size_t)(close - set)) == NULL)
		t++;
	m->steps += (size_t)(t - s) / 16;
	return t > s && greedy(m, t, s + 1, close + 1, ncap);
}

/* The shortest first. */
static bool
lazy(struct match *m, const char *rest, const char *s, int ncap)
{
	size_t *from = failed_from(m, rest), at = (size_t)(s - m->start), i;
	size_t end = (size_t)(m->end - m->start) + 1;
	struct first f = {0};

	first_of(m, rest, &f);
	if (from != NULL && *from < end)
		end = *from;
	for (i = at; i < end && m->steps <= m->most; i++)
		if (may_begin(m, &f, m->start + i) &&
		    match(m, rest, m->start + i, ncap))
			return true;
	if (from != NULL && *from > at)
		*from = at;
	return false;
}

static bool
special(struct match *m, const char *p, const char *s, int ncap)
{
	const char *was;

	switch (*p) {
	case '{':
		for (p++; p != NULL; p = next_alternative(p))
			if (match(m, p, s, ncap))
				return true;
		return false;
	case '|':
		return match(m, behind(p + 1), s, ncap);
	case '}':
		return match(m, p + 1, s, ncap);
	case '(':
		was = m->open[ncap];
		m->open[ncap] = s;
		if (match(m, p + 1, s, ncap))
			return true;
		m->open[ncap] = was;
		return false;
	case ')':
		m->cap[ncap] =
		    str_of(m->open[ncap], (size_t)(s - m->open[ncap]));
		return match(m, p + 1, s, ncap + 1);
	case '$':
		return s == m->end && match(m, p + 1, s, ncap);
	case '.':
		return s < m->end && match(m, p + 1, s + 1, ncap);
	case '^':
		return run_without(m, p + 1, s, ncap);
	case 'l':
		return s - m->start > 1 && isalpha((unsigned char)s[-2]) &&
		       match(m, p + 1, s, ncap);
	case '-':
		return lazy(m, p + 1, s, ncap);
	case '%':
		return s < m->end && *s == '%' && match(m, p + 1, s + 1, ncap);
	default:
		return run(m, *p, p + 1, s, ncap);
	}
}

static bool
match(struct match *m, const char *p, const char *s, int ncap)
{
	bool ok;

	while (*p != '\0' && *p != '%') {
		if (s == m->end || !same(m, *p, *s))
			return false;
		p++;
		s++;
	}
	if (*p == '\0')
		return true;
	if (++m->steps > m->most || m->depth >= DEPTH)
		return false;
	m->depth++;
	ok = special(m, p + 1, s, ncap);
	m->depth--;
	return ok;
}

bool
pat_match(const char *pattern, struct str s, struct str *cap)
{
	struct match m = {
	    .start = s.p, .end = s.p + s.n, .most = STEPS + STEPS_BYTE * s.n};

	if (pattern[0] == '%' && pattern[1] == 'i') {
		m.fold = true;
		pattern += 2;
	}
	if (!match(&m, pattern, s.p, 0))
		return false;
	if (cap != NULL)
		memcpy(cap, m.cap, sizeof(m.cap));
	return true;
}
