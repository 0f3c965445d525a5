#include "cluster/pass.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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
#include "cluster/aside.h"
#include "cluster/nodes.h"
#include "cluster/passin.h"
#include "cluster/recur.h"
#include "cluster/shards.h"
#include "job/home.h"
#include "job/jobfile.h"
#include "job/rundir.h"
#include "store/store.h"
#include "store/store_run.h"

#define EVENTS_MAX (1 << 20) /* bytes of a job's events */
#define CHECK 240	     /* seconds the start check may take */

void
pass_note(struct state *s, const struct fail *f)
{
	if (fail_worse(s->status, f->status) == s->status)
		return;
	s->status = f->status;
	*s->f = *f;
}

void
pass_say(struct state *s, const struct item *item, const char *what,
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
		else if (verb != NULL && (strcmp(verb, "kill") == 0 ||
					     strcmp(verb, "expire") == 0))
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
	/* Its row says otherwise: that pass was killed before the rows. */
	item->changed = item->over = rundir_ended(kv_get(&item->file, "state"));
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

void
pass_gather(struct state *s, long id)
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
		pass_note(s, &f);
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
	    "SELECT id FROM job WHERE state IN ('queued', 'running') AND "
	    "(state = 'running' OR EXISTS (SELECT 1 FROM run WHERE run.job = "
	    "job.id)) ORDER BY id",
	    "");
	if (q == NULL)
		return -1;
	while ((row = store_row(s->store, q, f)) == 1) {
		ids = mem_grow(ids, n + 1, sizeof(*ids));
		ids[n++] = (long)sqlite3_column_int64(q, 0);
	}
	for (i = 0; row == 0 && i < n; i++)
		pass_gather(s, ids[i]);
	free(ids);
	return row != 0
		   ? row
		   : queue_read(&s->queue, s->store, s->p->home, s->now, f);
}

/* --- writing ------------------------------------------------------------ */

int
pass_write(struct state *s, struct item *item)
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
		pass_note(s, &f);
	return rc;
}

/* Rows follow files, in one transaction. */
int
pass_commit(struct state *s, struct fail *f)
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

/* Jobs that are older than they may get are none of the queue any more. */
static int
expire(struct state *s, struct fail *f)
{
	struct queue_job *job;
	bool begun = false;
	size_t i;

	for (i = 0; i < s->queue.n; i++) {
		job = &s->queue.v[i];
		if (job->expires == 0 || job->expires > s->now)
			continue;
		job->taken = true;
		job->shards = 0;
		if (!s->p->dry && !begun) {
			if (store_begin(s->store, f) != 0)
				return -1;
			begun = true;
		}
		if (begun &&
		    queue_expire(s->store, s->p->home, job->id, f) != 0) {
			store_rollback(s->store);
			return -1;
		}
		s->p->say(
		    &(struct pass_event){job->id, 0, "killed", "", "expired"},
		    s->p->arg);
	}
	return begun ? store_commit(s->store, f) : 0;
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
check_disk(const struct home *h, int64_t want, struct fail *f)
{
	struct statvfs fs;
	int64_t have;
	int rc = 0;

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
	queue_release(&s->queue);
	policy_release(&s->policy);
	nodes_release(&s->nodes);
	store_close(s->store);
}

static void
tell_queued(long id, int64_t due, void *arg)
{
	struct state *s = arg;

	s->p->active += due <= s->now;
	s->p->say(
	    &(struct pass_event){id, 0, "queued", "", "every"}, s->p->arg);
}

static int
steps(struct state *s, struct fail *f)
{
	struct fail disk;
	size_t i;

	if (policy_read(&s->policy, s->p->home, f) != 0)
		return -1;
	s->store = store_open(s->p->home->path, STORE_WRITE, f);
	if (s->store == NULL || nodes_read(&s->nodes, s->p->home, f) != 0 ||
	    nodes_states(&s->nodes, s->store, s->now, f) != 0 ||
	    gather(s, f) != 0)
		return -1;
	aside_read(&s->nodes, s->p->home);
	passjudge_all(s);
	if (pass_commit(s, f) != 0 || expire(s, f) != 0)
		return -1;
	if (!s->p->dry &&
	    recur_all(s->p->home, s->store, s->now, tell_queued, s, &disk) != 0)
		pass_note(s, &disk);
	if (check_disk(s->p->home, s->policy.free, &disk) == 0)
		passplace_all(s);
	else
		pass_note(s, &disk);
	for (i = 0; i < s->n; i++)
		s->p->active += !s->items[i].over;
	for (i = 0; i < s->queue.n; i++)
		s->p->active += !s->queue.v[i].taken;
	return pass_commit(s, f);
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
