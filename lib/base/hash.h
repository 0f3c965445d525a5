/* SHA-256 (FIPS 180-4) in lower-case hex, as sha256sum prints it. */
#ifndef LAGO_BASE_HASH_H
#define LAGO_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_HEX 65 /* 64 digits and a NUL */

struct hash; /* a hash being computed */

struct hash *hash_new(void);
void hash_add(struct hash *h, const void *p, size_t n);
void hash_end(struct hash *h, char hex[HASH_HEX]); /* frees h */

void hash_bytes(const void *p, size_t n, char hex[HASH_HEX]);
void hash_raw(const void *p, size_t n, uint8_t sha[32]); /* the bytes */
/* From the start of the file to its end; the offset is left anywhere. -1 with
 * errno. */
int hash_fd(int fd, char hex[HASH_HEX]);
bool hash_is_hex(const char *s); /* 64 lower-case hex digits, nothing else */
/* 32 random hex digits, for uuids. */
void hash_random(char hex[33]);

#endif
