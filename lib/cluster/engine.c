#include "cluster/engine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/paths.h"
#include "base/strs.h"
#include "cluster/nodes.h"
#include "job/home.h"

#define ANSWER_MAX (64 << 20) /* bytes of all answers to a poll */
#define AT_ONCE 16	      /* calls */
#define PAUSE_FIRST 0.0005    /* seconds between two looks at them */

/* A call of an engine: words is a verb and its operands. */
struct call {
	const char *engine;
	const struct engine_run *run; /* NULL: about many */
	char *words[5];
	struct buf in;
	bool answers;
	/* under way */
	struct child child;
	int out; /* a file in memory, or -1 */
	double end;
	/* out */
	int rc;
	struct fail f;
};

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

/* Files in memory in place of pipes: nobody has to read meanwhile. */
static int
files(struct call *c, int *in, struct fail *f)
{
	if (c->in.len > 0) {
		*in = memfd_create("in", MFD_CLOEXEC);
		if (*in < 0 || file_write_fd(*in, c->in.p, c->in.len) != 0 ||
		    lseek(*in, 0, SEEK_SET) != 0)
			return fail_errno(
			    f, EX_LAGO_TEMP, "cannot call an engine");
	}
	if (c->answers && (c->out = memfd_create("out", MFD_CLOEXEC)) < 0)
		return fail_errno(f, EX_LAGO_TEMP, "cannot call an engine");
	return 0;
}

static int
begin(const struct home *h, struct call *c)
{
	char *path = paths_plugin("engine", c->engine), **word;
	struct strs argv = {0}, env = {0};
	int in = -1;

	c->child.pid = -1;
	c->rc = -1;
	c->out = -1;
	if (path == NULL)
		return fail_set(&c->f, EX_LAGO_CONFIG,
		    "'%s' is no name of an engine", c->engine);
	strs_add(&argv, path);
	free(path);
	for (word = c->words; *word != NULL; word++)
		strs_add(&argv, *word);
	environment(&env, h, c->run);
	c->end = clock_mono() + ENGINE_SECONDS;
	if (files(c, &in, &c->f) == 0) {
		c->child = (struct child){.argv = strs_argv(&argv),
		    .env = strs_argv(&env),
		    .in = in,
		    .out = c->out,
		    .err = 2,
		    .pid = -1};
		c->rc = child_start(&c->child, &c->f);
	}
	if (in >= 0)
		close(in);
	strs_release(&argv);
	strs_release(&env);
	return c->rc;
}

static void
judge(struct call *c, int status)
{
	int rc =
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	if (status != 0)
		c->rc = fail_set(&c->f,
		    rc >= EX_LAGO_USAGE && rc <= EX_LAGO_CONFIG
			? rc
			: EX_LAGO_UNAVAILABLE,
		    "engine %s: %s failed with status %d", c->engine,
		    c->words[0], rc);
}

/* Has it ended, or had its time? */
static bool
over(struct call *c)
{
	const char *why = NULL;
	struct stat st;
	int status;

	if (child_wait(&c->child, 0, &status) == 0)
		judge(c, status);
	else if (clock_mono() > c->end)
		why = "took too long";
	else if (c->out >= 0 && fstat(c->out, &st) == 0 &&
		 st.st_size > ANSWER_MAX)
		why = "printed too much";
	else
		return false;
	if (why != NULL) {
		child_stop(&c->child, 0.2);
		c->rc = fail_set(&c->f, EX_LAGO_UNAVAILABLE,
		    "engine %s: %s %s and was stopped", c->engine, c->words[0],
		    why);
	}
	c->child.pid = -1;
	return true;
}

/* All of them, AT_ONCE at a time, each within its own time. */
static void
together(const struct home *h, struct call *calls, size_t n)
{
	size_t first = 0, next = 0, alive = 0, before, i;
	double pause = PAUSE_FIRST;

	while (first < n) {
		before = alive;
		while (next < n && alive < AT_ONCE)
			alive += begin(h, &calls[next++]) == 0;
		for (i = first; i < next; i++)
			if (calls[i].child.pid > 0 && over(&calls[i]))
				alive--;
		while (first < next && calls[first].child.pid <= 0)
			first++;
		pause = alive < before ? PAUSE_FIRST
			: pause < 0.02 ? pause * 2
				       : pause;
		if (alive > 0)
			clock_sleep(pause);
	}
}

/* What it printed; nothing from a call that failed. */
static void
answer(struct call *c, struct buf *text)
{
	struct fail ignored;

	buf_reset(text);
	if (c->rc == 0 && c->out >= 0 && lseek(c->out, 0, SEEK_SET) == 0)
		file_read_fd(
		    c->out, c->engine, ANSWER_MAX, text, NULL, &ignored);
}

static void
release(struct call *c)
{
	buf_release(&c->in);
	if (c->out >= 0)
		close(c->out);
}

/* A call of this verb for each engine of these nodes, without its input. */
static struct call *
for_each(
    const char *verb, const struct node *const *nodes, size_t n, size_t *calls)
{
	struct call *v = NULL;
	size_t i, k;

	*calls = 0;
	for (i = 0; i < n; i++) {
		for (k = 0; k < *calls; k++)
			if (strcmp(v[k].engine, nodes[i]->engine) == 0)
				break;
		if (k < *calls)
			continue;
		v = mem_grow(v, ++*calls, sizeof(*v));
		v[k] = (struct call){.engine = nodes[i]->engine,
		    .words = {(char *)verb},
		    .in = BUF_INIT,
		    .answers = true};
	}
	return v;
}

/* Hand each line of all answers on, release the calls; the first failure. */
static int
take(struct call *calls, size_t n, void (*line)(char *text, void *arg),
    void *arg, struct fail *f)
{
	struct buf out = BUF_INIT;
	char *rest, *text;
	size_t i;
	int rc = 0;

	for (i = 0; i < n; i++) {
		answer(&calls[i], &out);
		rest = out.p;
		while ((text = strsep(&rest, "\n")) != NULL)
			line(text, arg);
		if (calls[i].rc != 0 && rc == 0) {
			*f = calls[i].f;
			rc = -1;
		}
		release(&calls[i]);
	}
	buf_release(&out);
	free(calls);
	return rc;
}

struct polled {
	struct engine_run *const *runs;
	size_t n;
	size_t at; /* answers come in the order of the questions, mostly */
};

static struct engine_run *
asked(struct polled *p, const char *node, const char *uuid)
{
	struct engine_run *run;
	size_t i;

	for (i = 0; i < p->n; i++) {
		run = p->runs[(p->at + i) % p->n];
		if (strcmp(run->uuid, uuid) == 0 &&
		    strcmp(run->node->name, node) == 0) {
			p->at = (p->at + i + 1) % p->n;
			return run;
		}
	}
	return NULL;
}

/* One line of the answer: NODE TAB RUN TAB STATE [TAB DETAIL [TAB NEWS]]. */
static void
take_answer(char *line, void *arg)
{
	char *node = strsep(&line, "\t"), *uuid = strsep(&line, "\t");
	char *state = strsep(&line, "\t"), *detail = strsep(&line, "\t");
	struct engine_run *run;
	int64_t status = 0;

	if (state == NULL || (run = asked(arg, node, uuid)) == NULL)
		return;
	run->answered = true;
	if (strcmp(state, "alive") == 0) {
		run->life = OUTCOME_ALIVE;
		if (detail == NULL || opt_parse_num(detail, 0, INT64_C(1) << 40,
					  &run->clock) != 0)
			run->clock = 0;
		if (line != NULL)
			hash_bytes(line, strlen(line), run->news);
	} else if (strcmp(state, "gone") == 0 || strcmp(state, "left") == 0) {
		run->life = OUTCOME_GONE;
		run->left = *state == 'l';
	} else if (strcmp(state, "ended") == 0 && detail != NULL &&
		   opt_parse_num(detail, 0, 255, &status) == 0) {
		run->life = OUTCOME_ENDED;
		run->status = (int)status;
	}
}

/* This machine is, whatever was said. */
static bool
is_asked(const struct node *node)
{
	return node->state != NODE_OFFLINE ||
	       strcmp(node->engine, "local") == 0;
}

int
engine_poll(const struct home *h, struct engine_run *const *runs, size_t n,
    struct fail *f)
{
	const struct node **nodes = mem_array(n + 1, sizeof(*nodes));
	struct polled p = {.runs = runs, .n = n};
	struct call *calls;
	size_t i, k, m, online = 0;

	for (i = 0; i < n; i++) {
		runs[i]->life = OUTCOME_UNKNOWN;
		runs[i]->answered = false;
		runs[i]->news[0] = '\0';
		if (is_asked(runs[i]->node))
			nodes[online++] = runs[i]->node;
	}
	calls = for_each("poll", nodes, online, &m);
	free(nodes);
	for (i = 0; i < n; i++) {
		if (!is_asked(runs[i]->node))
			continue;
		for (k = 0; strcmp(calls[k].engine, runs[i]->node->engine) != 0;
		     k++)
			;
		buf_addf(&calls[k].in,
		    "%s\t%s\t%s/jobs/%ld/runs/%ld\t%s\t%lld\n",
		    runs[i]->node->name, runs[i]->uuid, h->path, runs[i]->job,
		    runs[i]->run, runs[i]->node->arg,
		    (long long)runs[i]->lease_end);
	}
	together(h, calls, m);
	return take(calls, m, take_answer, &p, f);
}

struct probed {
	const struct node *const *nodes;
	size_t n;
	void (*tell)(const char *node, const char *key, const char *value);
};

static void
take_probe(char *line, void *arg)
{
	char *node = strsep(&line, "\t"), *key = strsep(&line, "\t");
	const struct probed *p = arg;
	size_t i;

	for (i = 0; line != NULL && i < p->n; i++)
		if (strcmp(p->nodes[i]->name, node) == 0)
			p->tell(node, key, line);
}

int
engine_probe(const struct home *h, const struct node *const *nodes, size_t n,
    void (*tell)(const char *node, const char *key, const char *value),
    struct fail *f)
{
	struct probed p = {nodes, n, tell};
	struct call *calls;
	size_t i, k, m;

	calls = for_each("probe", nodes, n, &m);
	for (i = 0; i < n; i++) {
		for (k = 0; strcmp(calls[k].engine, nodes[i]->engine) != 0; k++)
			;
		buf_addf(
		    &calls[k].in, "%s\t%s\n", nodes[i]->name, nodes[i]->arg);
	}
	together(h, calls, m);
	return take(calls, m, take_probe, &p, f);
}

static struct call
simple_call(const struct engine_run *run, const char *verb, const char *option)
{
	struct call c = {
	    .engine = run->node->engine, .run = run, .in = BUF_INIT};
	size_t n = 0;

	c.words[n++] = (char *)verb;
	if (option != NULL)
		c.words[n++] = (char *)option;
	c.words[n++] = run->node->name;
	c.words[n] = (char *)run->uuid;
	return c;
}

/* A verb with the run as operand for many runs, with an input for each (NULL:
 * none). */
static void
simple_calls(const struct home *h, const struct engine_run *const *runs,
    const char *verb, const char *option, struct buf *in, size_t n, int *rc,
    struct fail *f)
{
	struct call *calls = mem_array(n + 1, sizeof(*calls));
	size_t i;

	for (i = 0; i < n; i++) {
		calls[i] = simple_call(runs[i], verb, option);
		if (in != NULL)
			calls[i].in = in[i];
	}
	together(h, calls, n);
	for (i = 0; i < n; i++) {
		rc[i] = calls[i].rc;
		f[i] = calls[i].f;
		release(&calls[i]);
	}
	free(calls);
}

struct started {
	const struct engine_run *const *runs;
	size_t n;
	int *rc;
};

/* RUN TAB WORD: it has started. */
static void
take_started(char *line, void *arg)
{
	const char *uuid = strsep(&line, "\t");
	struct started *s = arg;
	size_t i;

	for (i = 0; line != NULL && i < s->n; i++)
		if (strcmp(s->runs[i]->uuid, uuid) == 0)
			s->rc[i] = 0;
}

/* Shards of a job that go to one node, as one.  An engine that cannot do that
 * answers for none of them. */
static void
start_shards(const struct home *h, const struct engine_run *const *runs,
    size_t n, int *rc)
{
	struct started s = {runs, n, rc};
	struct call *calls = mem_array(n + 1, sizeof(*calls));
	size_t *group = mem_array(n + 1, sizeof(*group)), i, k, m = 0;
	struct fail ignored;

	for (i = 0; i < n; i++) {
		for (k = 0; k < i; k++)
			if (runs[k]->job == runs[i]->job &&
			    runs[k]->node == runs[i]->node)
				break;
		group[i] = k < i ? group[k] : m;
		if (k == i)
			calls[m++] = simple_call(runs[i], "starts", NULL);
		buf_addf(&calls[group[i]].in, "%s\t%s/jobs/%ld/runs/%ld\n",
		    runs[i]->uuid, h->path, runs[i]->job, runs[i]->run);
		calls[group[i]].answers |= k < i;
	}
	for (i = k = 0; i < m; i++)
		if (calls[i].answers)
			calls[k++] = calls[i];
		else
			buf_release(&calls[i].in);
	together(h, calls, k);
	take(calls, k, take_started, &s, &ignored);
	free(group);
}

void
engine_start(const struct home *h, const struct engine_run *const *runs,
    size_t n, int *rc, struct fail *f)
{
	const struct engine_run **some = mem_array(n + 1, sizeof(*some));
	int *got = mem_array(n + 1, sizeof(*got));
	struct fail *why = mem_array(n + 1, sizeof(*why));
	size_t i, m = 0;

	for (i = 0; i < n; i++)
		rc[i] = -1;
	start_shards(h, runs, n, rc);
	for (i = 0; i < n; i++)
		if (rc[i] != 0)
			some[m++] = runs[i];
	simple_calls(h, some, "start", NULL, NULL, m, got, why);
	for (i = m = 0; i < n; i++)
		if (rc[i] != 0) {
			rc[i] = got[m];
			f[i] = why[m++];
		}
	free(some);
	free(got);
	free(why);
}

void
engine_push(const struct home *h, const struct engine_run *const *runs,
    struct buf *tars, size_t n, int *rc, struct fail *f)
{
	simple_calls(h, runs, "push", NULL, tars, n, rc, f);
}

void
engine_purge(const struct home *h, const struct engine_run *const *runs,
    size_t n, int *rc, struct fail *f)
{
	simple_calls(h, runs, "purge", NULL, NULL, n, rc, f);
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
	const struct engine_run none = {.node = node, .uuid = ""}, *run = &none;
	int rc;

	simple_calls(h, &run, "install", NULL, NULL, 1, &rc, f);
	return rc;
}

void
engine_stop(const struct home *h, const struct engine_run *const *runs,
    size_t n, bool now, int *rc, struct fail *f)
{
	simple_calls(h, runs, "stop", now ? "-k" : NULL, NULL, n, rc, f);
}
