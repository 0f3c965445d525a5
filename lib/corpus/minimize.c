/*
 * Coverage that comes and goes: what is chosen is run again, and a tuple that
 * an input does not show twice is no longer counted as that input's; then it is
 * chosen anew, until the choice stands.  For the proof see minimizeprove.h.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/sig.h"
#include "corpus/cache.h"
#include "corpus/inputs.h"
#include "corpus/merge.h"
#include "corpus/minimize.h"
#include "corpus/minimizein.h"
#include "corpus/minimizeprove.h"
#include "corpus/publish.h"
#include "corpus/result.h"
#include "target/scratch.h"
#include "corpus/select.h"
#include "corpus/tuples.h"

enum {
	SEARCH_ROUNDS = 50000,
	CHOICES = 4,
	CHANCE = 3 /* inputs that showed a tuple once only: it is chance */
};
/* Of the time there is, the part for running the inputs; the search may take
 * that much of the CPU time a worker had, but this at least (seconds). */
#define RUN_PART 0.7
#define SEARCH_PART 0.2
#define SEARCH_LEAST 0.005

static bool
has_dir(const struct work *w)
{
	return w->m->result <= MINIMIZE_NAMES;
}

int
minimize_collect(struct work *w, struct inputs *in, struct traces *t,
    bool again, double until)
{
	struct collect *c = &w->m->collect;

	c->until = until;
	c->again = again;
	return (w->m->merge ? merge_collect : collect_forkserver)(
	    c, in, t, w->f);
}

/* --- running --- */

static void
cache_ask(struct work *w)
{
	struct minimize *m = w->m;

	if (!m->cache)
		return;
	m->from = cache_open(m->cache, &m->collect, m->merge, NULL);
	if (!m->from)
		return; /* slower, no worse */
	m->collect.cached = cache_apply(m->from, w->in, &m->traces);
	m->collect.cache = m->from;
}

/* Our server does not fit every libFuzzer build (stripped, static); all of them
 * know their own protocol.  Has that to do it? */
static bool
merge_instead(struct work *w)
{
	struct minimize *m = w->m;

	if (!m->collect.loop || m->collect.execs || m->collect.cached ||
	    w->f->status != EX_LAGO_UNAVAILABLE || sig_got)
		return false;
	if (m->joint || m->goal == COVER_TIME) {
		fail_set(w->f, EX_LAGO_UNAVAILABLE,
		    "%s needs a build by afl-clang-fast, or one that is "
		    "neither static nor stripped: '%s'",
		    m->joint ? "joint=1" : "goal=time", m->collect.argv[0]);
		return false;
	}
	m->merge = true;
	m->collect.loop = false;
	m->collect.cache = NULL;
	cache_close(m->from);
	cache_ask(w);
	return true;
}

/* Of the workers so far; what others do on this machine does not count. */
static double
workers_cpu(void)
{
	struct rusage r;

	if (getrusage(RUSAGE_CHILDREN, &r))
		return 0;
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static bool
chosen_before(const struct work *w)
{
	for (size_t i = 0; i < w->in->n; i++)
		if (w->in->v[i].chosen >> w->m->goal & 1)
			return true;
	return false;
}

/* Seconds that the runs took which were not needed now. */
static double
remembered(const struct work *w)
{
	double sum = 0;

	for (size_t i = 0; i < w->in->n; i++)
		if (w->in->v[i].known && w->in->v[i].state == INPUT_TRACED)
			sum += w->in->v[i].micros;
	return sum * 1e-6;
}

static int
run_inputs(struct work *w)
{
	double start = clock_mono(), end = w->m->end, cpu = workers_cpu();
	double until = end > 0 ? start + (end - start) * RUN_PART : 0;
	int rc;

	cache_ask(w);
	rc = minimize_collect(w, w->in, &w->m->traces, false, until);
	if (rc && merge_instead(w))
		rc = minimize_collect(w, w->in, &w->m->traces, false, until);
	inputs_settle(w->in);
	w->ran = (workers_cpu() - cpu) / (double)w->m->collect.workers;
	if (!chosen_before(w))
		w->ran += remembered(w) / (double)w->m->collect.workers;
	tuples_add_all(&w->all, &w->m->traces);
	return rc;
}

/* --- keeping --- */

const char *
minimize_name(const struct work *w, const struct input *in)
{
	const char *slash = strrchr(in->path, '/');

	if (w->m->result != MINIMIZE_NAMES)
		return NULL;
	return slash ? slash + 1 : in->path;
}

/* An input into the result; its state says when it cannot be read. */
int
minimize_keep(struct work *w, size_t i)
{
	struct input *in = &w->in->v[i];

	if (w->m->kept[i])
		return 0;
	if (has_dir(w)) {
		if (inputs_read(in, &w->data, w->f))
			return in->state == INPUT_GONE ? 0 : -1;
		w->name[i] = result_add(
		    &w->result, &w->data, minimize_name(w, in), w->f);
		if (!w->name[i])
			return -1;
	}
	w->m->kept[i] = true;
	return 0;
}

void
minimize_unkeep(struct work *w, size_t i)
{
	w->m->kept[i] = false;
	if (w->name[i])
		result_remove(&w->result, w->name[i]);
	free(w->name[i]);
	w->name[i] = NULL;
}

static int
quarantine(struct work *w, struct input *in)
{
	char hex[HASH_HEX], *path;
	int rc = 0;

	if (!w->m->quarantine)
		return 0;
	if (inputs_read(in, &w->data, w->f))
		return in->state == INPUT_GONE ? 0 : -1;
	hash_bytes(buf_str(&w->data), w->data.len, hex);
	path = mem_printf("%s/%s", w->m->quarantine, hex);
	if (!file_exists(AT_FDCWD, path))
		rc = file_write(
		    AT_FDCWD, path, buf_str(&w->data), w->data.len, 0666, w->f);
	free(path);
	return rc;
}

static int
set_aside(struct work *w)
{
	int rc = 0;

	if (w->m->quarantine &&
	    file_mkdirs(AT_FDCWD, w->m->quarantine, 0777, w->f))
		return -1;
	for (size_t i = 0; rc == 0 && i < w->in->n; i++)
		if (w->in->v[i].state == INPUT_CRASHED ||
		    w->in->v[i].state == INPUT_HUNG)
			rc = quarantine(w, &w->in->v[i]);
	return rc;
}

/* --- choosing --- */

static void
select_now(struct work *w, bool *yes)
{
	double most = w->ran * SEARCH_PART;
	struct cover_opts o = {.goal = w->m->goal,
	    .rounds = SEARCH_ROUNDS,
	    .seconds = most > SEARCH_LEAST ? most : SEARCH_LEAST,
	    .until = w->m->end,
	    .seed = 1};
	struct tuples chance = {0};

	for (size_t i = 0; i < w->gone.n; i++)
		if (w->goes[i] >= CHANCE)
			tuples_add(&chance, w->gone.v[i]);
	select_inputs(w->in, &w->m->traces, &chance, &o, yes);
	tuples_release(&chance);
}

static void
goes_once(struct work *w, uint32_t tuple)
{
	size_t had = w->gone.n;
	uint32_t at = tuples_add(&w->gone, tuple);

	if (at == had) {
		w->goes = mem_grow(w->goes, had + 1, sizeof *w->goes);
		w->goes[at] = 0;
	}
	w->goes[at]++;
}

/* Only what both runs showed is the input's; true when that is less. */
static bool
reliable(struct work *w, struct input *in, struct traces *t, uint32_t now)
{
	const struct trace *was = &w->m->traces.v[in->trace];
	const uint32_t *a, *b;
	uint32_t n = was->n, *both, k = 0, i = 0, j = 0;

	if (was->len == t->v[now].len &&
	    !memcmp(was->packed, t->v[now].packed, was->len))
		return false;
	a = trace_get(&w->m->traces, in->trace);
	b = trace_get(t, now);
	both = mem_array(n, sizeof *both);
	while (i < n) {
		while (j < t->v[now].n && b[j] < a[i])
			j++;
		if (j < t->v[now].n && b[j] == a[i])
			both[k++] = a[i];
		else
			goes_once(w, a[i]);
		i++;
	}
	in->trace =
	    trace_add(&w->m->traces, both, k, (uint32_t)(in - w->in->v), NULL);
	free(both);
	return k < n;
}

char *
minimize_path(struct work *w, size_t i)
{
	return w->name[i] ? result_path(&w->result, w->name[i])
			  : mem_strdup(w->in->v[i].path);
}

/* What a kept input has become that ran again.  *changed: choose anew. */
static int
look_again(struct work *w, size_t i, const struct input *again,
    struct traces *t, bool *changed)
{
	struct input *in = &w->in->v[i];
	struct trace one;
	int rc;

	if (again->state == INPUT_TRACED) {
		if (reliable(w, in, t, again->trace))
			*changed = in->changed = true;
		one = t->v[again->trace];
		w->proof[i] = trace_put(&w->again, &one, false, NULL) + 1;
		return 0;
	}
	if (again->state != INPUT_CRASHED && again->state != INPUT_HUNG)
		return 0; /* no time: what it has is found missing */
	in->state = again->state;
	*changed = true;
	rc = quarantine(w, in);
	minimize_unkeep(w, i);
	return rc;
}

/* Runs what is kept, as it is delivered, and was not run again yet. */
static int
run_kept(struct work *w, bool *changed)
{
	struct inputs list = {0};
	struct traces t = {0};
	size_t *from = mem_array(w->in->n, sizeof *from);
	int rc = 0;

	for (size_t i = 0; i < w->in->n; i++) {
		char *path;

		if (!w->m->kept[i] || w->proof[i] ||
		    w->in->v[i].state != INPUT_TRACED)
			continue;
		from[list.n] = i;
		path = minimize_path(w, i);
		inputs_put(&list, path);
		list.v[list.n - 1].micros = w->in->v[i].micros;
		free(path);
	}
	if (list.n)
		rc = minimize_collect(w, &list, &t, true, w->m->end);
	for (size_t i = 0; rc == 0 && i < list.n; i++)
		rc = look_again(w, from[i], &list.v[i], &t, changed);
	trace_release(&t);
	inputs_release(&list);
	free(from);
	return rc;
}

static int
keep_chosen(struct work *w, const bool *yes)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < w->in->n; i++)
		if (yes[i] ||
		    (w->in->v[i].state == INPUT_NEW && !w->in->v[i].base))
			rc = minimize_keep(w, i);
		else if (w->m->kept[i])
			minimize_unkeep(w, i);
	return rc;
}

static int
choose(struct work *w)
{
	bool *yes = mem_array(w->in->n, sizeof *yes);
	bool changed = true;
	int rc = 0;

	for (int i = 0; rc == 0 && changed && i < CHOICES; i++) {
		changed = false;
		select_now(w, yes);
		rc = keep_chosen(w, yes);
		if (rc == 0)
			rc = run_kept(w, &changed);
	}
	free(yes);
	return rc;
}

/* What was chosen is where the next call begins; not what a base left over. */
static void
mark_chosen(struct work *w)
{
	uint8_t goal = (uint8_t)(1 << w->m->goal), now;

	if (w->in->n && w->in->v[0].base)
		return;
	for (size_t i = 0; i < w->in->n; i++) {
		struct input *in = &w->in->v[i];

		now = w->m->kept[i] ? in->chosen | goal : in->chosen & ~goal;
		if (in->state != INPUT_TRACED || in->base || in->chosen == now)
			continue;
		in->chosen = now;
		in->changed = true;
	}
}

/* --- delivery --- */

/* Was it changed since it was run? */
static bool
as_it_was(struct work *w, const struct input *in)
{
	uint8_t sha[INPUT_SHA];
	struct input now = *in;

	if (in->stamp)
		return inputs_stamp(in->path) == in->stamp;
	if (inputs_read(&now, &w->data, NULL))
		return false;
	hash_raw(buf_str(&w->data), w->data.len, sha);
	return in->size == 0 ? w->data.len == 0
			     : in->hashed && !memcmp(sha, in->sha, sizeof sha);
}

/* Removes what the corpus does not need.  Interrupted, some of it is left. */
static int
remove_rest(struct work *w)
{
	for (size_t i = 0; i < w->in->n; i++) {
		const struct input *in = &w->in->v[i];
		bool aside =
		    in->state == INPUT_CRASHED || in->state == INPUT_HUNG;

		if (w->m->kept[i] || in->base || in->state == INPUT_NEW ||
		    in->state == INPUT_GONE || (aside && !w->m->quarantine) ||
		    !as_it_was(w, in))
			continue;
		if (unlink(in->path))
			return fail_errno(
			    w->f, EX_LAGO_IO, "cannot remove '%s'", in->path);
	}
	return 0;
}

static void
count_kept(struct work *w)
{
	struct minimize *m = w->m;

	if (has_dir(w)) {
		m->files = w->result.files;
		m->bytes = w->result.bytes;
		return;
	}
	for (size_t i = 0; i < w->in->n; i++)
		if (m->kept[i]) {
			m->files++;
			m->bytes += w->in->v[i].size;
		}
}

static int
deliver(struct work *w)
{
	count_kept(w);
	if (sig_got)
		return fail_set(w->f, EX_LAGO_TEMP, "ended by a signal");
	switch (w->m->result) {
	case MINIMIZE_PLACE:
		return w->m->lost ? 0 : remove_rest(w);
	case MINIMIZE_SYNC:
		return publish_inputs(w->m->out, w->in, w->m->kept, w->f);
	case MINIMIZE_KEPT:
		return 0;
	default:
		return result_commit(&w->result, w->f);
	}
}

static int
start(struct work *w)
{
	if (!has_dir(w))
		return 0;
	if (result_open(&w->result, w->m->out, w->f))
		return -1;
	scratch_also(w->result.temp);
	return 0;
}

static int
all_of_it(struct work *w)
{
	struct minimize *m = w->m;
	int rc;

	if (start(w))
		return -1;
	rc = run_inputs(w);
	if (rc == 0 && (set_aside(w) || choose(w)))
		rc = -1;
	if (rc == 0)
		mark_chosen(w);
	if (m->from)
		cache_save(m->from, w->in, &m->traces);
	if (rc || minimizeprove_choice(w))
		return -1;
	if (m->joint && minimizeprove_shrunk(w))
		return -1;
	m->tuples = w->all.n;
	if (deliver(w))
		return -1;
	inputs_count(w->in, m->count);
	return 0;
}

int
minimize_corpus(struct minimize *m, struct inputs *in, struct fail *f)
{
	struct work w = {.m = m, .in = in, .f = f, .result = {.fd = -1}};
	int rc;

	m->kept = mem_array(in->n, sizeof *m->kept);
	w.name = mem_array(in->n, sizeof *w.name);
	w.proof = mem_array(in->n, sizeof *w.proof);
	rc = all_of_it(&w);
	for (size_t i = 0; i < in->n; i++)
		free(w.name[i]);
	free(w.name);
	free(w.proof);
	trace_release(&w.again);
	result_release(&w.result);
	tuples_release(&w.all);
	tuples_release(&w.gone);
	free(w.goes);
	tuples_release(&w.seen);
	buf_release(&w.data);
	return rc;
}

void
minimize_release(struct minimize *m)
{
	free(m->kept);
	trace_release(&m->traces);
	cache_close(m->from);
}
