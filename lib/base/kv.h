/*
 * key=value files: job, run, progress, config, templates.  The value is the
 * rest of the line with TSV escapes, no quotes; '#' begins a comment line;
 * empty lines are skipped.  Keys are [a-z][a-z0-9_.]* or "env.NAME" with any
 * NAME [A-Za-z_][A-Za-z0-9_]*.  "tag" may repeat, any other key twice is an
 * error (65), and so is a NUL.  Order is kept.
 */
#ifndef LAGO_BASE_KV_H
#define LAGO_BASE_KV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct fail;

struct kv_pair {
	char *key, *value;
};
struct kv {
	struct kv_pair *v;
	size_t n, size;
};

/* name is what messages call the text.  Adds to kv; a key that kv had before
 * the call is no duplicate. */
int kv_parse(
    struct kv *kv, const char *p, size_t n, const char *name, struct fail *f);
int kv_read(
    struct kv *kv, int dirfd, const char *path, size_t max, struct fail *f);
const char *kv_get(const struct kv *kv, const char *key); /* last; NULL none */
int64_t kv_int(const struct kv *kv, const char *key, int64_t otherwise);
void kv_set(struct kv *kv, const char *key, const char *value); /* replaces */
void kv_setf(struct kv *kv, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void kv_add(struct kv *kv, const char *key, const char *value); /* repeats */
void kv_format(const struct kv *kv, struct buf *b);
/* Whole or not at all, as file_write. */
int kv_write(const struct kv *kv, int dirfd, const char *path, struct fail *f);
void kv_release(struct kv *kv);

#endif
