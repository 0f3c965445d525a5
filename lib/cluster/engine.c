#include "cluster/engine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/paths.h"
#include "base/strs.h"
#include "cluster/nodes.h"
#include "job/home.h"

#define ANSWER_MAX (64 << 20) /* bytes of all answers to a poll */

/* LAGO_* for an engine, beside our own environment: ssh needs HOME, PATH and
 * the user's agent. */
static void
environment(
    struct strs *env, const struct home *h, const struct engine_run *run)
{
	char **e;

	for (e = environ; *e != NULL; e++)
		strs_add(env, *e);
	strs_env_set(env, "LAGO_HOME", h->path);
	strs_env_set(env, "LAGO_BIN", paths_bin());
	if (run == NULL)
		return;
	strs_addf(env, "LAGO_LEASE=%lld", (long long)run->lease);
	strs_addf(env, "LAGO_WALL=%lld", (long long)run->wall);
	strs_addf(env, "LAGO_JOB_DIR=%s/jobs/%ld", h->path, run->job);
	strs_addf(env, "LAGO_RUN_DIR=%s/jobs/%ld/runs/%ld", h->path, run->job,
	    run->run);
	strs_addf(env, "LAGO_NODE_ARG=%s", run->node->arg);
}

static int
call(const struct home *h, const char *engine, char *const *words,
    const struct engine_run *run, const struct buf *in, struct buf *out,
    struct fail *f)
{
	struct strs argv = {0}, env = {0};
	char *path = paths_plugin("engine", engine);
	const char *verb = words[0];
	int rc, status = 0;

	if (path == NULL)
		return fail_set(
		    f, EX_LAGO_CONFIG, "'%s' is no name of an engine", engine);
	strs_add(&argv, path);
	free(path);
	for (; *words != NULL; words++)
		strs_add(&argv, *words);
	environment(&env, h, run);
	rc = child_run(strs_argv(&argv), strs_argv(&env), NULL,
	    in == NULL ? "" : buf_str(in), in == NULL ? 0 : in->len,
	    ENGINE_SECONDS, ANSWER_MAX, out, &status, f);
	strs_release(&argv);
	strs_release(&env);
	if (rc == 0 && status != 0)
		rc = fail_set(f,
		    WIFEXITED(status) && WEXITSTATUS(status) >= EX_LAGO_USAGE &&
			    WEXITSTATUS(status) <= EX_LAGO_CONFIG
			? WEXITSTATUS(status)
			: EX_LAGO_UNAVAILABLE,
		    "engine %s: %s failed with status %d", engine, verb,
		    WIFEXITED(status) ? WEXITSTATUS(status)
				      : 128 + WTERMSIG(status));
	return rc;
}

/* One line of the answer: NODE TAB RUN TAB STATE [TAB DETAIL]. */
static void
take_answer(struct engine_run *const *runs, size_t n, char *line)
{
	char *node = strsep(&line, "\t"), *uuid = strsep(&line, "\t");
	char *state = strsep(&line, "\t"), *detail = line;
	int64_t status = 0;
	size_t i;

	if (state == NULL)
		return;
	for (i = 0; i < n; i++)
		if (strcmp(runs[i]->uuid, uuid) == 0 &&
		    strcmp(runs[i]->node->name, node) == 0)
			break;
	if (i == n)
		return;
	if (strcmp(state, "alive") == 0) {
		runs[i]->life = OUTCOME_ALIVE;
		if (detail == NULL || opt_parse_num(detail, 0, INT64_C(1) << 40,
					  &runs[i]->clock) != 0)
			runs[i]->clock = 0;
	} else if (strcmp(state, "gone") == 0 || strcmp(state, "left") == 0) {
		runs[i]->life = OUTCOME_GONE;
		runs[i]->left = *state == 'l';
	} else if (strcmp(state, "ended") == 0 && detail != NULL &&
		   opt_parse_num(detail, 0, 255, &status) == 0) {
		runs[i]->life = OUTCOME_ENDED;
		runs[i]->status = (int)status;
	}
}

static int
poll_one(const struct home *h, const char *engine,
    struct engine_run *const *runs, size_t n, struct fail *f)
{
	char *words[] = {(char *)"poll", NULL};
	struct buf in = BUF_INIT, out = BUF_INIT;
	char *rest, *line;
	size_t i;
	int rc;

	for (i = 0; i < n; i++)
		if (strcmp(runs[i]->node->engine, engine) == 0)
			buf_addf(&in,
			    "%s\t%s\t%s/jobs/%ld/runs/%ld\t%s\t%lld\n",
			    runs[i]->node->name, runs[i]->uuid, h->path,
			    runs[i]->job, runs[i]->run, runs[i]->node->arg,
			    (long long)runs[i]->lease_end);
	rc = call(h, engine, words, NULL, &in, &out, f);
	rest = out.p;
	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL)
		take_answer(runs, n, line);
	buf_release(&in);
	buf_release(&out);
	return rc;
}

int
engine_poll(const struct home *h, struct engine_run *const *runs, size_t n,
    struct fail *f)
{
	struct fail later;
	size_t i, k;
	int rc = 0;

	for (i = 0; i < n; i++)
		runs[i]->life = OUTCOME_UNKNOWN;
	for (i = 0; i < n; i++) {
		for (k = 0; k < i; k++)
			if (strcmp(runs[k]->node->engine,
				runs[i]->node->engine) == 0)
				break;
		if (k == i && poll_one(h, runs[i]->node->engine, runs, n,
				  rc == 0 ? f : &later) != 0)
			rc = -1;
	}
	return rc;
}

static int
probe_one(const struct home *h, const char *engine,
    const struct node *const *nodes, size_t n,
    void (*tell)(const char *node, const char *key, const char *value),
    struct fail *f)
{
	char *words[] = {(char *)"probe", NULL};
	struct buf in = BUF_INIT, out = BUF_INIT;
	char *rest, *line, *node, *key;
	size_t i;
	int rc;

	for (i = 0; i < n; i++)
		if (strcmp(nodes[i]->engine, engine) == 0)
			buf_addf(
			    &in, "%s\t%s\n", nodes[i]->name, nodes[i]->arg);
	rc = call(h, engine, words, NULL, &in, &out, f);
	rest = out.p;
	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL) {
		node = strsep(&line, "\t");
		key = strsep(&line, "\t");
		for (i = 0; line != NULL && i < n; i++)
			if (strcmp(nodes[i]->name, node) == 0)
				tell(node, key, line);
	}
	buf_release(&in);
	buf_release(&out);
	return rc;
}

int
engine_probe(const struct home *h, const struct node *const *nodes, size_t n,
    void (*tell)(const char *node, const char *key, const char *value),
    struct fail *f)
{
	struct fail later;
	size_t i, k;
	int rc = 0;

	for (i = 0; i < n; i++) {
		for (k = 0; k < i; k++)
			if (strcmp(nodes[k]->engine, nodes[i]->engine) == 0)
				break;
		if (k == i && probe_one(h, nodes[i]->engine, nodes, n, tell,
				  rc == 0 ? f : &later) != 0)
			rc = -1;
	}
	return rc;
}

static int
simple(const struct home *h, const struct engine_run *run, const char *verb,
    const char *option, struct fail *f)
{
	struct strs words = {0};
	struct buf out = BUF_INIT;
	int rc;

	strs_add(&words, verb);
	if (option != NULL)
		strs_add(&words, option);
	strs_add(&words, run->node->name);
	strs_add(&words, run->uuid);
	rc = call(h, run->node->engine, strs_argv(&words), run, NULL, &out, f);
	strs_release(&words);
	buf_release(&out);
	return rc;
}

int
engine_start(const struct home *h, const struct engine_run *run, struct fail *f)
{
	return simple(h, run, "start", NULL, f);
}

int
engine_purge(const struct home *h, const struct engine_run *run, struct fail *f)
{
	return simple(h, run, "purge", NULL, f);
}

int
engine_fetch(const struct home *h, const struct engine_run *run,
    const struct buf *cursor, struct child *child, int *fd, struct fail *f)
{
	struct strs argv = {0}, env = {0};
	char *path = paths_plugin("engine", run->node->engine);
	int in = memfd_create("cursor", MFD_CLOEXEC), out[2] = {-1, -1};
	int rc = -1;

	if (path == NULL)
		fail_set(f, EX_LAGO_CONFIG, "'%s' is no name of an engine",
		    run->node->engine);
	else if (in < 0 || pipe2(out, O_CLOEXEC) != 0 ||
		 file_write_fd(in, buf_str(cursor), cursor->len) != 0 ||
		 lseek(in, 0, SEEK_SET) != 0)
		fail_errno(f, EX_LAGO_TEMP, "cannot fetch");
	else {
		strs_add(&argv, path);
		strs_add(&argv, "fetch");
		strs_add(&argv, run->node->name);
		strs_add(&argv, run->uuid);
		environment(&env, h, run);
		*child = (struct child){.argv = strs_argv(&argv),
		    .env = strs_argv(&env),
		    .in = in,
		    .out = out[1],
		    .err = 2,
		    .tied = true,
		    .pid = -1};
		rc = child_start(child, f);
	}
	if (in >= 0)
		close(in);
	if (out[1] >= 0)
		close(out[1]);
	if (rc != 0 && out[0] >= 0)
		close(out[0]);
	*fd = out[0];
	free(path);
	strs_release(&argv);
	strs_release(&env);
	return rc;
}

int
engine_install(const struct home *h, const struct node *node, struct fail *f)
{
	const struct engine_run none = {.node = node, .uuid = ""};

	return simple(h, &none, "install", NULL, f);
}

int
engine_stop(const struct home *h, const struct engine_run *run, bool now,
    struct fail *f)
{
	return simple(h, run, "stop", now ? "-k" : NULL, f);
}
