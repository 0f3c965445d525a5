#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "corpus/inputs.h"
#include "corpus/joint.h"
#include "corpus/minimizein.h"
#include "corpus/minimizeprove.h"
#include "corpus/result.h"
#include "corpus/trace.h"
#include "corpus/tuples.h"

static void
see(struct work *w, struct traces *t, size_t trace)
{
	const uint32_t *tuple = trace_get(t, trace);

	for (uint32_t k = 0; k < t->v[trace].n; k++)
		tuples_add(&w->seen, tuple[k]);
}

static bool
shows_missing(struct work *w, uint32_t trace)
{
	const uint32_t *tuple = trace_get(&w->m->traces, trace);

	for (uint32_t i = 0; i < w->m->traces.v[trace].n; i++)
		if (!tuples_has(&w->seen, tuple[i]))
			return true;
	return false;
}

/* An input once more because its trace holds what is missing; it joins when it
 * shows it. */
static int
join(struct work *w, size_t i, const struct input *again, struct traces *t)
{
	const uint32_t *tuple;
	bool useful = false;
	int rc;

	if (again->state != INPUT_TRACED)
		return 0;
	tuple = trace_get(t, again->trace);
	for (uint32_t k = 0; k < t->v[again->trace].n; k++)
		useful |= tuples_has(&w->all, tuple[k]) &&
			  !tuples_has(&w->seen, tuple[k]);
	if (!useful)
		return 0;
	if (w->m->kept[i]) /* it was shrunk too much */
		minimize_unkeep(w, i);
	rc = minimize_keep(w, i);
	if (w->m->kept[i])
		see(w, t, again->trace);
	return rc;
}

static uint64_t
missing(const struct work *w)
{
	uint64_t n = 0;

	for (size_t i = 0; i < w->all.n; i++)
		n += !tuples_has(&w->seen, w->all.v[i]);
	return n;
}

/* A missing tuple is lost where an input that had shown it could not be asked
 * again. */
static void
count_lost(struct work *w, const struct inputs *list, const size_t *from)
{
	struct tuples lost = {0};

	for (size_t i = 0; i < list->n; i++) {
		uint32_t trace = w->in->v[from[i]].trace;
		const uint32_t *tuple = trace_get(&w->m->traces, trace);

		if (list->v[i].state != INPUT_NEW &&
		    list->v[i].state != INPUT_GONE)
			continue;
		for (uint32_t k = 0; k < w->m->traces.v[trace].n; k++)
			if (!tuples_has(&w->seen, tuple[k]))
				tuples_add(&lost, tuple[k]);
	}
	w->m->lost = lost.n;
	w->m->unstable = missing(w) - lost.n;
	tuples_release(&lost);
}

static int
find_missing(struct work *w)
{
	struct inputs list = {0};
	struct traces t = {0};
	size_t *from = mem_array(w->in->n, sizeof *from);
	bool *useful = mem_array(w->m->traces.n, sizeof *useful);
	int rc = 0;

	for (uint32_t i = 0; i < w->m->traces.n; i++)
		useful[i] = shows_missing(w, i);
	for (size_t i = 0; i < w->in->n; i++)
		if (w->in->v[i].state == INPUT_TRACED &&
		    useful[w->in->v[i].trace]) {
			useful[w->in->v[i].trace] = false;
			from[list.n] = i;
			inputs_put(&list, w->in->v[i].path);
		}
	if (list.n)
		rc = minimize_collect(w, &list, &t, true, w->m->end);
	for (size_t i = 0; rc == 0 && i < list.n; i++)
		rc = join(w, from[i], &list.v[i], &t);
	if (rc == 0)
		count_lost(w, &list, from);
	trace_release(&t);
	inputs_release(&list);
	free(useful);
	free(from);
	return rc;
}

/* What the base covers needs no proof: it stays as it is. */
static void
see_base(struct work *w)
{
	bool *done = mem_array(w->m->traces.n, sizeof *done);

	for (size_t i = 0; i < w->in->n; i++) {
		uint32_t trace = w->in->v[i].trace;

		if (!w->in->v[i].base || w->in->v[i].state != INPUT_TRACED ||
		    done[trace])
			continue;
		done[trace] = true;
		see(w, &w->m->traces, trace);
	}
	free(done);
}

int
minimizeprove_choice(struct work *w)
{
	bool *done = mem_array(w->again.n, sizeof *done);

	see_base(w);
	for (size_t i = 0; i < w->in->n; i++)
		if (w->m->kept[i] && w->proof[i] && !done[w->proof[i] - 1]) {
			done[w->proof[i] - 1] = true;
			see(w, &w->again, w->proof[i] - 1);
		}
	free(done);
	return missing(w) ? find_missing(w) : 0;
}

/* --- shrinking --- */

/* The time for shrinking leaves some for running the result. */
#define JOINT_PART 0.85
#define PROOF_LEAST 10 /* seconds it has, also behind the end */

/* The smaller file takes the place of the one it was. */
static int
replace(struct work *w, size_t i, const struct joint_file *file)
{
	struct buf b = BUF_INIT;
	char *old = w->name[i];

	buf_add(&b, file->data, file->len);
	result_remove(&w->result, old);
	w->name[i] =
	    result_add(&w->result, &b, minimize_name(w, &w->in->v[i]), w->f);
	buf_release(&b);
	free(old);
	return w->name[i] ? 0 : -1;
}

static int
take_shrunk(
    struct work *w, const size_t *which, struct joint_file *file, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		if (rc == 0 && file[i].what == JOINT_NEEDLESS)
			minimize_unkeep(w, which[i]);
		else if (rc == 0 && file[i].what == JOINT_SMALLER)
			rc = replace(w, which[i], &file[i]);
		free(file[i].data);
		free(file[i].path);
	}
	return rc;
}

/* The result as it is, once more; what is missing comes back whole. */
static int
prove_shrunk(struct work *w)
{
	struct inputs list = {0};
	struct traces t = {0};
	size_t *from = mem_array(w->in->n, sizeof *from);
	int rc = 0;

	for (size_t i = 0; i < w->in->n; i++)
		if (w->m->kept[i] && w->in->v[i].state == INPUT_TRACED) {
			char *path = minimize_path(w, i);

			from[list.n] = i;
			inputs_put(&list, path);
			free(path);
		}
	if (list.n)
		rc = minimize_collect(w, &list, &t, true, w->m->end);
	for (size_t i = 0; rc == 0 && i < list.n; i++)
		if (list.v[i].state == INPUT_CRASHED ||
		    list.v[i].state == INPUT_HUNG)
			minimize_unkeep(w, from[i]);
	tuples_release(&w->seen);
	see_base(w);
	tuples_add_all(&w->seen, &t);
	trace_release(&t);
	inputs_release(&list);
	free(from);
	return rc == 0 && missing(w) ? find_missing(w) : rc;
}

int
minimizeprove_shrunk(struct work *w)
{
	struct collect *c = &w->m->collect;
	size_t n = 0, *which = mem_array(w->in->n, sizeof *which);
	struct joint_file *file = mem_array(w->in->n, sizeof *file);
	double now = clock_mono();
	int rc;

	for (size_t i = 0; i < w->in->n; i++)
		if (w->m->kept[i] && w->in->v[i].state == INPUT_TRACED) {
			file[n].path = minimize_path(w, i);
			file[n].size = w->in->v[i].size;
			file[n].trace = w->m->traces.v[w->in->v[i].trace];
			file[n].micros = w->in->v[i].micros;
			which[n++] = i;
		}
	c->until = w->m->end > 0 ? now + (w->m->end - now) * JOINT_PART : 0;
	rc = joint_shrink(c, file, n, w->f);
	/* What was made smaller is worth nothing without its proof. */
	if (w->m->end > 0 && w->m->end < clock_mono() + PROOF_LEAST)
		w->m->end = clock_mono() + PROOF_LEAST;
	if (take_shrunk(w, which, file, n) || rc)
		rc = -1;
	else
		rc = prove_shrunk(w);
	free(file);
	free(which);
	return rc;
}
