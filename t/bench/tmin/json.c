/*
 * JSON into a tree.  Bug: an array of arrays with at least three elements in
 * the inner one, under a key "points" of an object that has a "type" before:
 * the inner one is used after it was freed.  Another: a string with \u0000.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct in {
	const char *p, *end;
	int depth;
};

static int value(struct in *in, int points);

static void
space(struct in *in)
{
	while (in->p < in->end && strchr(" \t\r\n", *in->p) && *in->p)
		in->p++;
}

static int
eat(struct in *in, char c)
{
	space(in);
	if (in->p == in->end || *in->p != c)
		return 0;
	in->p++;
	return 1;
}

static int
string(struct in *in, char *to, size_t room)
{
	size_t n = 0;

	if (!eat(in, '"'))
		return 0;
	for (; in->p < in->end && *in->p != '"'; in->p++) {
		if (*in->p == '\\') {
			if (in->end - in->p > 6 && !memcmp(in->p, "\\u0000", 6))
				abort();
			if (++in->p == in->end)
				return 0;
		}
		if (n + 1 < room)
			to[n++] = *in->p;
	}
	to[n] = '\0';
	return in->p < in->end && *in->p++ == '"';
}

__attribute__((noinline)) static int
use_row(char *row, int n)
{
	if (n >= 3)
		free(row);
	n += row[0];
	if (n < 3)
		free(row);
	return n;
}

static int
array(struct in *in, int points)
{
	char *row = calloc(1, 8);
	int n = 0, ok = 1;

	if (!eat(in, ']'))
		do {
			ok = value(in, points ? points + 1 : 0);
			n++;
		} while (ok && eat(in, ','));
	if (n > 0)
		ok = ok && eat(in, ']');
	if (ok && points == 2)
		use_row(row, n);
	else
		free(row);
	return ok;
}

static int
object(struct in *in)
{
	char key[32];
	int typed = 0;

	if (eat(in, '}'))
		return 1;
	do {
		space(in);
		if (!string(in, key, sizeof key) || !eat(in, ':') ||
		    !value(in, typed && !strcmp(key, "points")))
			return 0;
		typed |= !strcmp(key, "type");
	} while (eat(in, ','));
	return eat(in, '}');
}

static int
value(struct in *in, int points)
{
	char text[64];
	int ok;

	space(in);
	if (in->p == in->end || in->depth > 100)
		return 0;
	in->depth++;
	if (eat(in, '{'))
		ok = object(in);
	else if (eat(in, '['))
		ok = array(in, points);
	else if (*in->p == '"')
		ok = string(in, text, sizeof text);
	else {
		const char *from = in->p;

		while (in->p < in->end && *in->p &&
		       strchr("0123456789+-.eEtrufalsn", *in->p))
			in->p++;
		ok = in->p > from;
	}
	in->depth--;
	return ok;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct in in = {(const char *)p, (const char *)p + n, 0};

	value(&in, 0);
	return 0;
}
