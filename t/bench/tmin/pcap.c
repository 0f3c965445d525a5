/*
 * A capture file, read as strictly as a tool may: both lengths of a packet, IP
 * with its header's sum, UDP with its length, DNS.  Bug: a name of a question
 * in labels longer than 40 bytes in all goes beyond its array.  Another: an IP
 * header with options of an odd kind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint32_t
le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t
be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static int
sum_is_right(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2)
		sum += be16(p + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

__attribute__((noinline)) static void
name(const uint8_t *p, size_t n)
{
	char *volatile to = malloc(40);
	size_t at = 0;

	for (size_t i = 0; i < n && p[i] != 0; i += 1u + p[i]) {
		if (p[i] > 63 || i + 1 + p[i] > n)
			break;
		for (size_t k = 0; k < p[i]; k++)
			to[at++] = (char)p[i + 1 + k];
	}
	free(to);
}

static void
udp(const uint8_t *p, size_t n)
{
	if (n < 8 || be16(p + 4) != n)
		return;
	if ((be16(p) == 53 || be16(p + 2) == 53) && n > 20 && be16(p + 12) > 0)
		name(p + 20, n - 20);
}

static void
ip(const uint8_t *p, size_t n)
{
	size_t head;

	if (n < 20 || p[0] >> 4 != 4)
		return;
	head = (p[0] & 15) * 4u;
	if (head < 20 || head > n || be16(p + 2) != n || !sum_is_right(p, head))
		return;
	if (head > 20 && (p[20] & 0x1f) == 0x1e)
		abort();
	if (p[9] == 17)
		udp(p + head, n - head);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t at = 24, len;

	if (n < 24 || le32(p) != 0xa1b2c3d4)
		return 0;
	for (at = 24; at < n; at += 16 + len) {
		if (n - at < 16)
			return 0;
		len = le32(p + at + 8);
		if (len > n - at - 16 || le32(p + at + 12) != len)
			return 0;
	}
	for (at = 24; at < n; at += 16 + le32(p + at + 8)) {
		len = le32(p + at + 8);
		if (len > 14 && be16(p + at + 16 + 12) == 0x800)
			ip(p + at + 30, len - 14);
	}
	return 0;
}
