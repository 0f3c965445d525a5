/*
 * An archive of two parts: the directory at its end, and the members, whose
 * headers have to say the same; check sums of what is stored are looked at.
 * Bug: the second line and what is behind it of a member that is called *.cfg
 * goes to 24 bytes, when another one is in front of it.  Another one: a member
 * without a name.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static size_t
le(const uint8_t *p, int bytes)
{
	size_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | p[bytes];
	return v;
}

__attribute__((noinline)) static void
settings(const uint8_t *p, size_t n)
{
	const uint8_t *nl = n ? memchr(p, '\n', n) : NULL;

	if (nl != NULL && p + n - nl > 24)
		abort();
}

__attribute__((noinline)) static void
nameless(void)
{
	abort();
}

/* The member of that entry of the directory; -1: it is not what that says. */
static int
member(const uint8_t *p, size_t n, const uint8_t *entry, int number)
{
	size_t at = le(entry + 42, 4), name = le(entry + 28, 2),
	       size = le(entry + 20, 4), data;

	if (at > n || n - at < 30 || memcmp(p + at, "PK\3\4", 4) != 0 ||
	    le(p + at + 26, 2) != name || le(p + at + 18, 4) != size ||
	    le(p + at + 14, 4) != le(entry + 16, 4))
		return -1;
	data = at + 30 + name + le(p + at + 28, 2);
	if (data > n || size > n - data ||
	    memcmp(p + at + 30, entry + 46, name) != 0)
		return -1;
	if (name == 0)
		nameless();
	if (le(entry + 10, 2) != 0)
		return 0;
	if (le(entry + 24, 4) != size ||
	    crc32(0, p + data, (uInt)size) != le(entry + 16, 4))
		return -1;
	if (number > 0 && name > 4 && !memcmp(entry + 42 + name, ".cfg", 4))
		settings(p + data, size);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t end, at, room;
	int entries;

	if (n < 22)
		return 0;
	for (end = n - 22; memcmp(p + end, "PK\5\6", 4) != 0; end--)
		if (end == 0)
			return 0;
	entries = (int)le(p + end + 10, 2);
	at = le(p + end + 16, 4);
	if (at > end || le(p + end + 12, 4) != end - at)
		return 0;
	for (int i = 0; i < entries; i++) {
		if (end - at < 46 || memcmp(p + at, "PK\1\2", 4) != 0)
			return 0;
		room = 46 + le(p + at + 28, 2) + le(p + at + 30, 2) +
		       le(p + at + 32, 2);
		if (room > end - at || member(p, n, p + at, i))
			return 0;
		at += room;
	}
	return 0;
}
