/*
 * A GIF: descriptors, images and extensions of sub-blocks, each with a length of
 * a byte, a trailer.  Bug: a comment of more than 60 bytes, of all its
 * sub-blocks, behind a graphic control that says "transparent" and in front of
 * an image, goes beyond what was allocated.  Another one: an application that is
 * called LAGOCRSH1.0.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct in {
	const uint8_t *p, *end;
};

static const uint8_t *
take(struct in *in, size_t n)
{
	const uint8_t *p = in->p;

	if ((size_t)(in->end - p) < n)
		return NULL;
	in->p += n;
	return p;
}

/* All bytes of sub-blocks; -1: there is no end. */
static int
blocks(struct in *in, uint8_t *to, size_t room, size_t *n)
{
	const uint8_t *len, *p;

	*n = 0;
	while ((len = take(in, 1)) && *len > 0) {
		if ((p = take(in, *len)) == NULL)
			return -1;
		if (*len <= room - *n) {
			memcpy(to + *n, p, *len);
			*n += *len;
		}
	}
	return len ? 0 : -1;
}

__attribute__((noinline)) static void
caption(const uint8_t *p, size_t n)
{
	char *volatile to = malloc(60);

	memcpy(to, p, n);
	free(to);
}

__attribute__((noinline)) static void
application(const uint8_t *p, size_t n)
{
	if (n >= 11 && memcmp(p, "LAGOCRSH1.0", 11) == 0)
		abort();
}

static size_t
colours(uint8_t flags)
{
	return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static uint8_t data[1 << 16], comment[1 << 16];
	struct in in = {p, p + n};
	const uint8_t *h, *kind;
	size_t len, said = 0;
	int transparent = 0;

	if (!(h = take(&in, 13)) || memcmp(h, "GIF89a", 6) != 0 ||
	    !take(&in, colours(h[10])))
		return 0;
	while ((h = take(&in, 1)) && *h != ';') {
		if (*h == '!') {
			if (!(kind = take(&in, 1)) ||
			    blocks(&in, data, sizeof data, &len))
				return 0;
			if (*kind == 0xf9 && len != 4)
				return 0;
			if (*kind == 0xf9)
				transparent = data[0] & 1;
			if (*kind == 0xfe && transparent) {
				memcpy(comment, data, len);
				said = len;
			}
			if (*kind == 0xff)
				application(data, len);
		} else if (*h == ',') {
			if (!(h = take(&in, 9)) || !take(&in, colours(h[8])) ||
			    !(h = take(&in, 1)) || *h < 2 || *h > 11 ||
			    blocks(&in, data, sizeof data, &len))
				return 0;
			if (said > 0)
				caption(comment, said);
			transparent = 0;
			said = 0;
		} else {
			return 0;
		}
	}
	return 0;
}
