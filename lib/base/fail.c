#include "base/fail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/plain.h"

#define REASON 80 /* bytes kept free for the text of errno */

/* Texts quote names and lines of strangers: one line, and nothing in it that a
 * terminal obeys.  At most max bytes. */
static void
fill(struct fail *f, size_t max, const char *fmt, va_list ap)
{
	char text[sizeof(f->text)];
	struct buf b = BUF_INIT;

	vsnprintf(text, max, fmt, ap);
	plain_add(&b, text, strlen(text));
	snprintf(f->text, max, "%s", buf_str(&b));
	buf_release(&b);
}

int
fail_vset(struct fail *f, int status, const char *fmt, va_list ap)
{
	if (f != NULL) {
		f->status = status;
		fill(f, sizeof(f->text), fmt, ap);
	}
	return -1;
}

int
fail_set(struct fail *f, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail_vset(f, status, fmt, ap);
	va_end(ap);
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
	f->status = status;
	fill(f, sizeof(f->text) - REASON, fmt, ap);
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
