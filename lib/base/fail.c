#include "base/fail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Texts quote names and lines of strangers: one line, and nothing in it that a
 * terminal obeys (control bytes, and U+0080 to U+009F). */
static void
plain(char *text)
{
	unsigned char *p = (unsigned char *)text, before = 0;

	for (; *p != '\0'; before = *p++)
		if (*p < 0x20 || *p == 0x7f ||
		    (before == 0xc2 && *p >= 0x80 && *p <= 0x9f))
			*p = '?';
}

static void
fill(struct fail *f, int status, const char *fmt, va_list ap)
{
	f->status = status;
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	plain(f->text);
}

int
fail_set(struct fail *f, int status, const char *fmt, ...)
{
	va_list ap;

	if (f != NULL) {
		va_start(ap, fmt);
		fill(f, status, fmt, ap);
		va_end(ap);
	}
	return -1;
}

int
fail_errno(struct fail *f, int status, const char *fmt, ...)
{
	const char *why = strerror(errno);
	va_list ap;
	size_t n;

	if (f == NULL)
		return -1;
	va_start(ap, fmt);
	fill(f, status, fmt, ap);
	va_end(ap);
	n = strlen(f->text);
	snprintf(f->text + n, sizeof(f->text) - n, ": %s", why);
	return -1;
}

static int
rank(int status)
{
	if (status == EX_LAGO_OK)
		return 0;
	if (status < EX_LAGO_USAGE)
		return 1;
	return status == EX_LAGO_TEMP ? 2 : 3;
}

int
fail_worse(int have, int also)
{
	return rank(also) > rank(have) ? also : have;
}
