/*
 * Messages in messages as protocol buffers have them: keys and lengths are
 * numbers of 7 bits a byte.  Bug: a field 5 of more than 30 bytes, three
 * messages deep, whose message has a field 1 of the value 7.  Another: a field
 * of 64 bits in the outermost message.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int
number(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
	*v = 0;
	for (int shift = 0; shift < 64 && *p < end; shift += 7) {
		uint8_t b = *(*p)++;

		*v |= (uint64_t)(b & 127) << shift;
		if (!(b & 128))
			return 1;
	}
	return 0;
}

__attribute__((noinline)) static void
label(const uint8_t *p, size_t n)
{
	char *volatile to = malloc(30);

	memcpy(to, p, n);
	free(to);
}

static int
message(const uint8_t *p, const uint8_t *end, int depth, int apply)
{
	uint64_t key, v;
	int seven = 0;

	while (p < end) {
		if (!number(&p, end, &key) || key >> 3 == 0)
			return -1;
		switch (key & 7) {
		case 0:
			if (!number(&p, end, &v))
				return -1;
			seven |= key >> 3 == 1 && v == 7;
			break;
		case 1:
			if (end - p < 8)
				return -1;
			if (apply && depth == 0)
				abort();
			p += 8;
			break;
		case 2:
			if (!number(&p, end, &v) || v > (uint64_t)(end - p))
				return -1;
			if (key >> 3 >= 10 &&
			    message(p, p + v, depth + 1, apply))
				return -1;
			if (apply && key >> 3 == 5 && depth == 3 && seven)
				label(p, v);
			p += v;
			break;
		case 5:
			if (end - p < 4)
				return -1;
			p += 4;
			break;
		default:
			return -1;
		}
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > 0 && message(p, p + n, 0, 0) == 0)
		message(p, p + n, 0, 1);
	return 0;
}
