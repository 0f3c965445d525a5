#include "cluster/pass.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/opt.h"
#include "cluster/engine.h"
#include "cluster/outcome.h"
#include "cluster/nodes.h"
#include "cluster/place.h"
#include "cluster/remote.h"
#include "cluster/shards.h"
#include "cluster/sync.h"
#include "job/home.h"
#include "job/jobfile.h"
#include "job/rundir.h"
#include "store/store.h"
#include "store/store_job.h"
#include "store/store_run.h"

#define EVENTS_MAX (1 << 20) /* bytes of a job's events */
#define FREE_DEFAULT 1024    /* MiB */
#define LEASE_DEFAULT 300    /* seconds */
#define CHECK 240	     /* seconds the start check may take */
#define BATCH 64	     /* runs that are started together */

/* A shard of an active job and its latest run. */
struct item {
	long job, run; /* run 0: none yet */
	long shard;    /* from 1 to shards, those of a job one after another */
	long shards;
	struct kv settings, file, progress;
	struct engine_run engine; /* node NULL: unknown node, or no run */
	bool killed;		  /* somebody wants it to end */
	bool over, waiting, changed;
	bool again; /* the run was lost; the next one of its shard is to come */
};

struct state {
	struct pass *p;
	struct store *store;
	struct nodes nodes;
	struct item *items;
	size_t n;
	int64_t now, lease;
	int status; /* the worst so far, first text in *f */
	struct fail *f;
};

/* Remember a failure that concerns one run or node only. */
static void
note(struct state *s, const struct fail *f)
{
	if (fail_worse(s->status, f->status) == s->status)
		return;
	s->status = f->status;
	*s->f = *f;
}

static void
say(struct state *s, const struct item *item, const char *what,
    const char *reason)
{
	struct pass_event e = {item->job, item->run, what,
	    item->engine.node == NULL ? "" : item->engine.node->name, reason};

	s->p->say(&e, s->p->arg);
}

/* --- gathering ---------------------------------------------------------- */

/* A line of events with the verb kill and no run number: the whole job. */
static bool
kill_wanted(int dir)
{
	struct buf text = BUF_INIT;
	struct fail ignored;
	char *rest, *line, *verb;
	bool found = false, cut;

	if (!file_exists(dir, "events"))
		return false;
	file_read(dir, "events", EVENTS_MAX, &text, &cut, &ignored);
	rest = text.p;
	while ((line = strsep(&rest, "\n")) != NULL && rest != NULL) {
		strsep(&line, "\t");
		strsep(&line, "\t");
		verb = strsep(&line, "\t");
		if (verb != NULL && strcmp(verb, "retry") == 0)
			found = false;
		else if (verb != NULL && strcmp(verb, "kill") == 0)
			found = found || line == NULL || *line == '\0';
	}
	buf_release(&text);
	return found;
}

/* Seconds until a run is over, whatever happens: of its phases, and some. */
static int64_t
wall_limit(const struct kv *job)
{
	double deadline = 3600, provision = 600, finish;

	if (kv_get(job, "deadline") != NULL)
		opt_parse_duration(kv_get(job, "deadline"), &deadline);
	if (kv_get(job, "provision_timeout") != NULL)
		opt_parse_duration(
		    kv_get(job, "provision_timeout"), &provision);
	finish = deadline / 10 > 300 ? deadline / 10 : 300;
	return (int64_t)(provision + CHECK + deadline + finish + 60);
}

/* The latest run of the shard, when it has one that is not over. */
static int
gather_run(struct state *s, struct item *item, struct fail *f)
{
	const char *node;
	int dir, rc;

	item->engine.wall = wall_limit(&item->settings);
	if (item->run == 0)
		return 0;
	dir = home_run(s->p->home, item->job, item->run, f);
	if (dir < 0)
		return -1;
	rc = rundir_read(dir, &item->file, &item->progress, f);
	close(dir);
	if (rc != 0)
		return -1;
	item->over = rundir_ended(kv_get(&item->file, "state"));
	if (item->over && kv_get(&item->file, "retry_at") != NULL) {
		item->again = true;
		item->over = false;
		item->waiting = kv_int(&item->file, "retry_at", 0) <= s->now;
	}
	node = kv_get(&item->file, "node");
	item->engine.job = item->job;
	item->engine.run = item->run;
	item->engine.uuid = kv_get(&item->file, "uuid");
	if (item->engine.uuid == NULL)
		item->engine.uuid = "";
	if (node != NULL && !item->again)
		item->engine.node = nodes_find(&s->nodes, node);
	return 0;
}

static void
release_item(struct item *item)
{
	kv_release(&item->settings);
	kv_release(&item->file);
	kv_release(&item->progress);
}

static void
gather_job(struct state *s, long id)
{
	struct shards shards = {0};
	struct item *item;
	struct fail f;
	int dir = home_job(s->p->home, id, &f), rc = dir < 0 ? -1 : 0;
	size_t before = s->n;
	long i;

	if (rc == 0)
		rc = shards_read(&shards, s->p->home, id, dir, &f);
	for (i = 1; rc == 0 && i <= shards.n; i++) {
		s->items = mem_grow(s->items, s->n + 1, sizeof(*s->items));
		item = &s->items[s->n];
		memset(item, 0, sizeof(*item));
		item->job = id;
		item->shard = i;
		item->shards = shards.n;
		item->run = shards.latest[i];
		item->killed = kill_wanted(dir);
		rc = jobfile_read(dir, &item->settings, &f);
		if (rc == 0)
			rc = gather_run(s, item, &f);
		s->n++;
	}
	if (rc != 0) { /* all of a job or nothing */
		note(s, &f);
		while (s->n > before)
			release_item(&s->items[--s->n]);
	}
	shards_release(&shards);
	if (dir >= 0)
		close(dir);
}

static int
gather(struct state *s, struct fail *f)
{
	struct sqlite3_stmt *q;
	long *ids = NULL;
	size_t n = 0, i;
	int row;

	q = store_query(s->store, f,
	    "SELECT id FROM job WHERE state IN ('queued', 'running') "
	    "ORDER BY id",
	    "");
	if (q == NULL)
		return -1;
	while ((row = store_row(s->store, q, f)) == 1) {
		ids = mem_grow(ids, n + 1, sizeof(*ids));
		ids[n++] = (long)sqlite3_column_int64(q, 0);
	}
	for (i = 0; row == 0 && i < n; i++)
		gather_job(s, ids[i]);
	free(ids);
	return row;
}

/* --- judging ------------------------------------------------------------ */

static int
write_run(struct state *s, struct item *item)
{
	struct fail f;
	int dir, rc = -1;

	item->changed = true;
	if (s->p->dry)
		return 0;
	dir = home_run(s->p->home, item->job, item->run, &f);
	if (dir >= 0) {
		rc = rundir_write_run(dir, &item->file, &f);
		close(dir);
	}
	if (rc != 0)
		note(s, &f);
	return rc;
}

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
	if (end != NULL)
		kv_set(&item->file, "end", end);
	else
		kv_setf(&item->file, "end", "%lld", (long long)s->now);
	if (write_run(s, item) != 0)
		return;
	item->over = true;
	sync_end(s->p->home, item->job, item->run);
	say(s, item, state, reason);
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
	switch (j.verdict) {
	case OUTCOME_WAIT:
		item->changed = facts.life == OUTCOME_ALIVE;
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
			if (write_run(s, item) == 0)
				say(s, item, "retry", j.reason);
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

static bool
is_active(const struct state *s, const struct engine_run *run)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->items[i].run == run->run && s->items[i].job == run->job)
			return !s->items[i].over && !s->items[i].again;
	return false;
}

/* What a node has of a run that is over here: its finds are merged and it is
 * removed there; it changes nothing any more. */
static void
settle(struct state *s, const struct engine_run *run)
{
	struct kv file = {0}, progress = {0};
	struct fail f;
	int dir, rc = 0;

	if (s->p->dry || run->life == OUTCOME_UNKNOWN)
		return;
	if (run->life == OUTCOME_ALIVE) {
		rc = engine_stop(s->p->home, run, true, &f);
	} else {
		dir = home_run(s->p->home, run->job, run->run, &f);
		if (dir >= 0 && rundir_read(dir, &file, &progress, &f) == 0)
			rc = store_run_put(
			    s->store, run->job, run->run, &file, &progress, &f);
		if (dir >= 0)
			close(dir);
		kv_release(&file);
		kv_release(&progress);
		if (rc == 0 && !run->expired)
			rc = remote_purge(s->p->home, run, &f);
	}
	if (rc != 0)
		note(s, &f);
}

static void
release_late(struct engine_run *late, size_t n)
{
	while (n-- > 0)
		free((char *)late[n].uuid);
	free(late);
}

static void
poll_and_judge(struct state *s)
{
	struct engine_run **runs, *late = NULL;
	size_t i, n = 0, nlate = 0;
	struct fail f;

	if (remote_list(s->p->home, &s->nodes, &late, &nlate, &f) != 0)
		note(s, &f);
	runs = mem_array(s->n + nlate + 1, sizeof(*runs));
	for (i = 0; i < s->n; i++)
		if (s->items[i].run > 0 && !s->items[i].over &&
		    s->items[i].engine.node != NULL)
			runs[n++] = &s->items[i].engine;
	for (i = 0; i < nlate; i++)
		if (!is_active(s, &late[i]))
			runs[n++] = &late[i];
	if (n > 0 && (s->p->dry ? engine_poll(s->p->home, runs, n, &f)
				: remote_visit(s->p->home, runs, n, s->lease,
				      s->p->warn, &f)) != 0)
		note(s, &f);
	remote_silent(&s->nodes, runs, n);
	for (i = 0; i < nlate; i++)
		if (!is_active(s, &late[i]))
			settle(s, &late[i]);
	release_late(late, nlate);
	free(runs);
	for (i = 0; i < s->n; i++)
		if (s->items[i].run > 0 && !s->items[i].over &&
		    !s->items[i].again && s->items[i].engine.node != NULL) {
			last_words(s, &s->items[i]);
			judge(s, &s->items[i]);
		}
}

/* What shards found, to the others of their job that live. */
static void
exchange(struct state *s)
{
	struct sync_to *to = mem_array(s->n + 1, sizeof(*to));
	struct item **of = mem_array(s->n + 1, sizeof(*of));
	struct fail f;
	char *text;
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		if (s->items[i].shards > 1 && s->items[i].run > 0 &&
		    !s->items[i].over && s->items[i].engine.node != NULL &&
		    s->items[i].engine.life == OUTCOME_ALIVE) {
			of[n] = &s->items[i];
			to[n++].run = &s->items[i].engine;
		}
	if (n > 0 && !s->p->dry && sync_push(s->p->home, to, n, &f) != 0)
		note(s, &f);
	for (i = 0; i < n; i++) {
		if (to[i].files == 0)
			continue;
		text = mem_printf("%llu files %llu bytes",
		    (unsigned long long)to[i].files,
		    (unsigned long long)to[i].bytes);
		say(s, of[i], "push", text);
		free(text);
	}
	free(of);
	free(to);
}

/* Rows follow files, in one transaction. */
static int
commit(struct state *s, struct fail *f)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++)
		n += s->items[i].changed;
	if (n == 0 || s->p->dry)
		return 0;
	if (store_begin(s->store, f) != 0)
		return -1;
	for (i = 0; i < s->n; i++) {
		if (!s->items[i].changed)
			continue;
		if (store_run_put(s->store, s->items[i].job, s->items[i].run,
			&s->items[i].file, &s->items[i].progress, f) != 0) {
			store_rollback(s->store);
			return -1;
		}
		s->items[i].changed = false;
	}
	return store_commit(s->store, f);
}

/* --- starting ----------------------------------------------------------- */

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

/* The run directory is the claim: whole, with its run file, or not there. */
static int
claim(
    struct state *s, struct item *item, const struct node *node, struct fail *f)
{
	const char *losses = kv_get(&item->file, "losses");
	struct kv keys = {0};
	int dir, rc = -1;

	kv_set(&keys, "by", "dispatch");
	kv_set(&keys, "node", node->name);
	kv_setf(&keys, "shard", "%ld", item->shard);
	if (losses != NULL)
		kv_set(&keys, "losses", losses);
	if (item->again)
		kv_setf(&keys, "attempt", "%lld",
		    (long long)kv_int(&item->file, "attempt", 1) + 1);
	dir = rundir_new(s->p->home, item->job, &keys, &item->run, f);
	kv_release(&keys);
	if (dir >= 0) {
		if (item->again)
			hand_over(item, dir);
		kv_release(&item->file);
		kv_release(&item->progress);
		item->again = false;
		rc = rundir_read(dir, &item->file, NULL, f);
		close(dir);
	}
	return rc;
}

/* The same run goes on: one try more. */
static int
reclaim(struct state *s, struct item *item)
{
	size_t i, kept = 0;
	struct kv *kv = &item->file;

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
	return write_run(s, item);
}

/* All that comes before the engine's start, but for the row. */
static int
prepare(struct state *s, struct item *item, const struct node *node)
{
	struct fail f;

	item->engine.node = node;
	if (s->p->dry) {
		say(s, item, "start", "");
		return -1;
	}
	if (item->run == 0 || item->again) {
		if (claim(s, item, node, &f) != 0) {
			note(s, &f);
			return -1;
		}
		item->changed = true;
	} else if (reclaim(s, item) != 0) {
		return -1;
	}
	item->engine.job = item->job;
	item->engine.run = item->run;
	item->engine.uuid = kv_get(&item->file, "uuid");
	if (kv_get(&item->progress, "start") == NULL) /* it never ran */
		sync_prime(s->p->home, item->job, item->run);
	if (!remote_is(node))
		return 0;
	item->engine.lease = s->lease;
	if (remote_mark(s->p->home, &item->engine, &f) != 0) {
		note(s, &f);
		return -1;
	}
	remote_started(s->p->home, &item->engine);
	return 0;
}

/* Claimed, then in the database, then told to their nodes, all at once. */
static void
start(struct state *s, struct item **items, size_t n)
{
	const struct engine_run *runs[BATCH];
	struct fail f[BATCH];
	int rc[BATCH];
	size_t i;

	if (n == 0)
		return;
	if (commit(s, f) != 0)
		note(s, f);
	for (i = 0; i < n; i++)
		runs[i] = &items[i]->engine;
	engine_start(s->p->home, runs, n, rc, f);
	/* A start that fails is seen by the next poll, and tried again. */
	for (i = 0; i < n; i++)
		if (rc[i] != 0)
			note(s, &f[i]);
		else
			say(s, items[i], "start", "");
}

/* What runs on each node now; and the runs that want to start. */
static size_t
count_and_queue(struct state *s, struct place_run *queue)
{
	struct item *item;
	struct place_run run;
	struct node *node;
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		item = &s->items[i];
		if (item->over || (item->run == 0 && item->killed))
			continue;
		memset(&run, 0, sizeof(run));
		run.job = item->job;
		run.cpus = kv_int(&item->settings, "cpus", 2);
		run.memory = kv_int(&item->settings, "memory", 2048);
		run.priority = kv_int(&item->settings, "priority", 50);
		run.needs = kv_get(&item->settings, "needs");
		if (run.needs == NULL)
			run.needs = "";
		run.owner = item;
		if (item->run > 0 && !item->waiting) {
			node = item->engine.node == NULL
				   ? NULL
				   : nodes_find(
					 &s->nodes, item->engine.node->name);
			if (node != NULL &&
			    kv_get(&item->file, "retry_at") == NULL) {
				node->cpus_used += run.cpus;
				node->memory_used += run.memory;
			}
			continue;
		}
		if (item->run > 0 && !item->again)
			run.node = kv_get(&item->file, "node");
		queue[n++] = run;
	}
	return n;
}

/* Shards of a job go to different nodes; those of one stand together. */
static void
set_apart(
    struct state *s, struct place_run *queue, size_t n, struct node **where)
{
	const struct item *item;
	size_t i;

	for (i = 0; i < s->n; i++)
		where[i] =
		    s->items[i].over || s->items[i].engine.node == NULL
			? NULL
			: nodes_find(&s->nodes, s->items[i].engine.node->name);
	for (i = 0; i < n; i++) {
		item = queue[i].owner;
		queue[i].shards = item->shards;
		if (item->shards > 1)
			queue[i].others =
			    where + (item - s->items) - (item->shard - 1);
	}
}

static void
place(struct state *s)
{
	struct place_run *queue = mem_array(s->n, sizeof(*queue));
	struct node **where = mem_array(s->n + 1, sizeof(*where));
	struct item *batch[BATCH];
	size_t i, m = 0, n = count_and_queue(s, queue);
	long left = s->p->most;

	set_apart(s, queue, n, where);
	place_runs(queue, n, &s->nodes);
	for (i = 0; i < n; i++) {
		if (queue[i].chosen == NULL || left == 0)
			continue;
		left -= left > 0;
		batch[m] = queue[i].owner;
		if (prepare(s, batch[m], queue[i].chosen) == 0 &&
		    ++m == BATCH) {
			start(s, batch, m);
			m = 0;
		}
	}
	start(s, batch, m);
	free(where);
	free(queue);
}

/* --- the pass ----------------------------------------------------------- */

/* A home is dispatched by one machine: two heads would start things twice. */
static int
check_head(struct home *h, struct fail *f)
{
	struct buf name = BUF_INIT;
	struct utsname u;
	int rc = 0;

	uname(&u);
	if (!file_exists(h->fd, "jobs/.head"))
		return file_write(h->fd, "jobs/.head", u.nodename,
		    strlen(u.nodename), 0644, f);
	rc = file_read(h->fd, "jobs/.head", 256, &name, NULL, f);
	if (rc == 0 && strcmp(buf_str(&name), u.nodename) != 0)
		rc = fail_set(f, EX_LAGO_CONFIG,
		    "'%s' dispatches this home, not this machine; remove "
		    "'%s/jobs/.head' when that has ended",
		    buf_str(&name), h->path);
	buf_release(&name);
	return rc;
}

static int
check_disk(struct home *h, struct fail *f)
{
	struct kv config = {0};
	struct statvfs fs;
	int64_t want, have;
	int rc = 0;

	if (home_config(h, &config, f) != 0)
		return -1;
	want = kv_int(&config, "free", FREE_DEFAULT);
	kv_release(&config);
	if (fstatvfs(h->fd, &fs) != 0)
		return 0;
	have = (int64_t)(fs.f_bavail * (fs.f_frsize / 512) / 2048);
	if (have < want)
		rc = fail_set(f, EX_LAGO_IO,
		    "only %lld MiB free below '%s', free= wants %lld: nothing "
		    "is started",
		    (long long)have, h->path, (long long)want);
	return rc;
}

static void
release(struct state *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		release_item(&s->items[i]);
	free(s->items);
	nodes_release(&s->nodes);
	store_close(s->store);
}

static int
steps(struct state *s, struct fail *f)
{
	struct kv config = {0};
	struct fail disk;
	size_t i;

	if (home_config(s->p->home, &config, f) != 0)
		return -1;
	s->lease = kv_int(&config, "lease", LEASE_DEFAULT);
	kv_release(&config);
	s->store = store_open(s->p->home->path, STORE_WRITE, f);
	if (s->store == NULL || nodes_read(&s->nodes, s->p->home, f) != 0 ||
	    nodes_states(&s->nodes, s->store, f) != 0 || gather(s, f) != 0)
		return -1;
	poll_and_judge(s);
	exchange(s);
	if (commit(s, f) != 0)
		return -1;
	if (check_disk(s->p->home, &disk) == 0)
		place(s);
	else
		note(s, &disk);
	s->p->active = 0;
	for (i = 0; i < s->n; i++)
		s->p->active += !s->items[i].over;
	return commit(s, f);
}

int
pass_run(struct pass *p, double wait, struct fail *f)
{
	struct fail first = {0};
	struct state s = {.p = p, .now = clock_unix(), .f = &first};
	int lock, rc;

	/* The first job may come later. */
	if (file_mkdirs(p->home->fd, "jobs", 0700, f) == -1)
		return -1;
	lock = file_lock(p->home->fd, "jobs/.dispatch", wait, f);
	if (lock < 0)
		return -1;
	rc = check_head(p->home, f);
	if (rc == 0)
		rc = steps(&s, f);
	if (rc == 0 && s.status != 0) {
		*f = first;
		rc = -1;
	}
	release(&s);
	close(lock);
	return rc;
}
