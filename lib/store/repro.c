#include "store/repro.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/paths.h"
#include "base/plain.h"
#include "base/strs.h"
#include "job/home.h"
#include "job/plugin.h"

#define JOB_MAX (1 << 20)
#define DRIVER_SECONDS 20

struct repro {
	struct kv job;
	struct plugin_command c;
	char *bundle; /* path */
};

static void
release(struct repro *r)
{
	kv_release(&r->job);
	plugin_command_release(&r->c);
	free(r->bundle);
}

/* 'word', so that a shell takes it as it is. */
static void
quote(struct buf *b, const char *word)
{
	buf_addc(b, '\'');
	for (; *word != '\0'; word++)
		if (*word == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *word);
	buf_addc(b, '\'');
}

/* The same for a shell line that is shown. */
static void
quote_shown(struct buf *b, const char *word)
{
	struct buf plain = BUF_INIT;

	plain_add(&plain, word, strlen(word));
	if (strcmp(buf_str(&plain), word) == 0) {
		quote(b, word);
	} else {
		buf_adds(b, "$'");
		for (; *word != '\0'; word++)
			if (*word > ' ' && *word <= '~' &&
			    strchr("'\\", *word) == NULL)
				buf_addc(b, *word);
			else
				buf_addf(b, "\\x%02x", (unsigned char)*word);
		buf_addc(b, '\'');
	}
	buf_release(&plain);
}

static const char *
get(const struct kv *kv, const char *key, const char *otherwise)
{
	const char *s = kv_get(kv, key);

	return s == NULL || *s == '\0' ? otherwise : s;
}

/* The driver's answer; it sees the job file and no bundle, of which the job file
 * holds all that matters here. */
static int
ask(struct repro *r, const struct home *h, long id, const char *build,
    struct fail *f)
{
	struct strs env = {0};
	struct buf answer = BUF_INIT;
	char *path = paths_plugin("driver", get(&r->job, "driver", ""));
	char *argv[] = {path, (char *)"replay", (char *)build, NULL};
	int rc = -1;

	strs_addf(&env, "PATH=%s", getenv("PATH"));
	strs_addf(&env, "LAGO_JOB=%s/jobs/%ld/job", h->path, id);
	strs_addf(&env, "LAGO_TARGET=%s", get(&r->job, "member", "target"));
	strs_add(&env, "LAGO_BUNDLE=/nonexistent");
	if (path == NULL || access(path, X_OK) != 0)
		fail_set(f, EX_LAGO_UNAVAILABLE, "no driver '%s' here",
		    get(&r->job, "driver", ""));
	else if (plugin_run(argv, strs_argv(&env), "/", NULL, 0, DRIVER_SECONDS,
		     &answer, f) == 0)
		rc = plugin_command(answer.p, answer.len, path, &r->c, f);
	free(path);
	strs_release(&env);
	buf_release(&answer);
	return rc;
}

/* Without the driver: the job's own words. */
static void
guess(struct repro *r, const char *build)
{
	char *args = mem_strdup(get(&r->job, "args", "")), *rest = args, *word;
	size_t i;

	for (i = 0; i < r->job.n; i++)
		if (strncmp(r->job.v[i].key, "env.", 4) == 0)
			strs_addf(&r->c.env, "%s=%s", r->job.v[i].key + 4,
			    r->job.v[i].value);
	strs_addf(&r->c.argv, "./%s%s%s", get(&r->job, "member", "target"),
	    strcmp(build, "target") == 0 ? "" : ".",
	    strcmp(build, "target") == 0 ? "" : build);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			strs_add(&r->c.argv, word);
	if (strcmp(get(&r->job, "driver", ""), "libfuzzer") == 0)
		strs_add(&r->c.argv, "@@");
	free(args);
}

static int
load(struct repro *r, const struct home *h, long id, const char *build,
    struct fail *f)
{
	struct fail why;
	const char *bundle;
	int dir, rc;

	memset(r, 0, sizeof(*r));
	if ((dir = home_job(h, id, f)) < 0)
		return -1;
	rc = kv_read(&r->job, dir, "job", JOB_MAX, f);
	close(dir);
	if (rc != 0)
		return -1;
	if (ask(r, h, id, build, &why) != 0) {
		plugin_command_release(&r->c);
		memset(&r->c, 0, sizeof(r->c));
		guess(r, build);
	}
	bundle = get(&r->job, "bundle", "bundle.zip");
	if (strchr(bundle, '/') != NULL)
		bundle = "bundle.zip";
	r->bundle = mem_printf("%s/jobs/%ld/%s", h->path, id, bundle);
	return 0;
}

typedef void quoter(struct buf *b, const char *word);

/* The environment's items; a report for a person has its symbols. */
static void
add_env(struct buf *b, const struct strs *env, quoter *add, const char *then)
{
	static const char off[] = "symbolize=0";
	char *item, *at;
	size_t i;

	for (i = 0; i < env->n; i++) {
		item = mem_strdup(env->v[i]);
		while (strstr(item, "SAN_OPTIONS=") != NULL &&
		       (at = strstr(item, off)) != NULL)
			at[sizeof(off) - 2] = '1';
		add(b, item);
		buf_adds(b, then);
		free(item);
	}
}

/* The command's words with the input's path, shell text, for @@; whether it
 * stood in any. */
static int
add_argv(struct buf *b, const struct strs *argv, quoter *add, const char *input)
{
	const char *at, *p;
	char *part;
	int used = 0;
	size_t i;

	for (i = 0; i < argv->n; i++) {
		for (p = argv->v[i]; (at = strstr(p, "@@")) != NULL;
		     p = at + 2) {
			part = mem_strndup(p, (size_t)(at - p));
			if (*part != '\0')
				add(b, part);
			buf_adds(b, input);
			free(part);
			used = 1;
		}
		if (*p != '\0' || p == argv->v[i])
			add(b, p);
		buf_addc(b, ' ');
	}
	return used;
}

/* The name that the target must see its input under, or NULL. */
static const char *
file_name(const struct strs *more)
{
	size_t i;

	for (i = 0; i < more->n; i++)
		if (strncmp(more->v[i], "file ", 5) == 0 &&
		    strchr(more->v[i] + 5, '/') == NULL &&
		    strcmp(more->v[i] + 5, "input") != 0)
			return more->v[i] + 5;
	return NULL;
}

const char *
repro_build(const char *judge)
{
	static const char *const builds[] = {"san", "cmplog", "laf", "cov"};
	const char *dot = judge == NULL ? NULL : strrchr(judge, '.');
	size_t i;

	dot = dot == NULL ? judge : dot + 1;
	for (i = 0; dot != NULL && i < sizeof(builds) / sizeof(builds[0]); i++)
		if (strcmp(dot, builds[i]) == 0)
			return builds[i];
	return "target";
}

int
repro_lines(const struct home *h, long job, const char *build,
    const char *input, struct buf *b, struct fail *f)
{
	struct buf path = BUF_INIT;
	const char *name;
	struct repro r;
	size_t n;

	if (load(&r, h, job, build, f) != 0) {
		release(&r);
		return -1;
	}
	n = strlen(r.bundle);
	buf_addf(b, "cd \"$(mktemp -d)\" && %s ",
	    n > 4 && strcmp(r.bundle + n - 4, ".zip") == 0 ? "unzip -q"
							   : "tar -xf");
	quote_shown(b, r.bundle);
	buf_adds(b, " &&\n  chmod +x ");
	quote_shown(b, r.c.argv.n > 0 ? r.c.argv.v[0] : "./target");
	quote_shown(&path, input);
	if ((name = file_name(&r.c.more)) != NULL) {
		buf_addf(b, " &&\n  cp -- %s ", path.p);
		buf_reset(&path);
		quote_shown(&path, name);
		buf_adds(b, path.p);
	}
	buf_adds(b, " &&\n  env -i PATH=\"$PATH\" HOME=\"$PWD\" LANG=C "
		    "LD_LIBRARY_PATH=\"$PWD/lib:$PWD\" \\\n  ");
	add_env(b, &r.c.env, quote_shown, " \\\n  ");
	if (!add_argv(b, &r.c.argv, quote_shown, path.p))
		buf_addf(b, "<%s", path.p);
	else
		b->p[--b->len] = '\0'; /* the blank behind the last word */
	buf_release(&path);
	release(&r);
	return 0;
}

static const char head[] = "#!/bin/sh\n"
			   "# Runs `input` beside this script as its fuzzing "
			   "job did.  Set BUNDLE when\n"
			   "# the bundle lies elsewhere, or DIR to a directory "
			   "that holds it unpacked.\n"
			   "set -eu\n"
			   "here=$(cd \"$(dirname \"$0\")\" && pwd)\n";

static const char unpack[] =
    "if [ -z \"${DIR-}\" ]; then\n"
    "\tDIR=$(mktemp -d)\n"
    "\ttrap 'rm -rf \"$DIR\"' EXIT\n"
    "\ttrap 'exit 1' HUP INT TERM\n"
    "\tcd \"$DIR\"\n"
    "\tif command -v bsdtar >/dev/null; then\n"
    "\t\tbsdtar -xf \"$BUNDLE\"\n"
    "\telse\n"
    "\t\tcase $BUNDLE in\n"
    "\t\t*.zip) unzip -q \"$BUNDLE\" ;;\n"
    "\t\t*) tar -xf \"$BUNDLE\" ;;\n"
    "\t\tesac\n"
    "\tfi\n"
    "\t[ ! -f provision.sh ] ||\n"
    "\t\techo 'provision.sh of this bundle was not run' >&2\n"
    "fi\n"
    "cd \"$DIR\"\n";

int
repro_script(const struct home *h, long job, const char *build, struct buf *b,
    struct fail *f)
{
	const char *name;
	struct repro r;

	if (load(&r, h, job, build, f) != 0) {
		release(&r);
		return -1;
	}
	buf_adds(b, head);
	buf_adds(b, "bundle=");
	quote(b, r.bundle);
	buf_adds(b, "\nBUNDLE=${BUNDLE:-$bundle}\n");
	buf_adds(b, unpack);
	buf_adds(b, "chmod +x ");
	quote(b, r.c.argv.n > 0 ? r.c.argv.v[0] : "./target");
	buf_adds(b, "\ninput=$here/input\n");
	if ((name = file_name(&r.c.more)) != NULL) {
		buf_adds(b, "name=");
		quote(b, name);
		buf_adds(b, "\ncp \"$input\" \"$DIR/$name\"\n"
			    "input=$DIR/$name\n");
	}
	buf_adds(b, "status=0\nenv -i PATH=\"$PATH\" HOME=\"$DIR\" "
		    "TMPDIR=\"${TMPDIR:-/tmp}\" LANG=C "
		    "LD_LIBRARY_PATH=\"$DIR/lib:$DIR\" ");
	add_env(b, &r.c.env, quote, " ");
	if (!add_argv(b, &r.c.argv, quote, "\"$input\""))
		buf_adds(b, "<\"$input\" ");
	buf_adds(b, "|| status=$?\necho \"status $status\" >&2\n"
		    "exit \"$status\"\n");
	release(&r);
	return 0;
}
