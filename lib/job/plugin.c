#include "job/plugin.h"

#include <sys/wait.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/out.h"

int
plugin_status(int status, const char *name, const char *verb, struct fail *f)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	if (status == 0)
		return 0;
	if (WIFSIGNALED(status))
		return fail_set(f, EX_LAGO_UNAVAILABLE,
		    "'%s %s' was ended by signal %d", name, verb,
		    WTERMSIG(status));
	return fail_set(f,
	    code >= EX_LAGO_USAGE && code <= EX_LAGO_CONFIG
		? code
		: EX_LAGO_UNAVAILABLE,
	    "'%s %s' ended with status %d", name, verb, code);
}

int
plugin_run(char *const *argv, char *const *env, const char *cwd, const void *in,
    size_t inlen, double seconds, struct buf *out, struct fail *f)
{
	int status;

	if (child_run(argv, env, cwd, in, inlen, seconds, PLUGIN_ANSWER, out,
		&status, f) != 0)
		return -1;
	return plugin_status(
	    status, argv[0], argv[1] != NULL ? argv[1] : "", f);
}

static void
add_line(struct kv *kv, const char *p, size_t n)
{
	char *line = mem_strndup(p, n), *value;
	long len;

	value = strlen(line) == n ? strchr(line, '\t') : NULL;
	if (value != NULL && value != line) {
		*value++ = '\0';
		len = out_tsv_unescape(value, strlen(value));
		if (len >= 0 && memchr(value, '\0', (size_t)len) == NULL) {
			value[len] = '\0';
			kv_add(kv, line, value);
		}
	}
	free(line);
}

void
plugin_lines(const char *p, size_t n, struct kv *kv)
{
	const char *end = p + n, *next;

	for (; p < end; p = next + 1) {
		next = memchr(p, '\n', (size_t)(end - p));
		if (next == NULL)
			next = end;
		add_line(kv, p, (size_t)(next - p));
	}
}

void
plugin_items(const char *p, size_t n, struct strs *items)
{
	const char *end = p + n, *next;

	for (; p < end; p = next + 1) {
		next = memchr(p, '\0', (size_t)(end - p));
		if (next == NULL)
			return;
		strs_addn(items, p, (size_t)(next - p));
	}
}

int
plugin_probe(const char *p, size_t n, const char *name, struct fail *f)
{
	struct buf missing = BUF_INIT;
	struct kv kv = {0};
	size_t i;
	int rc = 0;

	plugin_lines(p, n, &kv);
	for (i = 0; i < kv.n; i++)
		if (strcmp(kv.v[i].key, "missing") == 0)
			buf_addf(&missing, " %s", kv.v[i].value);
	if (kv_int(&kv, "protocol", 0) != PLUGIN_PROTOCOL)
		rc = fail_set(f, EX_LAGO_UNAVAILABLE,
		    "'%s' does not speak protocol %d", name, PLUGIN_PROTOCOL);
	else if (missing.len > 0)
		rc = fail_set(f, EX_LAGO_UNAVAILABLE, "'%s' misses here:%s",
		    name, missing.p);
	buf_release(&missing);
	kv_release(&kv);
	return rc;
}

int
plugin_command(const char *p, size_t n, const char *name,
    struct plugin_command *c, struct fail *f)
{
	struct strs *const parts[] = {&c->env, &c->argv, &c->more};
	struct strs all = {0};
	size_t i, part = 0;

	memset(c, 0, sizeof(*c));
	plugin_items(p, n, &all);
	for (i = 0; i < all.n; i++)
		/* An empty item ends the environment, then the command. */
		if (all.v[i][0] == '\0' && part < 2)
			part++;
		else
			strs_add(parts[part], all.v[i]);
	strs_release(&all);
	for (i = 0; i < c->env.n; i++)
		if (strchr(c->env.v[i], '=') == NULL)
			c->argv.n = 0;
	if (c->argv.n > 0)
		return 0;
	plugin_command_release(c);
	return fail_set(f, EX_LAGO_DATA, "'%s' gave no command", name);
}

void
plugin_command_release(struct plugin_command *c)
{
	strs_release(&c->env);
	strs_release(&c->argv);
	strs_release(&c->more);
}
