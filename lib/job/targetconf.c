#include "job/targetconf.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/json.h"
#include "base/kv.h"
#include "base/mem.h"

struct value {
	const char *key, *type, *text;
	struct kv *kv;
	struct fail *f;
};

static int
refuse(const struct value *v, const char *wanted)
{
	return fail_set(v->f, EX_LAGO_DATA,
	    "'target.conf': key '%.60s' must be %s, not '%.100s'", v->key,
	    wanted, v->text);
}

/* "./corpus", "corpus", "corpus/" are one place. */
static int
place(const struct value *v, const char *name)
{
	const char *p = v->text;
	size_t n = strlen(name);
	char wanted[32];

	if (strncmp(p, "./", 2) == 0)
		p += 2;
	if (strncmp(p, name, n) == 0 &&
	    (p[n] == '\0' || strcmp(p + n, "/") == 0))
		return 0;
	snprintf(wanted, sizeof(wanted), "'./%s'", name);
	return refuse(v, wanted);
}

static int
get_input(const struct value *v)
{
	return place(v, "corpus");
}

static int
get_output(const struct value *v)
{
	return place(v, "results");
}

static int
get_target(const struct value *v)
{
	return place(v, "target");
}

static int
get_cmdline(const struct value *v)
{
	kv_set(v->kv, "args", v->text);
	return 0;
}

static int
get_fuzzer(const struct value *v)
{
	const char *slash = strrchr(v->text, '/');

	return strcmp(slash != NULL ? slash + 1 : v->text, "afl-fuzz") == 0
		   ? 0
		   : refuse(v, "afl-fuzz");
}

/* Milliseconds; "200+" goes on after seeds that take longer. */
static int
get_timeout(const struct value *v)
{
	char *end;
	long ms = strtol(v->text, &end, 10);

	if (strcmp(v->text, "none") == 0 || strcmp(v->text, "auto") == 0)
		return 0;
	if (end == v->text || (*end != '\0' && strcmp(end, "+") != 0) ||
	    ms < 1 || ms > 3600000)
		return refuse(v, "milliseconds, 1 to 3600000");
	kv_setf(v->kv, "timeout", "%ld.%03ld", ms / 1000, ms % 1000);
	return 0;
}

static int
get_mem_limit(const struct value *v)
{
	char *end;

	if (strcmp(v->text, "none") == 0)
		return 0;
	if (strtol(v->text, &end, 10) < 0 || end == v->text ||
	    (*end != '\0' && strchr("TGMk", *end) == NULL) ||
	    (*end != '\0' && end[1] != '\0'))
		return refuse(v, "'none' or MiB");
	return 0;
}

static int
get_mode(const struct value *v)
{
	if (strcmp(v->type, "true") == 0)
		kv_set(v->kv, "mode", v->key);
	return 0;
}

static int
get_dict(const struct value *v)
{
	kv_set(v->kv, "dict", v->text);
	return 0;
}

static int
get_masters(const struct value *v)
{
	long n = strtol(v->text, NULL, 10);

	return n <= 1000 ? 0 : refuse(v, "at most 1000");
}

static int
get_variable(const char *index, const char *type, const char *text, size_t len,
    void *arg)
{
	const struct value *v = arg;
	const char *equals = strchr(text, '=');
	char *key;

	(void)index;
	if (strcmp(type, "text") != 0 || equals == NULL || equals == text ||
	    strlen(text) != len)
		return refuse(v, "a list of \"NAME=VALUE\"");
	key = mem_printf("env.%.*s", (int)(equals - text), text);
	kv_set(v->kv, key, equals + 1);
	free(key);
	return 0;
}

static int
get_environment(const struct value *v)
{
	return json_each(
	    v->text, strlen(v->text), "$", get_variable, (void *)v);
}

/* Every key afl-multicore knows. */
static const struct {
	const char *key, *types;
	bool required;
	int (*get)(const struct value *v); /* NULL: the type is all */
} keys[] = {
    {"input", "text", true, get_input},
    {"output", "text", true, get_output},
    {"target", "text", true, get_target},
    {"cmdline", "text", true, get_cmdline},
    {"session", "text", false, NULL},
    {"fuzzer", "text", false, get_fuzzer},
    {"file", "text", false, NULL},
    {"timeout", "text integer", false, get_timeout},
    {"mem_limit", "text integer", false, get_mem_limit},
    {"qemu", "true false", false, get_mode},
    {"dirty", "true false", false, NULL},
    {"dumb", "true false", false, get_mode},
    {"dict", "text", false, get_dict},
    {"afl_margs", "text", false, NULL},
    {"master_instances", "integer", false, get_masters},
    {"interactive", "true false", false, NULL},
    {"environment", "array", false, get_environment},
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

struct parse {
	struct kv *kv;
	struct fail *f;
	bool seen[KEYS];
	struct kv values; /* arrays need a parser of their own, afterwards */
};

static int
get_key(
    const char *key, const char *type, const char *text, size_t len, void *arg)
{
	struct parse *p = arg;
	struct value v = {key, type, text, p->kv, p->f};
	size_t i;

	for (i = 0; i < KEYS && strcmp(keys[i].key, key) != 0; i++)
		;
	if (i == KEYS)
		return fail_set(p->f, EX_LAGO_DATA,
		    "'target.conf': unknown key '%.60s'", key);
	if (strstr(keys[i].types, type) == NULL || strlen(text) != len)
		return fail_set(p->f, EX_LAGO_DATA,
		    "'target.conf': key '%.60s' has the wrong type (%s)", key,
		    type);
	p->seen[i] = true;
	if (strcmp(type, "array") == 0) {
		kv_set(&p->values, key, text);
		return 0;
	}
	return keys[i].get != NULL ? keys[i].get(&v) : 0;
}

static int
get_all(struct parse *p, const char *text, size_t n)
{
	const char *type = json_valid(text, n) ? json_type(text, n, "$") : NULL;
	struct value v = {.kv = p->kv, .f = p->f};
	size_t i;

	if (type == NULL || strcmp(type, "object") != 0)
		return fail_set(p->f, EX_LAGO_DATA, "'target.conf': %s",
		    type == NULL ? "not JSON" : "not a JSON object");
	if (json_each(text, n, "$", get_key, p) != 0)
		return -1;
	for (i = 0; i < KEYS; i++) {
		if (keys[i].required && !p->seen[i])
			return fail_set(p->f, EX_LAGO_DATA,
			    "'target.conf': key '%s' is missing", keys[i].key);
		v.key = keys[i].key;
		if (strcmp(keys[i].types, "array") == 0 &&
		    (v.text = kv_get(&p->values, v.key)) != NULL &&
		    keys[i].get(&v) != 0)
			return -1;
	}
	return 0;
}

int
targetconf_parse(const char *p, size_t n, struct kv *kv, struct fail *f)
{
	struct parse parse = {.kv = kv, .f = f};
	int rc = n > 0 ? get_all(&parse, p, n)
		       : fail_set(f, EX_LAGO_DATA, "'target.conf': not JSON");

	kv_release(&parse.values);
	return rc;
}
