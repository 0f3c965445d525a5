/* OpenSSL 3 would rather not have SHA256_Init() called: see hash_bytes(). */
#define OPENSSL_API_COMPAT 0x10100000L

#include "base/hash.h"

#include <err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/mem.h"

struct hash {
	EVP_MD_CTX *ctx;
};

static void
hex_of(const unsigned char *p, size_t n, char *hex)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		hex[2 * i] = digits[p[i] >> 4];
		hex[2 * i + 1] = digits[p[i] & 15];
	}
	hex[2 * n] = '\0';
}

struct hash *
hash_new(void)
{
	struct hash *h = mem_alloc(sizeof(*h));

	h->ctx = EVP_MD_CTX_new();
	if (h->ctx == NULL ||
	    EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
		errx(EX_LAGO_TEMP, "SHA-256 is not to be had from libcrypto");
	return h;
}

void
hash_add(struct hash *h, const void *p, size_t n)
{
	EVP_DigestUpdate(h->ctx, p, n);
}

void
hash_end(struct hash *h, char hex[HASH_HEX])
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	EVP_DigestFinal_ex(h->ctx, digest, NULL);
	hex_of(digest, (HASH_HEX - 1) / 2, hex);
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

/* For many short ones: to look the algorithm up takes a process longer than a
 * thousand of them, and what EVP does for each takes longer than they do. */
void
hash_bytes(const void *p, size_t n, char hex[HASH_HEX])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256_CTX ctx;

	if (SHA256_Init(&ctx) != 1 || SHA256_Update(&ctx, p, n) != 1 ||
	    SHA256_Final(digest, &ctx) != 1)
		errx(EX_LAGO_TEMP, "SHA-256 is not to be had from libcrypto");
	hex_of(digest, (HASH_HEX - 1) / 2, hex);
}

void
hash_raw(const void *p, size_t n, uint8_t sha[32])
{
	if (EVP_Digest(p, n, sha, NULL, EVP_sha256(), NULL) != 1)
		errx(EX_LAGO_TEMP, "SHA-256 is not to be had from libcrypto");
}

int
hash_fd(int fd, char hex[HASH_HEX])
{
	struct hash *h = hash_new();
	char block[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, block, sizeof(block), at)) > 0) {
		hash_add(h, block, (size_t)n);
		at += n;
	}
	hash_end(h, hex);
	return n < 0 ? -1 : 0;
}

bool
hash_is_hex(const char *s)
{
	return strlen(s) == HASH_HEX - 1 &&
	       strspn(s, "0123456789abcdef") == HASH_HEX - 1;
}

void
hash_random(char hex[33])
{
	unsigned char p[16];

	if (getrandom(p, sizeof(p), 0) != (ssize_t)sizeof(p))
		err(EX_LAGO_TEMP, "no random numbers");
	hex_of(p, sizeof(p), hex);
}
