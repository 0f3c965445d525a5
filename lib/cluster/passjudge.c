#include "cluster/passin.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/kv.h"
#include "base/mem.h"
#include "cluster/aside.h"
#include "cluster/engine.h"
#include "cluster/outcome.h"
#include "cluster/pass.h"
#include "cluster/remote.h"
#include "cluster/sync.h"
#include "job/home.h"
#include "job/rundir.h"
#include "store/store_run.h"

static double
random_unit(void)
{
	uint16_t v = 0;

	if (getrandom(&v, sizeof(v), 0) != (ssize_t)sizeof(v))
		return 0.5;
	return v / 65535.0;
}

static void
end_run(
    struct state *s, struct item *item, const char *state, const char *reason)
{
	const char *text = kv_get(&item->progress, "reason_text");
	const char *end = kv_get(&item->progress, "end");

	kv_set(&item->file, "state", state);
	kv_set(&item->file, "reason", reason);
	if (text != NULL)
		kv_set(&item->file, "reason_text", text);
	if (end != NULL && !remote_is(item->engine.node))
		kv_set(&item->file, "end", end);
	else
		kv_setf(&item->file, "end", "%lld", (long long)s->now);
	if (pass_write(s, item) != 0)
		return;
	item->over = true;
	sync_end(s->p->home, item->job, item->run);
	pass_say(s, item, state, reason);
}

/* Another machine cannot go on in its directory: the next try has its own. */
static void
lose(struct state *s, struct item *item, const char *reason)
{
	end_run(s, item, "lost", reason);
	item->again = item->over;
	item->over = false;
	item->waiting = kv_int(&item->file, "retry_at", 0) <= s->now;
	item->engine.node = NULL;
}

static void
stop_all(
    struct state *s, const struct engine_run *const *runs, size_t n, bool now)
{
	struct fail *f = mem_array(n + 1, sizeof(*f));
	int *rc = mem_array(n + 1, sizeof(*rc));
	size_t i;

	engine_stop(s->p->home, runs, n, now, rc, f);
	for (i = 0; i < n; i++)
		if (rc[i] != 0)
			pass_note(s, &f[i]);
	free(rc);
	free(f);
}

/* What lives although somebody wants its end: its node was not reached then. */
static void
insist(struct state *s)
{
	const struct engine_run **runs = mem_array(s->n + 1, sizeof(*runs));
	const struct item *item;
	size_t i, n = 0;

	for (i = 0; !s->p->dry && i < s->n; i++) {
		item = &s->items[i];
		if (item->killed && item->run > 0 && !item->over &&
		    item->engine.life == OUTCOME_ALIVE &&
		    remote_is(item->engine.node))
			runs[n++] = &item->engine;
	}
	stop_all(s, runs, n, false);
	free(runs);
}

/* For its node, or against it. */
static void
speak(struct state *s, const struct item *item,
    const struct outcome_facts *facts, const struct outcome *j)
{
	const char *phase = kv_get(&item->progress, "phase");
	struct node *node = nodes_find(&s->nodes, item->engine.node->name);

	if ((facts->life == OUTCOME_ALIVE && phase != NULL &&
		(strcmp(phase, "fuzz") == 0 || strcmp(phase, "finish") == 0)) ||
	    (j->verdict == OUTCOME_FINAL && strcmp(j->state, "done") == 0))
		node->worked = true;
	if (j->losses <= facts->losses || facts->losses > 0 || item->killed)
		return;
	node->failed = true;
	free(node->reason);
	node->reason = mem_strdup(j->reason);
}

static void
judge(struct state *s, struct item *item)
{
	struct outcome_facts facts = {.life = item->engine.life,
	    .status = item->engine.status,
	    .state = kv_get(&item->progress, "state"),
	    .reason = kv_get(&item->progress, "reason"),
	    .elsewhere = remote_is(item->engine.node),
	    .losses = kv_int(&item->file, "losses", 0),
	    .retries = kv_int(&item->settings, "retries", 3),
	    .now = s->now,
	    .jitter = random_unit()};
	struct outcome j;

	if (item->engine.expired)
		facts.reason = "lease";
	if (kv_get(&item->file, "retry_at") != NULL &&
	    facts.life != OUTCOME_ALIVE) {
		/* Judged before; it waits for its time. */
		item->waiting = kv_int(&item->file, "retry_at", 0) <= s->now;
		if (item->killed)
			end_run(s, item, "killed", "killed");
		return;
	}
	outcome_of(&facts, &j);
	speak(s, item, &facts, &j);
	switch (j.verdict) {
	case OUTCOME_WAIT:
		item->changed =
		    facts.life == OUTCOME_ALIVE && !item->engine.quiet;
		break;
	case OUTCOME_FINAL:
	case OUTCOME_GIVEUP:
		end_run(s, item, item->killed ? "killed" : j.state, j.reason);
		break;
	case OUTCOME_RETRY:
		if (item->killed) {
			end_run(s, item, "killed", "killed");
			break;
		}
		kv_setf(&item->file, "losses", "%lld", (long long)j.losses);
		kv_setf(&item->file, "retry_at", "%lld", (long long)j.retry_at);
		if (remote_is(item->engine.node) && j.losses > facts.losses)
			lose(s, item, j.reason);
		else {
			kv_set(&item->file, "reason", j.reason);
			if (pass_write(s, item) == 0)
				pass_say(s, item, "retry", j.reason);
		}
		break;
	}
}

/* What a run wrote between our reading and the poll that found it ended, or a
 * node sent. */
static void
last_words(struct state *s, struct item *item)
{
	struct kv file = {0}, progress = {0};
	struct fail f;
	int dir;

	if (item->engine.life == OUTCOME_UNKNOWN ||
	    (item->engine.life == OUTCOME_ALIVE &&
		!remote_is(item->engine.node)))
		return;
	dir = home_run(s->p->home, item->job, item->run, &f);
	if (dir < 0)
		return;
	if (rundir_read(dir, &file, &progress, &f) == 0) {
		kv_release(&item->progress);
		item->progress = progress;
	} else {
		kv_release(&progress);
	}
	kv_release(&file);
	close(dir);
}

/* Items are in the order of their jobs. */
static bool
is_active(const struct state *s, const struct engine_run *run)
{
	size_t low = 0, high = s->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (s->items[mid].job < run->job)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < s->n && s->items[low].job == run->job; low++)
		if (s->items[low].run == run->run)
			return !s->items[low].over && !s->items[low].again;
	return false;
}

/* What a node had of a run that is over here is merged; it changes nothing any
 * more. */
static int
merge(struct state *s, const struct engine_run *run)
{
	struct kv file = {0}, progress = {0};
	struct fail f;
	int dir = home_run(s->p->home, run->job, run->run, &f), rc = 0;

	if (dir >= 0 && rundir_read(dir, &file, &progress, &f) == 0)
		rc = store_run_put(
		    s->store, run->job, run->run, &file, &progress, &f);
	if (dir >= 0)
		close(dir);
	kv_release(&file);
	kv_release(&progress);
	if (rc != 0)
		pass_note(s, &f);
	return rc;
}

/* Late ones that live are ended, what has come of the others is merged, and may
 * be removed there then. */
static void
settle_all(struct state *s, const struct engine_run *late, size_t n)
{
	const struct engine_run **gone = mem_array(n + 1, sizeof(*gone));
	const struct engine_run **alive = mem_array(n + 1, sizeof(*alive));
	size_t i, m = 0, k = 0;
	struct fail f;

	for (i = 0; !s->p->dry && i < n; i++) {
		if (is_active(s, &late[i]) || late[i].life == OUTCOME_UNKNOWN)
			continue;
		if (late[i].life == OUTCOME_ALIVE)
			alive[k++] = &late[i];
		else if (merge(s, &late[i]) == 0 && !late[i].expired)
			gone[m++] = &late[i];
	}
	stop_all(s, alive, k, true);
	if (m > 0 && remote_purge(s->p->home, gone, m, &f) != 0)
		pass_note(s, &f);
	free(alive);
	free(gone);
}

static void
release_late(struct engine_run *late, size_t n)
{
	while (n-- > 0)
		free((char *)late[n].uuid);
	free(late);
}

static void
tell_aside(const struct node *node, void *arg)
{
	struct state *s = arg;

	s->p->say(
	    &(struct pass_event){
		.what = "aside", .node = node->name, .reason = node->reason},
	    s->p->arg);
}

void
passjudge_all(struct state *s)
{
	struct engine_run **runs, *late = NULL;
	size_t i, n = 0, nlate = 0;
	struct fail f;

	if (remote_list(s->p->home, &s->nodes, &late, &nlate, &f) != 0)
		pass_note(s, &f);
	runs = mem_array(s->n + nlate + 1, sizeof(*runs));
	for (i = 0; i < s->n; i++)
		if (s->items[i].run > 0 && !s->items[i].over &&
		    s->items[i].engine.node != NULL)
			runs[n++] = &s->items[i].engine;
	for (i = 0; i < nlate; i++)
		if (!is_active(s, &late[i]))
			runs[n++] = &late[i];
	if (n > 0 && (s->p->dry ? engine_poll(s->p->home, runs, n, &f)
				: remote_visit(s->p->home, runs, n,
				      s->policy.lease, s->p->warn, &f)) != 0)
		pass_note(s, &f);
	remote_silent(&s->nodes, runs, n);
	settle_all(s, late, nlate);
	release_late(late, nlate);
	free(runs);
	for (i = 0; i < s->n; i++)
		if (s->items[i].run > 0 && !s->items[i].over &&
		    !s->items[i].again && s->items[i].engine.node != NULL) {
			last_words(s, &s->items[i]);
			judge(s, &s->items[i]);
		}
	insist(s);
	passcorpus_exchange(s);
	passcorpus_keep(s);
	if (!s->p->dry && aside_judge(&s->nodes, s->p->home, s->store,
			      &s->policy, s->now, tell_aside, s, &f) != 0)
		pass_note(s, &f);
}
