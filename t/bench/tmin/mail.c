/*
 * A message in parts of parts: headers, which go on in lines that are indented,
 * boundaries, parts.  Bug: a part of a part whose name has more than 24
 * characters, when its disposition is an attachment and the message has a
 * subject.  Another one: an encoding of 8bit with a body of one line.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct part {
	char boundary[72], name[256];
	int attached, multi, eight;
};
static int subject;

__attribute__((noinline)) static void
attach(const char *name)
{
	if (strlen(name) > 24)
		abort();
}

__attribute__((noinline)) static void
line_of_8bit(void)
{
	abort();
}

static const char *
line_end(const char *p, const char *end)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	return nl == NULL ? end : nl;
}

static void
parameter(
    const char *p, const char *end, const char *key, char *to, size_t room)
{
	size_t len = strlen(key), n = 0;

	for (; end - p > (ptrdiff_t)len + 2; p++)
		if (strncasecmp(p, key, len) == 0 && p[len] == '=' &&
		    p[len + 1] == '"') {
			p += len + 2;
			while (p < end && *p != '"' && n < room - 1)
				to[n++] = *p++;
			to[p < end && *p == '"' ? n : 0] = '\0';
			return;
		}
}

static void
header(const char *p, const char *end, struct part *part)
{
	const char *colon = memchr(p, ':', (size_t)(end - p));
	size_t n;

	if (colon == NULL)
		return;
	n = (size_t)(colon - p);
	for (colon++; colon < end && *colon == ' ';)
		colon++;
	if (n == 7 && strncasecmp(p, "subject", n) == 0 && colon < end)
		subject = 1;
	if (n == 12 && strncasecmp(p, "content-type", n) == 0) {
		part->multi = end - colon > 10 &&
			      strncasecmp(colon, "multipart/", 10) == 0;
		parameter(colon, end, "boundary", part->boundary,
		    sizeof part->boundary);
	}
	if (n == 19 && strncasecmp(p, "content-disposition", n) == 0) {
		part->attached = end - colon > 10 &&
				 strncasecmp(colon, "attachment", 10) == 0;
		parameter(
		    colon, end, "filename", part->name, sizeof part->name);
	}
	if (n == 25 && strncasecmp(p, "content-transfer-encoding", n) == 0)
		part->eight =
		    end - colon == 4 && !strncasecmp(colon, "8bit", 4);
}

static void entity(const char *p, const char *end, int depth);

/* The parts between the boundaries; all of them have to end. */
static void
parts(const char *p, const char *end, const char *boundary, int depth)
{
	const char *from = NULL, *nl;
	size_t len = strlen(boundary);

	for (; p < end; p = nl + 1) {
		nl = line_end(p, end);
		if ((size_t)(nl - p) < len + 2 || memcmp(p, "--", 2) != 0 ||
		    memcmp(p + 2, boundary, len) != 0)
			continue;
		if (from != NULL)
			entity(from, p, depth + 1);
		from = nl < end ? nl + 1 : end;
		if ((size_t)(nl - p) >= len + 4 && p[len + 2] == '-')
			return;
	}
}

static void
entity(const char *p, const char *end, int depth)
{
	struct part part = {0};
	const char *nl;

	while (p < end && *p != '\n') {
		nl = line_end(p, end);
		while (nl + 1 < end && (nl[1] == ' ' || nl[1] == '\t'))
			nl = line_end(nl + 1, end);
		header(p, nl, &part);
		p = nl < end ? nl + 1 : end;
	}
	if (depth > 8 || p == end)
		return;
	p++;
	if (part.eight && memchr(p, '\n', (size_t)(end - p)) == end - 1)
		line_of_8bit();
	if (part.attached && depth > 1 && subject)
		attach(part.name);
	if (part.multi && part.boundary[0] != '\0')
		parts(p, end, part.boundary, depth);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	subject = 0;
	entity((const char *)p, (const char *)p + n, 0);
	return 0;
}
