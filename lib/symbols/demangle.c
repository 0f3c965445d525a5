#include "symbols/demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define NAME_MAX_IN 8192  /* longer mangled names stay as they are */
#define NAME_MAX_OUT 4096 /* of a demangled one; they can grow without end */

struct demangled {
	struct buf b;
	jmp_buf full;
};

static void
take(const char *p, size_t n, void *arg)
{
	struct demangled *d = arg;

	if (n > NAME_MAX_OUT - d->b.len)
		n = NAME_MAX_OUT - d->b.len;
	buf_add(&d->b, p, n);
	/* The demanglers cannot be told to stop, and keep all that they have on
	 * the stack. */
	if (d->b.len == NAME_MAX_OUT)
		longjmp(d->full, 1);
}

char *
demangle_name(const char *name)
{
	static const int options = DMGL_PARAMS | DMGL_ANSI;
	static struct demangled d; /* static: survives longjmp unharmed */

	if (strlen(name) > NAME_MAX_IN)
		return mem_strndup(name, NAME_MAX_IN);
	buf_reset(&d.b);
	if (setjmp(d.full) == 0) {
		if (!rust_demangle_callback(name, options, take, &d)) {
			buf_reset(&d.b);
			if (!cplus_demangle_v3_callback(
				name, options, take, &d))
				return mem_strdup(name);
		}
	}
	return mem_strdup(buf_str(&d.b));
}
