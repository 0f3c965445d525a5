/*
 * RIFF, as sound files have it: chunks filled up to even sizes, lists of
 * chunks; the size of the whole is right.  Bug: a name in a list INFO of more
 * than 20 bytes, when the format chunk says two channels.  Another: a cue chunk
 * of more than 3 points.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int channels;

static uint32_t
le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

__attribute__((noinline)) static void
set_name(const uint8_t *p, size_t n)
{
	char *volatile to = malloc(20);

	memcpy(to, p, n);
	free(to);
}

/* -1: not well formed. */
static int
chunks(const uint8_t *p, size_t n, int info, int apply)
{
	size_t at = 0, len;

	for (; at < n; at += 8 + len + len % 2) {
		if (n - at < 8)
			return -1;
		len = le32(p + at + 4);
		if (len > n - at - 8 || (len % 2 && at + 8 + len + 1 > n))
			return -1;
		if (!memcmp(p + at, "LIST", 4)) {
			if (len < 4 ||
			    chunks(p + at + 12, len - 4,
				!memcmp(p + at + 8, "INFO", 4), apply))
				return -1;
		}
		if (!apply)
			continue;
		if (!memcmp(p + at, "fmt ", 4) && len >= 16)
			channels = p[at + 10];
		if (!memcmp(p + at, "cue ", 4) && len >= 4 &&
		    le32(p + at + 8) > 3)
			abort();
		if (info && !memcmp(p + at, "INAM", 4) && channels == 2)
			set_name(p + at + 8, len);
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	channels = 0;
	if (n < 12 || memcmp(p, "RIFF", 4) || le32(p + 4) != n - 8 ||
	    memcmp(p + 8, "WAVE", 4))
		return 0;
	if (chunks(p + 12, n - 12, 0, 0) == 0)
		chunks(p + 12, n - 12, 0, 1);
	return 0;
}
