#include "cluster/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/strs.h"
#include "cluster/nodes.h"
#include "cluster/take.h"
#include "job/home.h"

#define AT_ONCE 16    /* fetches */
#define TRANSFER 60.0 /* seconds for those of a pass */
#define FIGURES 60    /* seconds that numbers of a live run may be old */
#define MARGIN 3      /* seconds, for clocks that are read in whole ones */

bool
remote_is(const struct node *node)
{
	return node != NULL && strcmp(node->engine, "local") != 0;
}

static int
run_dir(const struct home *h, const struct engine_run *run)
{
	return home_run(h, run->job, run->run, NULL);
}

/* ---- leases ---- */

struct poll {
	int64_t at;    /* when it left, CLOCK_BOOTTIME of this machine */
	int64_t ahead; /* of our clock is the node's */
	bool answered;
};

/* A line that is a file of the run, of one length always, so one write puts it
 * in place.  Not synced: what a power failure takes, the boot id makes up for. */
static void
note(int dir, const char *name, const char *text)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%-126s\n", text);
	int fd = openat(
	    dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0) {
		file_write_fd(fd, line, (size_t)n);
		close(fd);
	}
}

static void
note_poll(
    const struct home *h, const struct engine_run *run, const struct poll *p)
{
	char text[128], boot[37];
	int dir = run_dir(h, run);

	if (dir < 0)
		return;
	clock_boot_id(boot);
	snprintf(text, sizeof(text), "%lld %lld %d %s", (long long)p->at,
	    (long long)p->ahead, p->answered, boot);
	note(dir, ".polled", text);
	close(dir);
}

/* When this machine has started anew since, or nobody knows, it was now. */
static struct poll
last_poll(const struct home *h, const struct engine_run *run)
{
	struct buf b = BUF_INIT;
	char boot[37], then[37] = "";
	long long at = 0, ahead = 0;
	int dir = run_dir(h, run), answered = 0;
	struct poll p = {.at = (int64_t)clock_boot()};

	clock_boot_id(boot);
	if (dir >= 0 && file_read(dir, ".polled", 128, &b, NULL, NULL) == 0 &&
	    sscanf(buf_str(&b), "%lld %lld %d %36s", &at, &ahead, &answered,
		then) == 4 &&
	    strcmp(boot, then) == 0 && at <= p.at)
		p = (struct poll){at, ahead, answered != 0};
	else
		note_poll(h, run, &p);
	buf_release(&b);
	if (dir >= 0)
		close(dir);
	return p;
}

void
remote_started(const struct home *h, const struct engine_run *run)
{
	note_poll(h, run, &(struct poll){.at = (int64_t)clock_boot()});
}

/* ---- marks ---- */

static bool
is_uuid(const char *s)
{
	return strlen(s) == 32 && strspn(s, "0123456789abcdef") == 32;
}

/* JOB.RUN TAB NODE */
static bool
read_mark(const struct home *h, const struct nodes *nodes, const char *uuid,
    struct engine_run *run)
{
	char *path = mem_printf("jobs/.remote/%s", uuid);
	struct buf b = BUF_INIT;
	char *tab;
	bool ok = file_read(h->fd, path, 4096, &b, NULL, NULL) == 0 &&
		  b.len > 0 && (tab = strchr(b.p, '\t')) != NULL;

	free(path);
	if (ok) {
		*tab++ = '\0';
		tab[strcspn(tab, "\n")] = '\0';
		memset(run, 0, sizeof(*run));
		run->node = nodes_find(nodes, tab);
		ok = run->node != NULL &&
		     home_parse_id(b.p, &run->job, &run->run) == 0;
	}
	buf_release(&b);
	return ok;
}

int
remote_list(const struct home *h, const struct nodes *nodes,
    struct engine_run **runs, size_t *n, struct fail *f)
{
	struct strs names = {0};
	struct engine_run run;
	size_t i;

	*runs = NULL;
	*n = 0;
	if (!file_exists(h->fd, "jobs/.remote"))
		return 0;
	if (file_list(h->fd, "jobs/.remote", &names, f) != 0)
		return -1;
	for (i = 0; i < names.n; i++)
		if (is_uuid(names.v[i]) &&
		    read_mark(h, nodes, names.v[i], &run)) {
			run.uuid = mem_strdup(names.v[i]);
			*runs = mem_grow(*runs, *n + 1, sizeof(**runs));
			(*runs)[(*n)++] = run;
		}
	strs_release(&names);
	return 0;
}

int
remote_mark(const struct home *h, const struct engine_run *run, struct fail *f)
{
	char *path = mem_printf("jobs/.remote/%s", run->uuid);
	char *text =
	    mem_printf("%ld.%ld\t%s\n", run->job, run->run, run->node->name);
	int rc = file_mkdirs(h->fd, "jobs/.remote", 0700, f);

	if (rc != -1)
		rc = file_write(h->fd, path, text, strlen(text), 0600, f);
	free(text);
	free(path);
	return rc;
}

int
remote_purge(const struct home *h, const struct engine_run *const *runs,
    size_t n, struct fail *f)
{
	struct fail *why = mem_array(n + 1, sizeof(*why));
	int *rc = mem_array(n + 1, sizeof(*rc)), worst = 0;
	char *path;
	size_t i;

	engine_purge(h, runs, n, rc, why);
	for (i = 0; i < n; i++) {
		path = mem_printf("jobs/.remote/%s", runs[i]->uuid);
		if (rc[i] == 0)
			rc[i] = file_remove(h->fd, path, &why[i]);
		free(path);
		if (rc[i] != 0 && worst == 0) {
			*f = why[i];
			worst = -1;
		}
	}
	free(rc);
	free(why);
	return worst;
}

/* ---- fetching ---- */

static void
tell(const struct engine_run *run, const struct take *t,
    void (*say)(const char *text))
{
	char *text;

	if (t->refused == 0)
		return;
	text = mem_printf("node %s, run %ld.%ld: %zu refused; %s",
	    run->node->name, run->job, run->run, t->refused, t->first);
	say(text);
	free(text);
}

/* What came and was refused, or went astray, is asked for once more, from the
 * beginning; what is still missing then is given up. */
static bool
is_whole(const struct engine_run *run, const struct take *t, bool again,
    struct buf *cursor, void (*say)(const char *text))
{
	char *text;

	if (again || (t->whole && t->missing > 0)) {
		if (!again)
			buf_reset(cursor);
		buf_adds(cursor, "again\t1\n");
	}
	if (!t->whole || (t->missing > 0 && !again))
		return false;
	if (t->missing > 0) {
		text = mem_printf("node %s, run %ld.%ld: %zu files never came",
		    run->node->name, run->job, run->run, t->missing);
		say(text);
		free(text);
	}
	return true;
}

static int
receive(const struct home *h, const struct engine_run *run, int dir,
    struct take *t, struct buf *cursor, struct fail *f)
{
	struct child child;
	int fd, rc;

	if (engine_fetch(h, run, cursor, &child, &fd, f) != 0)
		return -1;
	rc = take_stream(fd, dir, t, cursor, f);
	close(fd);
	child_stop(&child, 1);
	if (rc == 0 && !t->end)
		rc = fail_set(f, EX_LAGO_TEMP,
		    "node %s: the results of %ld.%ld did not come",
		    run->node->name, run->job, run->run);
	return rc;
}

/* All came that the node's poll spoke of. */
static void
note_news(int dir, const struct engine_run *run)
{
	char text[128];

	if (run->news[0] == '\0')
		return;
	snprintf(
	    text, sizeof(text), "%lld %s", (long long)clock_boot(), run->news);
	note(dir, ".fetched", text);
}

/* It has found nothing since, and what it counts is not old. */
static bool
is_quiet(const struct home *h, const struct engine_run *run)
{
	struct buf b = BUF_INIT;
	char news[HASH_HEX] = "";
	long long at = 0, now = (long long)clock_boot();
	int dir;

	if (run->life != OUTCOME_ALIVE || run->news[0] == '\0' ||
	    (dir = run_dir(h, run)) < 0)
		return false;
	if (file_read(dir, ".fetched", 128, &b, NULL, NULL) == 0)
		sscanf(buf_str(&b), "%lld %64s", &at, news);
	buf_release(&b);
	close(dir);
	return strcmp(news, run->news) == 0 && at <= now && now < at + FIGURES;
}

enum got { FETCHED, WHOLE, FAILED }; /* whole: nothing more comes */

/* In a process of its own. */
static enum got
fetch(const struct home *h, const struct engine_run *run,
    void (*say)(const char *text))
{
	struct buf cursor = BUF_INIT;
	struct take t = {0};
	struct fail f = {0};
	int dir = home_run(h, run->job, run->run, &f), rc = -1;
	bool again, whole = false;

	if (dir >= 0) {
		file_read(dir, ".cursor", 1 << 16, &cursor, NULL, NULL);
		again = strstr(buf_str(&cursor), "again\t1\n") != NULL;
		rc = receive(h, run, dir, &t, &cursor, &f);
		tell(run, &t, say);
	}
	if (rc == 0) {
		whole = is_whole(run, &t, again, &cursor, say);
		rc = file_write(
		    dir, ".cursor", buf_str(&cursor), cursor.len, 0600, &f);
		if (rc == 0 && !t.more)
			note_news(dir, run);
	}
	if (rc != 0)
		say(f.text);
	return rc != 0 ? FAILED : whole ? WHOLE : FETCHED;
}

/* A fetch under way. */
struct fetching {
	pid_t pid; /* 0: none */
	enum got *got;
};

static void
reap(struct fetching *v, size_t n, bool late)
{
	size_t i;
	int status;

	for (i = 0; i < n; i++) {
		if (v[i].pid <= 0)
			continue;
		if (late)
			kill(v[i].pid, SIGKILL); /* the engine too */
		if (waitpid(v[i].pid, &status, late ? 0 : WNOHANG) == 0)
			continue;
		if (WIFEXITED(status))
			*v[i].got = (enum got)WEXITSTATUS(status);
		v[i].pid = 0;
	}
}

/* From all of them, so many at once.  What has not come in time comes the next
 * time. */
static void
fetch_all(const struct home *h, struct engine_run *const *runs, size_t n,
    enum got *got, void (*say)(const char *text))
{
	double end = clock_mono() + TRANSFER;
	struct fetching v[AT_ONCE] = {{0}};
	size_t next = 0, k, alive;
	bool late;

	for (k = 0; k < n; k++)
		got[k] = FAILED;
	do {
		for (k = alive = 0; k < AT_ONCE; k++) {
			if (v[k].pid <= 0 && next < n) {
				v[k].got = &got[next];
				v[k].pid = fork();
				if (v[k].pid == 0)
					_exit(fetch(h, runs[next], say));
				next++;
			}
			alive += v[k].pid > 0;
		}
		if (alive > 0)
			clock_sleep(0.005);
		late = clock_mono() > end;
		reap(v, AT_ONCE, late);
	} while (!late && (alive > 0 || next < n));
}

/* ---- visits ---- */

/* What the poll that leaves now asks for. */
static void
before(
    const struct home *h, struct engine_run *run, int64_t lease, struct poll *p)
{
	run->expired = false;
	run->lease_end = run->clock = 0;
	if (!remote_is(run->node))
		return;
	*p = last_poll(h, run);
	if (!p->answered)
		return;
	p->at = (int64_t)clock_boot();
	p->answered = false;
	run->lease_end = p->at + p->ahead + lease;
	note_poll(h, run, p);
}

static void
expire(struct engine_run *run)
{
	run->life = OUTCOME_GONE;
	run->left = false;
	run->expired = true;
}

/* Since the last poll that renewed its lease it must have ended. */
static bool
is_past(const struct poll *p, int64_t lease)
{
	return (int64_t)clock_boot() - p->at > lease + lease / 50 + MARGIN;
}

static void
after(
    const struct home *h, struct engine_run *run, int64_t lease, struct poll *p)
{
	int64_t now = (int64_t)clock_boot();

	if (!remote_is(run->node))
		return;
	if (run->life == OUTCOME_ALIVE && run->clock > 0) {
		p->ahead = run->clock - now;
		p->answered = true;
		note_poll(h, run, p);
	} else if (run->life == OUTCOME_UNKNOWN && is_past(p, lease))
		expire(run);
}

/* What has ended is judged when all it found is here; when nothing comes for so
 * long, without. */
static void
wait_for_results(struct engine_run *run, enum got got, bool past)
{
	if (run->life == OUTCOME_ALIVE || got == WHOLE)
		return;
	if (got == FAILED && past)
		expire(run);
	else
		run->life = OUTCOME_UNKNOWN;
}

int
remote_visit(const struct home *h, struct engine_run *const *runs, size_t n,
    int64_t lease, void (*say)(const char *text), struct fail *f)
{
	struct engine_run **some = mem_array(n + 1, sizeof(*some));
	struct poll *polls = mem_array(n + 1, sizeof(*polls));
	enum got *got = mem_array(n + 1, sizeof(*got));
	bool *past = mem_array(n + 1, sizeof(*past));
	size_t i, m = 0;
	int rc;

	for (i = 0; i < n; i++)
		before(h, runs[i], lease, &polls[i]);
	rc = engine_poll(h, runs, n, f);
	for (i = 0; i < n; i++) {
		after(h, runs[i], lease, &polls[i]);
		runs[i]->quiet = is_quiet(h, runs[i]);
		if (remote_is(runs[i]->node) && !runs[i]->quiet &&
		    (runs[i]->life == OUTCOME_ALIVE ||
			runs[i]->life == OUTCOME_ENDED || runs[i]->left)) {
			past[m] = is_past(&polls[i], lease);
			some[m++] = runs[i];
		}
	}
	fetch_all(h, some, m, got, say);
	for (i = 0; i < m; i++)
		wait_for_results(some[i], got[i], past[i]);
	free(some);
	free(polls);
	free(got);
	free(past);
	return rc;
}

void
remote_silent(struct nodes *nodes, struct engine_run *const *runs, size_t n)
{
	bool *asked = mem_array(nodes->n + 1, sizeof(*asked));
	bool *answered = mem_array(nodes->n + 1, sizeof(*answered));
	size_t i, at;

	for (i = 0; i < n; i++) {
		at = (size_t)(runs[i]->node - nodes->v);
		asked[at] = asked[at] || remote_is(runs[i]->node);
		answered[at] = answered[at] || runs[i]->answered;
	}
	for (i = 0; i < nodes->n; i++)
		if (asked[i] && !answered[i])
			nodes->v[i].silent = true;
	free(asked);
	free(answered);
}
