/*
 * A tar archive: blocks of 512 bytes, sizes in octal, sums checked.  Bug: an
 * extended header (type x) with a record of the key `path` of more than 24
 * bytes, behind at least one plain file.  Another: a link to itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static size_t
octal(const uint8_t *p, size_t n)
{
	size_t v = 0;

	for (; n > 0 && *p >= '0' && *p <= '7'; p++, n--)
		v = v * 8 + (size_t)(*p - '0');
	return v;
}

static int
sum_is_right(const uint8_t *p)
{
	size_t sum = 0;

	for (size_t i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? ' ' : p[i];
	return sum == octal(p + 148, 8);
}

__attribute__((noinline)) static void
set_path(const char *v, size_t n)
{
	char *volatile to = malloc(24);

	memcpy(to, v, n);
	free(to);
}

static void
extended(const char *p, size_t n)
{
	while (n > 0) {
		char *end;
		size_t len = strtoul(p, &end, 10), head = (size_t)(end - p) + 1;

		if (*end != ' ' || len <= head || len > n || p[len - 1] != '\n')
			return;
		if (len > head + 5 && !memcmp(p + head, "path=", 5))
			set_path(p + head + 5, len - head - 6);
		p += len;
		n -= len;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t at = 0, size, files = 0;
	char *text;

	while (n - at >= 512 && p[at] != 0) {
		if (memcmp(p + at + 257, "ustar", 5) || !sum_is_right(p + at))
			return 0;
		size = octal(p + at + 124, 12);
		if (size > n - at - 512)
			return 0;
		if (p[at + 156] == '2' && !strncmp((const char *)p + at,
					      (const char *)p + at + 157, 100))
			abort();
		files += p[at + 156] == '0';
		if (p[at + 156] == 'x' && files > 0) {
			text = malloc(size + 1);
			memcpy(text, p + at + 512, size);
			text[size] = '\0';
			extended(text, size);
			free(text);
		}
		at += 512 + (size + 511) / 512 * 512;
		if (at > n)
			return 0;
	}
	return 0;
}
