/*
 * The proof: the chosen files, as written, run again.  A tuple that is missing
 * then is looked for once more in every input that had shown it; whoever shows
 * it again joins the result.  What nobody shows again was chance (unstable),
 * not a loss.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/sig.h"
#include "corpus/inputs.h"
#include "corpus/merge.h"
#include "corpus/minimize.h"
#include "corpus/result.h"
#include "corpus/scratch.h"
#include "corpus/trace.h"
#include "corpus/tuples.h"

enum { SEARCH_ROUNDS = 500 };
/* Of the time there is, the part for running the inputs; the search may take
 * as much of the time that took, but this at least (seconds). */
#define RUN_PART 0.7
#define SEARCH_PART 0.2
#define SEARCH_LEAST 0.5

struct work {
	struct minimize *m;
	struct inputs *in;
	struct traces traces;
	struct tuples seen; /* by what is in the result */
	struct result result;
	struct buf data;
	struct fail *f;
	double ran; /* seconds */
};

static int
collect(struct work *w, struct inputs *in, struct traces *t, double until)
{
	struct collect *c = &w->m->collect;

	c->until = until;
	return (w->m->merge ? merge_collect : collect_forkserver)(
	    c, in, t, w->f);
}

static int
run_inputs(struct work *w)
{
	double start = clock_mono(), end = w->m->end;
	int rc = collect(w, w->in, &w->traces,
	    end > 0 ? start + (end - start) * RUN_PART : 0);

	w->ran = clock_mono() - start;
	return rc;
}

/* An input into the result; its state says when it cannot be read. */
static int
keep_file(struct work *w, struct input *in, char hex[HASH_HEX])
{
	hex[0] = '\0';
	if (inputs_read(in, &w->data, w->f))
		return in->state == INPUT_GONE ? 0 : -1;
	return result_add(&w->result, &w->data, hex, w->f);
}

static int
by_input(const void *a, const void *b, void *arg)
{
	const struct trace *v = arg;
	uint32_t x = v[*(const uint32_t *)a].input,
		 y = v[*(const uint32_t *)b].input;

	return x < y ? -1 : x > y;
}

/* Sets yes for the inputs of the chosen traces.  In the order of inputs, not in
 * the one in which workers answered: the same inputs give the same choice. */
static void
cover(struct work *w, bool *yes)
{
	size_t n = w->traces.n;
	uint32_t *order = mem_array(n, sizeof *order);
	struct cover_trace *t = mem_array(n, sizeof *t);
	bool *keep = mem_array(n, sizeof *keep);
	double most = w->ran * SEARCH_PART;
	struct cover_opts o = {w->m->goal, SEARCH_ROUNDS, 0, 1};

	o.until = clock_mono() + (most > SEARCH_LEAST ? most : SEARCH_LEAST);
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, n, sizeof *order, by_input, w->traces.v);
	for (size_t i = 0; i < n; i++) {
		const struct trace *from = &w->traces.v[order[i]];

		t[i] = (struct cover_trace){
		    from->tuple, from->n, w->in->v[from->input].size};
	}
	cover_choose(t, n, &o, keep);
	for (size_t i = 0; i < n; i++)
		yes[w->traces.v[order[i]].input] |= keep[i];
	free(order);
	free(t);
	free(keep);
}

/* The chosen files, as they were written, to be run again; those not run are
 * kept as well. */
static int
choose(struct work *w, struct inputs *chosen)
{
	bool *yes = mem_array(w->in->n, sizeof *yes);
	char hex[HASH_HEX], *path;
	int rc = 0;

	cover(w, yes);
	for (size_t i = 0; rc == 0 && i < w->in->n; i++) {
		if (!yes[i] && w->in->v[i].state != INPUT_NEW)
			continue;
		rc = keep_file(w, &w->in->v[i], hex);
		if (rc != 0 || !yes[i] || !hex[0])
			continue;
		path = result_path(&w->result, hex);
		inputs_put(chosen, path);
		free(path);
	}
	free(yes);
	return rc;
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

/* --- proof --- */

static bool
shows_missing(const struct work *w, const struct trace *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (!tuples_has(&w->seen, t->tuple[i]))
			return true;
	return false;
}

/* One that ended well before and crashes now has no place in the result. */
static int
expel(struct work *w, struct input *in)
{
	int rc;

	if (in->state == INPUT_CRASHED)
		w->m->crashed++;
	else if (in->state == INPUT_HUNG)
		w->m->hung++;
	else
		return 0;
	rc = quarantine(w, in);
	result_remove(&w->result, strrchr(in->path, '/') + 1, in->size);
	return rc;
}

static int
run_again(struct work *w, struct inputs *chosen)
{
	struct traces t = {0};
	int rc;

	inputs_sort(chosen);
	rc = collect(w, chosen, &t, w->m->end);
	for (size_t i = 0; rc == 0 && i < chosen->n; i++)
		rc = expel(w, &chosen->v[i]);
	tuples_add_all(&w->seen, &t);
	trace_release(&t);
	return rc;
}

/* An input run once more because its trace holds what is missing. */
struct again {
	struct inputs in;
	uint32_t *trace; /* of each, the one from the first time */
};

static void
again_list(struct work *w, struct again *a)
{
	a->trace = mem_array(w->traces.n, sizeof *a->trace);
	for (size_t i = 0; i < w->traces.n; i++)
		if (shows_missing(w, &w->traces.v[i])) {
			a->trace[a->in.n] = (uint32_t)i;
			inputs_put(&a->in, w->in->v[w->traces.v[i].input].path);
		}
}

/* Those that show it again, into the result. */
static int
again_join(struct work *w, struct again *a, const struct tuples *all)
{
	struct traces t = {0};
	char hex[HASH_HEX];
	int rc = collect(w, &a->in, &t, w->m->end);

	for (size_t i = 0; rc == 0 && i < a->in.n; i++) {
		const struct trace *now = &t.v[a->in.v[i].trace];
		bool useful = false;

		if (a->in.v[i].state != INPUT_TRACED)
			continue;
		for (uint32_t k = 0; k < now->n; k++)
			useful |= tuples_has(all, now->tuple[k]) &&
				  !tuples_has(&w->seen, now->tuple[k]);
		if (useful)
			rc = keep_file(w, &a->in.v[i], hex);
		for (uint32_t k = 0; useful && hex[0] && k < now->n; k++)
			tuples_add(&w->seen, now->tuple[k]);
	}
	trace_release(&t);
	return rc;
}

/* What stays missing is lost where an input that had shown it could not be
 * asked again. */
static void
count_missing(struct work *w, const struct again *a)
{
	struct tuples missing = {0}, lost = {0};

	for (size_t i = 0; i < a->in.n; i++) {
		const struct trace *t = &w->traces.v[a->trace[i]];
		uint32_t state = a->in.v[i].state;

		for (uint32_t k = 0; k < t->n; k++) {
			if (tuples_has(&w->seen, t->tuple[k]))
				continue;
			tuples_add(&missing, t->tuple[k]);
			if (state == INPUT_NEW || state == INPUT_GONE)
				tuples_add(&lost, t->tuple[k]);
		}
	}
	w->m->lost = lost.n;
	w->m->unstable = missing.n - lost.n;
	tuples_release(&missing);
	tuples_release(&lost);
}

static int
prove(struct work *w, struct inputs *chosen)
{
	struct tuples all = {0};
	struct again again = {0};
	int rc;

	tuples_add_all(&all, &w->traces);
	w->m->tuples = all.n;
	rc = run_again(w, chosen);
	again_list(w, &again);
	if (rc == 0 && again.in.n)
		rc = again_join(w, &again, &all);
	if (rc == 0)
		count_missing(w, &again);
	inputs_release(&again.in);
	free(again.trace);
	tuples_release(&all);
	return rc;
}

int
minimize_corpus(struct minimize *m, struct inputs *in, struct fail *f)
{
	struct work w = {.m = m, .in = in, .f = f};
	struct inputs chosen = {0};
	uint64_t bytes;
	int rc;

	rc = result_open(&w.result, m->out, f);
	if (rc == 0) {
		scratch_also(w.result.temp);
		rc = run_inputs(&w);
	}
	m->crashed = inputs_count(in, INPUT_CRASHED, &bytes);
	m->hung = inputs_count(in, INPUT_HUNG, &bytes);
	m->unrun = inputs_count(in, INPUT_NEW, &bytes);
	if (rc == 0)
		rc = set_aside(&w);
	if (rc == 0)
		rc = choose(&w, &chosen);
	if (rc == 0)
		rc = prove(&w, &chosen);
	if (rc == 0 && !sig_got)
		rc = result_commit(&w.result, f);
	m->gone = inputs_count(in, INPUT_GONE, &bytes);
	m->files = w.result.files;
	m->bytes = w.result.bytes;
	result_release(&w.result);
	inputs_release(&chosen);
	trace_release(&w.traces);
	tuples_release(&w.seen);
	buf_release(&w.data);
	return rc;
}
