/*
 * A style sheet: rules, rules in @media, strings, comments.  Bug: a property
 * `grid` with at least four values in a rule in @media whose selector names a
 * class.  Another: !important behind an empty value.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char *at, *end;

static void
space(void)
{
	for (;;) {
		const char *close;

		while (at < end && isspace((unsigned char)*at))
			at++;
		if (end - at < 4 || at[0] != '/' || at[1] != '*')
			return;
		close = memmem(at + 2, (size_t)(end - at - 2), "*/", 2);
		if (close == NULL)
			return;
		at = close + 2;
	}
}

/* Up to one of those; its length. */
static size_t
until(const char *stops, const char **from)
{
	*from = at;
	while (at < end && *at != '\0' && !strchr(stops, *at)) {
		if (*at == '"') {
			at++;
			while (at < end && *at != '"' && *at != '\n')
				at++;
		}
		if (at < end)
			at++;
	}
	return (size_t)(at - *from);
}

__attribute__((noinline)) static void
grid(int values)
{
	if (values >= 4)
		abort();
}

static void
declaration(int media, int class)
{
	const char *name, *value;
	size_t n = until(":;{}", &name), len;
	int values = 0;

	while (n > 0 && isspace((unsigned char)name[n - 1]))
		n--;
	if (at == end || *at != ':' || n == 0)
		return;
	at++;
	space();
	len = until(";{}", &value);
	if (len >= 10 && !memcmp(value, "!important", 10))
		abort();
	for (size_t i = 0; i < len; i++)
		values += !isspace((unsigned char)value[i]) &&
			  (i == 0 || isspace((unsigned char)value[i - 1]));
	if (media && class && n == 4 && !memcmp(name, "grid", 4) && at < end &&
	    *at != '{')
		grid(values);
}

static int
rules(int media)
{
	const char *name;
	size_t n;

	for (space(); at < end && *at != '}'; space()) {
		n = until("{};", &name);
		if (at == end || *at == '}')
			return 0;
		if (*at++ == ';')
			continue;
		if (n > 6 && !memcmp(name, "@media", 6)) {
			if (!rules(1) || at == end || *at++ != '}')
				return 0;
			continue;
		}
		for (space(); at < end && *at != '}'; space()) {
			declaration(
			    media, n > 0 && memchr(name, '.', n) != NULL);
			if (at < end && *at == ';')
				at++;
			else if (at < end && *at != '}')
				return 0;
		}
		if (at == end)
			return 0;
		at++;
	}
	return 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	at = (const char *)p;
	end = at + n;
	rules(0);
	return 0;
}
