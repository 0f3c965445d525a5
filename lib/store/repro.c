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

/* The environment's items; a report for a person has its symbols. */
static void
add_env(struct buf *b, const struct strs *env)
{
	static const char off[] = "symbolize=0";
	char *item, *at;
	size_t i;

	for (i = 0; i < env->n; i++) {
		item = mem_strdup(env->v[i]);
		while (strstr(item, "SAN_OPTIONS=") != NULL &&
		       (at = strstr(item, off)) != NULL)
			at[sizeof(off) - 2] = '1';
		quote(b, item);
		buf_addc(b, ' ');
		free(item);
	}
}

/* The command's words with the input's path, shell text, for @@; whether it
 * stood in any. */
static int
add_argv(struct buf *b, const struct strs *argv, const char *input)
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
				quote(b, part);
			buf_adds(b, input);
			free(part);
			used = 1;
		}
		if (*p != '\0' || p == argv->v[i])
			quote(b, p);
		buf_addc(b, ' ');
	}
	return used;
}

int
repro_line(const struct home *h, long job, const char *build, const char *input,
    struct buf *b, struct fail *f)
{
	struct buf path = BUF_INIT, line = BUF_INIT;
	struct repro r;

	if (load(&r, h, job, build, f) != 0) {
		release(&r);
		return -1;
	}
	quote(&path, input);
	buf_adds(&line, "env ");
	add_env(&line, &r.c.env);
	if (!add_argv(&line, &r.c.argv, path.p))
		buf_addf(&line, "<%s", path.p);
	plain_add(b, line.p, line.len);
	buf_release(&line);
	buf_release(&path);
	release(&r);
	return 0;
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
	add_env(b, &r.c.env);
	if (!add_argv(b, &r.c.argv, "\"$input\""))
		buf_adds(b, "<\"$input\" ");
	buf_adds(b, "|| status=$?\necho \"status $status\" >&2\n"
		    "exit \"$status\"\n");
	release(&r);
	return 0;
}
