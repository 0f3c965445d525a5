#include "cluster/passin.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/kv.h"
#include "base/mem.h"
#include "cluster/engine.h"
#include "cluster/nodes.h"
#include "cluster/pass.h"
#include "cluster/place.h"
#include "cluster/remote.h"
#include "job/home.h"
#include "job/rundir.h"

#define BATCH 64 /* runs that are started together */

/* The seconds that a lost run fuzzed, for the next one of its shard. */
static void
hand_over(const struct item *item, int dir)
{
	const char *fuzzed = kv_get(&item->progress, "fuzzed");
	struct kv progress = {0};

	kv_set(&progress, "phase", "unpack");
	if (fuzzed != NULL)
		kv_set(&progress, "fuzzed", fuzzed);
	rundir_write_progress(dir, &progress, NULL);
	kv_release(&progress);
}

/* One that is to start, and how far that has come. */
struct pick {
	size_t item;
	const struct node *node;
	struct home_new draft; /* of its run directory */
	bool drafted, failed;
};

static int
draft(struct state *s, struct pick *pick, struct fail *f)
{
	struct item *item = &s->items[pick->item];
	const char *losses = kv_get(&item->file, "losses");
	const char *reason = kv_get(&item->file, "reason");
	struct kv keys = {0};
	int rc;

	kv_set(&keys, "by", "dispatch");
	kv_set(&keys, "node", pick->node->name);
	kv_setf(&keys, "shard", "%ld", item->shard);
	if (losses != NULL)
		kv_set(&keys, "losses", losses);
	if (remote_is(pick->node)) /* whose clock may be wrong */
		kv_setf(&keys, "start", "%lld", (long long)s->now);
	if (item->again && reason != NULL)
		kv_set(&keys, "lost", reason);
	if (item->again)
		kv_setf(&keys, "attempt", "%lld",
		    (long long)kv_int(&item->file, "attempt", 1) + 1);
	rc = rundir_draft(&pick->draft, s->p->home, item->job, &keys, f);
	kv_release(&keys);
	pick->drafted = rc == 0;
	return rc;
}

/* The run directory is the claim: whole, with its run file, or not there. */
static int
claim(struct state *s, struct pick *pick, struct fail *f)
{
	struct item *item = &s->items[pick->item];
	int rc, dir = rundir_publish(
		    &pick->draft, s->p->home, item->job, &item->run, f);

	if (dir < 0)
		return -1;
	if (item->again)
		hand_over(item, dir);
	kv_release(&item->file);
	kv_release(&item->progress);
	item->again = false;
	item->changed = true;
	rc = rundir_read(dir, &item->file, NULL, f);
	close(dir);
	return rc;
}

/* The same run goes on: one try more. */
static int
reclaim(struct state *s, struct item *item)
{
	size_t i, kept = 0;
	struct kv *kv = &item->file;

	if (kv_get(kv, "reason") != NULL)
		kv_set(kv, "lost", kv_get(kv, "reason"));
	for (i = 0; i < kv->n; i++) {
		if (strcmp(kv->v[i].key, "retry_at") == 0 ||
		    strcmp(kv->v[i].key, "reason") == 0) {
			free(kv->v[i].key);
			free(kv->v[i].value);
			continue;
		}
		kv->v[kept++] = kv->v[i];
	}
	kv->n = kept;
	kv_setf(kv, "attempt", "%lld", (long long)kv_int(kv, "attempt", 1) + 1);
	return pass_write(s, item);
}

/* All that comes before the engine's start, but for the row. */
static int
prepare(struct state *s, struct pick *pick, struct fail *f)
{
	struct item *item = &s->items[pick->item];

	item->engine.node = pick->node;
	if (pick->drafted && claim(s, pick, f) != 0)
		return -1;
	item->engine.job = item->job;
	item->engine.run = item->run;
	item->engine.uuid = kv_get(&item->file, "uuid");
	/* Before it ever ran; a node that has it takes no more with a start. */
	if (pick->drafted || (!remote_is(pick->node) &&
				 kv_get(&item->progress, "start") == NULL))
		passcorpus_prime(s, item);
	if (!remote_is(pick->node))
		return 0;
	item->engine.lease = s->policy.lease;
	if (remote_mark(s->p->home, &item->engine, f) != 0)
		return -1;
	remote_started(s->p->home, &item->engine);
	return 0;
}

/* step for all; what fails is said, and is none of them any more. */
static void
each(struct state *s, struct pick *v, size_t n,
    int (*step)(struct state *s, struct pick *pick, struct fail *f))
{
	struct fail f;
	size_t i;

	for (i = 0; i < n; i++)
		if (!v[i].failed && step(s, &v[i], &f) != 0) {
			v[i].failed = true;
			pass_note(s, &f);
		}
}

static int
begin(struct state *s, struct pick *pick, struct fail *f)
{
	struct item *item = &s->items[pick->item];

	if (item->run == 0 || item->again)
		return draft(s, pick, f);
	file_defer(false); /* a file that is there already */
	pick->failed = reclaim(s, item) != 0;
	file_defer(true);
	return 0;
}

/* Synced twice for all of them: before the claims have their names, and before
 * anybody hears of them. */
static int
claim_all(struct state *s, struct pick *v, size_t n, struct fail *f)
{
	int home = s->p->home->fd, rc;

	file_defer(true);
	each(s, v, n, begin);
	rc = file_sync_all(home, f);
	if (rc == 0) {
		each(s, v, n, prepare);
		rc = file_sync_all(home, f);
	}
	file_defer(false);
	return rc == 0 ? pass_commit(s, f) : rc;
}

/* Claimed, then in the database, then told to their nodes, all at once. */
static void
start(struct state *s, struct pick *v, size_t n)
{
	const struct engine_run *runs[BATCH];
	struct fail f[BATCH];
	int rc[BATCH];
	size_t i, m = 0;

	if (n == 0)
		return;
	if (claim_all(s, v, n, f) != 0) {
		pass_note(s, f);
		for (i = 0; i < n; i++)
			if (v[i].drafted)
				home_new_end(&v[i].draft);
		return;
	}
	for (i = 0; i < n; i++)
		if (!v[i].failed)
			runs[m++] = &s->items[v[i].item].engine;
	engine_start(s->p->home, runs, m, rc, f);
	for (i = m = 0; i < n; i++) {
		if (v[i].failed)
			continue;
		/* One that fails is seen by the next poll, and tried again. */
		if (rc[m] != 0)
			pass_note(s, &f[m]);
		else
			pass_say(s, &s->items[v[i].item], "start", "");
		m++;
	}
}

/* What stands behind a run that may be placed. */
struct want {
	size_t item;	       /* of the items, */
	struct queue_job *job; /* or of a job that never started */
};

struct wishes {
	struct place_run *runs;
	struct want *wants;
	struct place_use *uses;
	struct node **where; /* of each item */
	size_t n, nuses;
};

static struct place_run *
add_wish(struct wishes *w, size_t item, struct queue_job *job)
{
	struct place_run *run = &w->runs[w->n];

	memset(run, 0, sizeof(*run));
	w->wants[w->n] = (struct want){item, job};
	run->arg = &w->wants[w->n++];
	return run;
}

static const char *
or_none(const char *s)
{
	return s == NULL ? "" : s;
}

/* It has CPUs of a node now. */
static void
count_use(struct state *s, struct wishes *w, size_t i)
{
	struct item *item = &s->items[i];
	int64_t cpus = kv_int(&item->settings, "cpus", 2);
	struct node *node = w->where[i];

	if (node == NULL || kv_get(&item->file, "retry_at") != NULL)
		return;
	node->cpus_used += cpus;
	node->runs_used++;
	node->memory_used += kv_int(&item->settings, "memory", 2048);
	w->uses[w->nuses++] =
	    (struct place_use){or_none(kv_get(&item->settings, "owner")), cpus};
}

static void
wish_item(struct state *s, struct wishes *w, size_t i)
{
	struct item *item = &s->items[i];
	const struct kv *job = &item->settings;
	struct place_run *run = add_wish(w, i, NULL);
	int64_t since = kv_int(job, "submitted", s->now);

	if (kv_int(job, "due", 0) > since)
		since = kv_int(job, "due", 0);
	run->job = item->job;
	run->shard = item->shard;
	run->shards = item->shards;
	run->cpus = kv_int(job, "cpus", 2);
	run->memory = kv_int(job, "memory", 2048);
	run->priority = kv_int(job, "priority", 50);
	run->waited = s->now - since;
	run->needs = or_none(kv_get(job, "needs"));
	run->owner = or_none(kv_get(job, "owner"));
	if (item->again)
		run->avoid = kv_get(&item->file, "node");
	else if (item->run > 0)
		run->node = kv_get(&item->file, "node");
	/* Those of one job stand together. */
	if (item->shards > 1)
		run->others = w->where + i - (item->shard - 1);
}

static void
wish_job(struct state *s, struct wishes *w, struct queue_job *job)
{
	struct place_run *run;
	long i;

	for (i = 1; i <= job->shards; i++) {
		run = add_wish(w, 0, job);
		run->job = job->id;
		run->shard = i;
		run->shards = job->shards;
		run->cpus = job->cpus;
		run->memory = job->memory;
		run->priority = job->priority;
		run->waited = s->now - job->since;
		run->needs = job->needs;
		run->owner = job->owner;
	}
}

/* What runs on each node now; and the runs that want to start. */
static void
wish(struct state *s, struct wishes *w)
{
	struct item *item;
	size_t i, most = s->n + s->queue.shards + 1;

	*w = (struct wishes){.runs = mem_array(most, sizeof(*w->runs)),
	    .wants = mem_array(most, sizeof(*w->wants)),
	    .uses = mem_array(s->n + 1, sizeof(*w->uses)),
	    .where = mem_array(s->n + 1, sizeof(struct node *))};
	for (i = 0; i < s->n; i++) {
		item = &s->items[i];
		if (!item->over && item->engine.node != NULL)
			w->where[i] =
			    nodes_find(&s->nodes, item->engine.node->name);
	}
	for (i = 0; i < s->n; i++) {
		item = &s->items[i];
		if (item->over || (item->run == 0 && item->killed))
			continue;
		if (item->run > 0 && !item->waiting)
			count_use(s, w, i);
		else
			wish_item(s, w, i);
	}
	for (i = 0; i < s->queue.n; i++)
		wish_job(s, w, &s->queue.v[i]);
}

/* The item behind a run, whose files are read now at the latest; s->n when it
 * cannot start. */
static size_t
item_of(struct state *s, const struct place_run *run)
{
	const struct want *want = run->arg;
	struct queue_job *job = want->job;
	size_t i = want->item;

	if (job == NULL)
		return i;
	if (!job->taken) {
		job->taken = true;
		job->first = s->n;
		pass_gather(s, job->id);
	}
	i = job->first + (size_t)run->shard - 1;
	if (i >= s->n || s->items[i].job != job->id || s->items[i].killed)
		return s->n;
	if (s->items[i].run > 0) {
		/* Claimed by a pass that came no further; the next one polls. */
		s->items[i].changed = true;
		return s->n;
	}
	return i;
}

void
passplace_all(struct state *s)
{
	struct place_rules rules = {.ageing = s->policy.ageing,
	    .patience = s->policy.patience,
	    .weights = s->policy.weights};
	struct pick batch[BATCH];
	size_t i, k, m = 0, n;
	struct wishes w;
	long left = s->p->most;

	wish(s, &w);
	rules.uses = w.uses;
	rules.n = w.nuses;
	n = place_runs(&rules, w.runs, w.n, &s->nodes);
	for (i = 0; i < n && left != 0; i++) {
		k = item_of(s, &w.runs[i]);
		if (k == s->n)
			continue;
		left -= left > 0;
		if (s->p->dry) {
			s->items[k].engine.node = w.runs[i].chosen;
			pass_say(s, &s->items[k], "start", "");
			continue;
		}
		batch[m++] = (struct pick){.item = k, .node = w.runs[i].chosen};
		if (m == BATCH) {
			start(s, batch, m);
			m = 0;
		}
	}
	start(s, batch, m);
	free(w.runs);
	free(w.wants);
	free(w.uses);
	free(w.where);
}
