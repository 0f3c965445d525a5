/*
 * Configuration text: [section], key = value, include "file", # comments.
 * Bug: the value of `listen` in a section called net..., when a user was named
 * before: 16 bytes and more go beyond an array.  Another one: a line that ends
 * in a backslash at the end of the file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static char section[32];
static int users;

__attribute__((noinline)) static void
bind_to(const char *v, size_t n)
{
	if (users > 0 && n >= 16)
		abort();
	(void)v;
}

__attribute__((noinline)) static void
continuation(const char *v)
{
	(void)v;
	abort();
}

static void
pair(const char *line, size_t n)
{
	const char *eq = memchr(line, '=', n);
	size_t key;

	if (eq == NULL)
		return;
	key = (size_t)(eq - line);
	while (key > 0 && line[key - 1] == ' ')
		key--;
	eq++;
	while (eq < line + n && *eq == ' ')
		eq++;
	if (key == 4 && memcmp(line, "user", 4) == 0 && eq < line + n)
		users++;
	if (key == 6 && memcmp(line, "listen", 6) == 0 &&
	    strncmp(section, "net", 3) == 0)
		bind_to(eq, (size_t)(line + n - eq));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *p = (const char *)bytes, *end = p + size, *nl;
	size_t n;

	users = 0;
	section[0] = '\0';
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL) {
			if (end[-1] == '\\')
				continuation(p);
			break;
		}
		n = (size_t)(nl - p);
		if (n > 2 && p[0] == '[' && p[n - 1] == ']' && n < 32) {
			memcpy(section, p + 1, n - 2);
			section[n - 2] = '\0';
		} else if (n > 0 && p[0] != '#') {
			pair(p, n);
		}
	}
	return 0;
}
