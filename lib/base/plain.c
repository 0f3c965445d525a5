#include "base/plain.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* The length of the character at p and what it is; 0 when it is no UTF-8. */
static size_t
decode(const unsigned char *p, size_t n, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len, i;

	if (p[0] < 0x80) {
		*c = p[0];
		return 1;
	}
	len = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (len == 0 || p[0] > 0xf4 || len > n)
		return 0;
	*c = p[0] & (0xff >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	if (*c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return len;
}

static bool
is_bidi(uint32_t c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void
plain_add(struct buf *b, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i, k, len;
	uint32_t c = 0;

	for (i = 0; i < n; i += len) {
		len = decode(p + i, n - i, &c);
		if (len == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0)) {
			len = len == 0 ? 1 : len;
			for (k = 0; k < len; k++)
				buf_addf(b, "\\x%02x", p[i + k]);
		} else if (is_bidi(c)) {
			buf_addf(b, "\\u{%x}", c);
		} else {
			buf_add(b, p + i, len);
		}
	}
}

void
plain_add_json(struct buf *b, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i, len;
	uint32_t c = 0;

	for (i = 0; i < n; i += len) {
		len = decode(p + i, n - i, &c);
		if (len == 0) {
			len = 1;
			buf_adds(b, "\xef\xbf\xbd");
		} else if ((c >= 0x7f && c < 0xa0) || is_bidi(c)) {
			buf_addf(b, "\\u%04x", c);
		} else {
			buf_add(b, p + i, len);
		}
	}
}
