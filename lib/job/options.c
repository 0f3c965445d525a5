#include "job/options.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/kv.h"
#include "base/mem.h"

#define SPACE " \t\r\f\v"

/* Between two pointers, without blanks around it, as a string. */
static char *
trimmed(const char *from, const char *to)
{
	while (from < to && strchr(SPACE, *from) != NULL)
		from++;
	while (from < to && strchr(SPACE, to[-1]) != NULL)
		to--;
	return mem_strndup(from, (size_t)(to - from));
}

static char *
lower(char *s)
{
	char *p;

	for (p = s; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return s;
}

struct parse {
	const char *name;
	int (*fn)(const char *, const char *, const char *, void *);
	void *arg;
	struct fail *f;
	char *section, *key;
	struct buf value;
	unsigned line;
};

/* A key is complete when the next one begins: its value may go on in lines that
 * begin with a blank. */
static int
flush(struct parse *p)
{
	int rc = 0;

	if (p->key != NULL)
		rc = p->fn(p->section, p->key, buf_str(&p->value), p->arg);
	free(p->key);
	p->key = NULL;
	buf_reset(&p->value);
	return rc;
}

static int
bad_line(struct parse *p)
{
	return fail_set(p->f, EX_LAGO_DATA,
	    "'%.200s': line %u is neither [section] nor key = value", p->name,
	    p->line);
}

static int
parse_key(struct parse *p, const char *s, const char *end)
{
	const char *sep = s;
	char *value;

	while (sep < end && *sep != '=' && *sep != ':')
		sep++;
	if (sep == end || sep == s || p->section == NULL)
		return bad_line(p);
	p->key = trimmed(s, sep);
	if (strcmp(p->section, "env") != 0)
		lower(p->key);
	value = trimmed(sep + 1, end);
	buf_adds(&p->value, value);
	free(value);
	return 0;
}

static int
parse_line(struct parse *p, const char *s, const char *end)
{
	const char *first = s, *close;
	char *more;
	int rc;

	p->line++;
	if (memchr(s, '\0', (size_t)(end - s)) != NULL)
		return bad_line(p);
	while (first < end && strchr(SPACE, *first) != NULL)
		first++;
	if (first == end || *first == '#' || *first == ';')
		return 0;
	if (first > s && p->key != NULL) {
		more = trimmed(first, end);
		buf_addc(&p->value, ' ');
		buf_adds(&p->value, more);
		free(more);
		return 0;
	}
	if ((rc = flush(p)) != 0)
		return rc;
	if (*first != '[')
		return parse_key(p, first, end);
	if ((close = memchr(first, ']', (size_t)(end - first))) == NULL)
		return bad_line(p);
	free(p->section);
	p->section = lower(trimmed(first + 1, close));
	return 0;
}

int
options_parse(const char *p, size_t n, const char *name,
    int (*fn)(const char *, const char *, const char *, void *), void *arg,
    struct fail *f)
{
	struct parse parse = {.name = name, .fn = fn, .arg = arg, .f = f};
	const char *end = p + n, *next;
	int rc = 0;

	for (; rc == 0 && p < end; p = next + 1) {
		next = memchr(p, '\n', (size_t)(end - p));
		if (next == NULL)
			next = end;
		rc = parse_line(&parse, p, next);
		if (next == end)
			break;
	}
	if (rc == 0)
		rc = flush(&parse);
	free(parse.section);
	free(parse.key);
	buf_release(&parse.value);
	return rc;
}

static const struct {
	const char *section, *key;
} sanitizers[] = {
    {"asan", "env.ASAN_OPTIONS"},
    {"msan", "env.MSAN_OPTIONS"},
    {"ubsan", "env.UBSAN_OPTIONS"},
    {"hwasan", "env.HWASAN_OPTIONS"},
    {"lsan", "env.LSAN_OPTIONS"},
    {"tsan", "env.TSAN_OPTIONS"},
};

struct settings {
	struct kv *kv;
	const char *allow;
};

static bool
is_in(const char *list, const char *name)
{
	size_t n = strlen(name);
	const char *p;

	for (p = list; p != NULL && *p != '\0'; p += strspn(p, ",")) {
		if (strncmp(p, name, n) == 0 && (p[n] == ',' || p[n] == '\0'))
			return true;
		p += strcspn(p, ",");
	}
	return false;
}

static void
join(struct kv *kv, const char *key, const char *name, const char *value)
{
	const char *before = kv_get(kv, key);

	if (before == NULL)
		kv_setf(kv, key, "%s=%s", name, value);
	else
		kv_setf(kv, key, "%s:%s=%s", before, name, value);
}

static int
add_setting(const char *section, const char *key, const char *value, void *arg)
{
	struct settings *s = arg;
	char *name, *end;
	size_t i;

	for (i = 0; i < sizeof(sanitizers) / sizeof(sanitizers[0]); i++)
		if (strcmp(sanitizers[i].section, section) == 0)
			join(s->kv, sanitizers[i].key, key, value);
	if (strcmp(section, "env") == 0 &&
	    (is_in("AFL_DRIVER_DONT_DEFER,GODEBUG", key) ||
		is_in(s->allow, key))) {
		name = mem_printf("env.%s", key);
		kv_set(s->kv, name, value);
		free(name);
	}
	if (strcmp(section, "libfuzzer") != 0)
		return 0;
	if (strcmp(key, "dict") == 0)
		kv_set(s->kv, "dict", value);
	/* a number, not random(a,b) */
	if (strcmp(key, "timeout") == 0 && strtol(value, &end, 10) > 0 &&
	    *end == '\0')
		kv_set(s->kv, "timeout", value);
	return 0;
}

int
options_settings(const char *p, size_t n, const char *name, const char *allow,
    struct kv *kv, struct fail *f)
{
	struct settings s = {kv, allow};

	return options_parse(p, n, name, add_setting, &s, f);
}
