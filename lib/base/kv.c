#include "base/kv.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/out.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

static bool
key_valid(const char *key)
{
	const char *name;

	if (strncmp(key, "env.", 4) == 0) {
		name = key + 4;
		return *name != '\0' && strchr(DIGIT, *name) == NULL &&
		       name[strspn(name, LOWER UPPER DIGIT "_")] == '\0';
	}
	return *key != '\0' && strchr(LOWER, *key) != NULL &&
	       key[strspn(key, LOWER DIGIT "_.")] == '\0';
}

static void
append(struct kv *kv, char *key, char *value)
{
	if (kv->n == kv->size) {
		kv->size = kv->size > 0 ? 2 * kv->size : 16;
		kv->v = mem_grow(kv->v, kv->size, sizeof(*kv->v));
	}
	kv->v[kv->n++] = (struct kv_pair){key, value};
}

/* The place of a key at or after first, or n. */
static size_t
find(const struct kv *kv, const char *key, size_t first)
{
	size_t i;

	for (i = first; i < kv->n; i++)
		if (strcmp(kv->v[i].key, key) == 0)
			return i;
	return kv->n;
}

/* One line without its newline; first is the number of pairs before the text. */
static int
parse_line(struct kv *kv, size_t first, char *line, size_t n, const char *name,
    unsigned number, struct fail *f)
{
	char *value;
	long len;

	if (n == 0 || line[0] == '#')
		return 0;
	if (memchr(line, '\0', n) != NULL)
		return fail_set(
		    f, EX_LAGO_DATA, "%s: line %u holds a NUL", name, number);
	value = strchr(line, '=');
	if (value == NULL)
		return fail_set(f, EX_LAGO_DATA, "%s: line %u is not key=value",
		    name, number);
	*value++ = '\0';
	if (!key_valid(line))
		return fail_set(f, EX_LAGO_DATA, "%s: line %u: bad key '%.60s'",
		    name, number, line);
	if (strcmp(line, "tag") != 0 && find(kv, line, first) < kv->n)
		return fail_set(f, EX_LAGO_DATA,
		    "%s: line %u: key '%.60s' twice", name, number, line);
	len = out_tsv_unescape(value, strlen(value));
	if (len < 0 || memchr(value, '\0', (size_t)len) != NULL)
		return fail_set(f, EX_LAGO_DATA,
		    "%s: line %u: bad escape in the value of '%.60s'", name,
		    number, line);
	append(kv, mem_strdup(line), mem_strndup(value, (size_t)len));
	return 0;
}

int
kv_parse(
    struct kv *kv, const char *p, size_t n, const char *name, struct fail *f)
{
	const char *end = p + n, *next;
	size_t first = kv->n, len;
	unsigned number = 0;
	char *line;
	int rc = 0;

	for (; rc == 0 && p < end; p = next) {
		next = memchr(p, '\n', (size_t)(end - p));
		len = (size_t)((next == NULL ? end : next) - p);
		next = next == NULL ? end : next + 1;
		line = mem_alloc(len + 1);
		memcpy(line, p, len);
		if (len > 0 && line[len - 1] == '\r')
			line[--len] = '\0';
		rc = parse_line(kv, first, line, len, name, ++number, f);
		free(line);
	}
	return rc;
}

int
kv_read(struct kv *kv, int dirfd, const char *path, size_t max, struct fail *f)
{
	struct buf b = BUF_INIT;
	int rc;

	rc = file_read(dirfd, path, max, &b, NULL, f);
	if (rc == 0)
		rc = kv_parse(kv, b.p, b.len, path, f);
	buf_release(&b);
	return rc;
}

const char *
kv_get(const struct kv *kv, const char *key)
{
	size_t i;

	for (i = kv->n; i > 0; i--)
		if (strcmp(kv->v[i - 1].key, key) == 0)
			return kv->v[i - 1].value;
	return NULL;
}

int64_t
kv_int(const struct kv *kv, const char *key, int64_t otherwise)
{
	const char *s = kv_get(kv, key);
	char *end;
	long long v;

	if (s == NULL || *s == '\0')
		return otherwise;
	v = strtoll(s, &end, 10);
	return *end == '\0' ? v : otherwise;
}

void
kv_add(struct kv *kv, const char *key, const char *value)
{
	append(kv, mem_strdup(key), mem_strdup(value));
}

void
kv_set(struct kv *kv, const char *key, const char *value)
{
	size_t i = find(kv, key, 0);
	char *copy;

	if (i == kv->n) {
		kv_add(kv, key, value);
		return;
	}
	copy = mem_strdup(value);
	free(kv->v[i].value);
	kv->v[i].value = copy;
}

void
kv_setf(struct kv *kv, const char *key, const char *fmt, ...)
{
	char *value;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&value, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	kv_set(kv, key, value);
	free(value);
}

void
kv_format(const struct kv *kv, struct buf *b)
{
	size_t i;

	for (i = 0; i < kv->n; i++) {
		buf_addf(b, "%s=", kv->v[i].key);
		out_tsv_escape(b, kv->v[i].value, strlen(kv->v[i].value));
		buf_addc(b, '\n');
	}
}

int
kv_write(const struct kv *kv, int dirfd, const char *path, struct fail *f)
{
	struct buf b = BUF_INIT;
	int rc;

	kv_format(kv, &b);
	rc = file_write(dirfd, path, buf_str(&b), b.len, 0644, f);
	buf_release(&b);
	return rc;
}

void
kv_release(struct kv *kv)
{
	size_t i;

	for (i = 0; i < kv->n; i++) {
		free(kv->v[i].key);
		free(kv->v[i].value);
	}
	free(kv->v);
	memset(kv, 0, sizeof(*kv));
}
