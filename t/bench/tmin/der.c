/*
 * DER as certificates have it: every length exact, in its shortest form.  Bug:
 * a name of more than 40 bytes (tag 0x82) in a sequence in an octet string,
 * behind the object identifier 2.5.29.17, goes beyond what was allocated for
 * it.  Another one: an integer of no bytes, when all of it is well formed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct value {
	unsigned tag;
	const uint8_t *p;
	size_t n;
};

/* The next value of [*p, end); -1: malformed. */
static int
next(const uint8_t **p, const uint8_t *end, struct value *v)
{
	size_t bytes;

	if (end - *p < 2)
		return -1;
	v->tag = *(*p)++;
	v->n = *(*p)++;
	if (v->n > 127) {
		bytes = v->n & 127;
		if (bytes == 0 || bytes > 3 || (size_t)(end - *p) < bytes ||
		    **p == 0)
			return -1;
		for (v->n = 0; bytes > 0; bytes--)
			v->n = v->n << 8 | *(*p)++;
		if (v->n < 128)
			return -1;
	}
	if (v->n > (size_t)(end - *p))
		return -1;
	v->p = *p;
	*p += v->n;
	return 0;
}

static int
is_well_formed(const uint8_t *p, const uint8_t *end, int depth)
{
	struct value v;

	while (p < end)
		if (next(&p, end, &v) || depth > 20 ||
		    ((v.tag & 0x20) &&
			!is_well_formed(v.p, v.p + v.n, depth + 1)))
			return 0;
	return 1;
}

__attribute__((noinline)) static void
name(const struct value *v)
{
	char *volatile to = malloc(40);

	memcpy(to, v->p, v->n);
	free(to);
}

static void
names(const struct value *string)
{
	const uint8_t *p = string->p, *end = p + string->n;
	struct value list, v;

	if (!is_well_formed(p, end, 0) || next(&p, end, &list) ||
	    list.tag != 0x30 || p != end)
		return;
	for (p = list.p, end = p + list.n; p < end;)
		if (next(&p, end, &v) == 0 && v.tag == 0x82)
			name(&v);
}

static void
walk(const uint8_t *p, const uint8_t *end)
{
	struct value v;
	int is_names = 0;

	while (p < end && next(&p, end, &v) == 0) {
		if (v.tag == 2 && v.n == 0)
			abort();
		if (v.tag == 4 && is_names)
			names(&v);
		if (v.tag == 6)
			is_names = v.n == 3 && !memcmp(v.p, "\x55\x1d\x11", 3);
		if (v.tag & 0x20)
			walk(v.p, v.p + v.n);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *at = p;
	struct value v;

	if (next(&at, p + n, &v) || v.tag != 0x30 || at != p + n ||
	    !is_well_formed(p, p + n, 0))
		return 0;
	walk(p, p + n);
	return 0;
}
