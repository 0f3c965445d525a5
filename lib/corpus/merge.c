/*
 * We are the outer part of libFuzzer's own merge: a control file names some
 * inputs, a child runs them (-merge_inner=2: all features of each) and appends
 * what it saw.  A child that dies leaves STARTED without FT.  That input comes
 * first in the next child, so only one that dies in a fresh process is a
 * crash.
 *
 * -merge_inner is internal, so it is tried first with one input twice: equal
 * features both times are what we need; none the second time means that the
 * binary knows mode 1 only, then each input gets a process of its own.
 *
 * Inputs are named by links in our directory: their own names may hold
 * anything, and a control file has a line for each.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sig.h"
#include "base/strs.h"
#include "corpus/cache.h"
#include "corpus/collect.h"
#include "corpus/inputs.h"
#include "corpus/merge.h"
#include "corpus/trace.h"

enum {
	CHUNK = 2000, /* inputs of a child: bounds its control file */
	CONTROL_MAX = 1 << 30,
	EXIT_TIMEOUT = 70,
	SILENT_SECONDS = 10 /* beyond twice the limit of a run */
};

struct shard {
	uint32_t *input, n, done; /* indices of inputs; done: finished */
	pid_t pid;
	char *control;
	off_t size, seen; /* of the control file: ours, and with what came */
	double grown;	  /* when it last did */
	bool killed;
};

struct merge {
	struct collect *c;
	struct inputs *in;
	struct traces *t;
	struct strs argv, env;
	uint32_t *todo, left, next, chunk;
	struct shard *shard;
	struct fail *fail;
	uint32_t *feature;
	size_t room;
};

/* --- the control file --- */

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int
number(const char **p, const char *end, uint32_t *v)
{
	uint64_t n = 0;
	const char *at = *p;

	if (at == end || *at < '0' || *at > '9')
		return -1;
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		n = n * 10 + (uint64_t)(*at - '0');
		if (n >= UINT32_MAX)
			return -1;
	}
	*p = at;
	*v = (uint32_t)n;
	return 0;
}

int
merge_line(const char *p, size_t len, bool edges, enum merge_what *what,
    uint32_t *file, uint32_t *out, uint32_t *n)
{
	static const struct {
		const char *word;
		enum merge_what what;
	} known[] = {{"STARTED ", MERGE_STARTED}, {"FT ", MERGE_FEATURES},
	    {"COV ", MERGE_OTHER}};
	const char *end = p + len;
	uint32_t v, k = 0;
	size_t i;

	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (len > strlen(known[i].word) &&
		    !memcmp(p, known[i].word, strlen(known[i].word)))
			break;
	if (i == sizeof known / sizeof *known)
		return -1;
	p += strlen(known[i].word);
	*what = known[i].what;
	*n = 0;
	if (number(&p, end, file))
		return -1;
	if (*what != MERGE_FEATURES)
		return 0;
	while (p < end) {
		if (*p++ != ' ' || number(&p, end, &v))
			return -1;
		out[k++] = edges ? v & ~7u : v;
	}
	qsort(out, k, sizeof *out, by_number);
	for (i = 0; i < k; i++)
		if (!i || out[i] != out[i - 1])
			out[(*n)++] = out[i];
	return 0;
}

static char *
link_name(const struct merge *m, uint32_t input)
{
	return mem_printf("%s/in/%u", m->c->dir, input);
}

/* The rest of the shard's inputs. */
static int
control_write(struct merge *m, struct shard *s)
{
	struct buf b = BUF_INIT;
	int rc;

	buf_addf(&b, "%u\n0\n", s->n - s->done);
	for (uint32_t i = s->done; i < s->n; i++) {
		char *name = link_name(m, s->input[i]);

		buf_addf(&b, "%s\n", name);
		free(name);
	}
	s->size = s->seen = (off_t)b.len;
	rc = file_write(AT_FDCWD, s->control, b.p, b.len, 0600, m->fail);
	buf_release(&b);
	return rc;
}

/* --- a child --- */

static int
spawn(struct merge *m, struct shard *s)
{
	struct strs argv = {0};
	pid_t parent = getpid();
	int null;

	if (control_write(m, s))
		return -1;
	for (size_t i = 0; i < m->argv.n; i++)
		strs_add(&argv, m->argv.v[i]);
	strs_addf(&argv, "-merge_control_file=%s", s->control);
	s->killed = false;
	s->grown = clock_mono();
	s->pid = fork();
	if (s->pid == 0) {
		struct rlimit none = {0, 0};

		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		setrlimit(RLIMIT_CORE, &none);
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
		sig_default();
		execvpe(argv.v[0], argv.v, m->env.v);
		_exit(127);
	}
	strs_release(&argv);
	if (s->pid < 0)
		return fail_errno(m->fail, EX_LAGO_TEMP, "cannot fork");
	return 0;
}

static void
features(struct merge *m, struct shard *s, uint32_t n)
{
	uint32_t i = s->input[s->done];
	struct input *in = &m->in->v[i];

	in->trace = trace_add(m->t, m->feature, n, i, NULL);
	in->state = INPUT_TRACED;
	m->c->execs++;
	s->done++;
}

/* What the child appended.  *started: it had begun with the input after the
 * last one finished. */
static int
control_read(struct merge *m, struct shard *s, bool *started)
{
	struct buf b = BUF_INIT;
	uint32_t first = s->done, file, n;
	enum merge_what what;
	const char *p, *end, *nl;
	bool cut;

	*started = false;
	if (file_read(AT_FDCWD, s->control, CONTROL_MAX, &b, &cut, m->fail))
		return -1;
	end = buf_str(&b) + b.len;
	for (p = buf_str(&b) + s->size; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			break;
		if ((size_t)(nl - p) / 2 + 1 > m->room) {
			m->room = (size_t)(nl - p) / 2 + 1;
			m->feature =
			    mem_grow(m->feature, m->room, sizeof *m->feature);
		}
		if (merge_line(p, (size_t)(nl - p), m->c->edges, &what, &file,
			m->feature, &n) ||
		    what == MERGE_OTHER)
			continue;
		if (s->done == s->n || file != s->done - first)
			continue; /* not what a merge writes */
		if (what == MERGE_STARTED)
			*started = true;
		else if (*started) {
			*started = false;
			features(m, s, n);
		}
	}
	buf_release(&b);
	return 0;
}

static bool
vanished(const struct merge *m, uint32_t input)
{
	char *name = link_name(m, input);
	int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	free(name);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

/* The child has ended: what it found, and whether the shard goes on (1). */
static int
child_ended(struct merge *m, struct shard *s, int status)
{
	uint32_t before = s->done;
	bool started, hung;

	s->pid = 0;
	if (control_read(m, s, &started))
		return -1;
	if (s->done < s->n && started && s->done == before) {
		hung = s->killed || (WIFEXITED(status) &&
					WEXITSTATUS(status) == EXIT_TIMEOUT);
		m->in->v[s->input[s->done]].state =
		    hung ? INPUT_HUNG : INPUT_CRASHED;
		m->c->execs++;
		s->done++;
	}
	if (s->done == before && vanished(m, s->input[s->done])) {
		m->in->v[s->input[s->done]].state = INPUT_GONE;
		s->done++;
	}
	if (s->done == before)
		return fail_set(m->fail, EX_LAGO_UNAVAILABLE,
		    "cannot merge with '%s' (%s %d)", m->argv.v[0],
		    WIFEXITED(status) ? "exit" : "signal",
		    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return s->done < s->n;
}

static void
shard_kill(struct shard *s)
{
	if (s->pid > 0)
		kill(-s->pid, SIGKILL);
	s->killed = true;
}

/* A child whose own alarm does not work. */
static void
watch(struct merge *m, struct shard *s)
{
	struct stat st;

	if (stat(s->control, &st) == 0 && st.st_size != s->seen) {
		s->seen = st.st_size;
		s->grown = clock_mono();
	} else if (clock_mono() >
		   s->grown + 2 * m->c->timeout + SILENT_SECONDS) {
		shard_kill(s);
	}
}

/* --- all of them --- */

/* The next inputs for an idle shard: 0 none left, 1 started. */
static int
shard_next(struct merge *m, struct shard *s)
{
	if (m->next >= m->left ||
	    (m->c->until > 0 && clock_mono() >= m->c->until))
		return 0;
	s->input = m->todo + m->next;
	s->done = 0;
	s->n = m->left - m->next < m->chunk ? m->left - m->next : m->chunk;
	m->next += s->n;
	return spawn(m, s) ? -1 : 1;
}

/* 1 while it runs. */
static int
shard_step(struct merge *m, struct shard *s, bool over)
{
	int status, rc;

	if (s->pid <= 0)
		return shard_next(m, s);
	if (waitpid(s->pid, &status, WNOHANG) == 0) {
		if (over)
			shard_kill(s);
		else
			watch(m, s);
		return 1;
	}
	if (over) { /* what is done counts, the rest stays NEW */
		bool started;

		s->pid = 0;
		return control_read(m, s, &started) ? -1 : 0;
	}
	rc = child_ended(m, s, status);
	if (rc > 0)
		return spawn(m, s) ? -1 : 1;
	return rc < 0 ? -1 : shard_next(m, s);
}

static int
run_shards(struct merge *m, size_t workers)
{
	size_t running = 1;
	bool over;
	int rc = 0, step;

	while (running && rc == 0) {
		over =
		    sig_got || (m->c->until > 0 && clock_mono() >= m->c->until);
		running = 0;
		sig_child = 0;
		for (size_t i = 0; i < workers && rc == 0; i++) {
			step = shard_step(m, &m->shard[i], over);
			running += step > 0;
			rc = step < 0 ? -1 : 0;
		}
		if (running && rc == 0 && !sig_child)
			sig_poll(NULL, 0, 0.1);
	}
	for (size_t i = 0; i < workers; i++)
		if (m->shard[i].pid > 0) {
			shard_kill(&m->shard[i]);
			waitpid(m->shard[i].pid, NULL, 0);
			m->shard[i].pid = 0;
		}
	return rc;
}

static void
command(struct merge *m)
{
	struct collect *c = m->c;
	double seconds = ceil(c->timeout);

	for (char *const *a = c->argv; *a; a++)
		if (a == c->argv || (*a)[0] == '-')
			strs_add(&m->argv, *a);
	strs_addf(&m->argv, "-timeout=%.0f", seconds < 1 ? 1 : seconds);
	if (c->memory)
		strs_addf(&m->argv, "-rss_limit_mb=%u", c->memory);
	strs_add(&m->argv, "-exact_artifact_path=/dev/null");
	strs_add(&m->argv, "-merge_inner=2");
	for (char *const *e = c->env; *e; e++)
		strs_add(&m->env, *e);
	strs_env_join(&m->env, "ASAN_OPTIONS", "symbolize=0");
}

static int
links(struct merge *m)
{
	char *dir = mem_printf("%s/in", m->c->dir), *name, *full;
	int rc = file_mkdirs(AT_FDCWD, dir, 0700, m->fail);

	for (uint32_t i = 0; rc == 0 && i < m->left; i++) {
		name = link_name(m, m->todo[i]);
		full = realpath(m->in->v[m->todo[i]].path, NULL);
		if (!full)
			m->in->v[m->todo[i]].state = INPUT_GONE;
		else if (symlink(full, name) && errno != EEXIST)
			rc = fail_errno(m->fail, EX_LAGO_CANTCREAT,
			    "cannot make '%s'", name);
		free(full);
		free(name);
	}
	free(dir);
	return rc;
}

/* Inputs in state NEW, whose links can be made. */
static int
prepare(struct merge *m)
{
	m->left = m->next = 0;
	for (size_t i = 0; i < m->in->n; i++)
		if (m->in->v[i].state == INPUT_NEW)
			m->todo[m->left++] = (uint32_t)i;
	if (links(m))
		return -1;
	m->left = 0;
	for (size_t i = 0; i < m->in->n; i++)
		if (m->in->v[i].state == INPUT_NEW)
			m->todo[m->left++] = (uint32_t)i;
	return 0;
}

static int
merge_run(struct merge *m, size_t workers)
{
	int rc;

	m->todo = mem_array(m->in->n, sizeof *m->todo);
	m->shard = mem_array(workers, sizeof *m->shard);
	rc = prepare(m);
	for (size_t i = 0; i < workers; i++)
		m->shard[i].control = mem_printf("%s/control%zu", m->c->dir, i);
	if (rc == 0)
		rc = run_shards(m, workers);
	for (size_t i = 0; i < workers; i++)
		free(m->shard[i].control);
	free(m->shard);
	free(m->todo);
	free(m->feature);
	m->feature = NULL;
	m->room = 0;
	return rc;
}

/* Which kind of merge it knows: one input twice in one child.  The first that
 * ends well decides. */
static int
probe(struct merge *m, bool *all)
{
	struct collect c = *m->c;
	int rc = 0;

	*all = false;
	c.dir = mem_printf("%s/probe", m->c->dir);
	for (size_t i = 0; rc == 0 && i < m->in->n && i < 8; i++) {
		struct input two[2] = {m->in->v[i], m->in->v[i]};
		struct inputs in = {two, 2, 2};
		struct traces t = {0};
		struct merge try = *m;

		if (two[0].state != INPUT_NEW)
			continue;
		file_remove(AT_FDCWD, c.dir, NULL);
		try.c = &c;
		try.in = &in;
		try.t = &t;
		try.chunk = 2;
		rc = merge_run(&try, 1);
		if (rc == 0 && two[0].state == INPUT_TRACED &&
		    two[1].state == INPUT_TRACED) {
			*all = t.v[two[1].trace].n * 2 >= t.v[two[0].trace].n;
			i = m->in->n;
		}
		trace_release(&t);
	}
	file_remove(AT_FDCWD, c.dir, NULL);
	free((char *)c.dir);
	return rc;
}

int
merge_collect(
    struct collect *c, struct inputs *in, struct traces *t, struct fail *f)
{
	struct merge m = {.c = c, .in = in, .t = t, .fail = f};
	size_t per = in->n / c->workers + 1;
	char *dir;
	bool all;
	int rc;

	if (!c->again) {
		inputs_dedupe(in);
		if (c->cache)
			c->cached += cache_apply(c->cache, in, t);
	}
	command(&m);
	rc = probe(&m, &all);
	m.chunk = !all ? 1 : per < CHUNK ? (uint32_t)per : CHUNK;
	if (rc == 0)
		rc = merge_run(&m, c->workers);
	dir = mem_printf("%s/in", c->dir);
	file_remove(AT_FDCWD, dir, NULL);
	free(dir);
	strs_release(&m.argv);
	strs_release(&m.env);
	if (rc == 0 && sig_got)
		rc = fail_set(f, EX_LAGO_TEMP, "ended by a signal");
	return rc;
}
