#include "run/finish.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/strs.h"
#include "run/collect.h"
#include "run/foreign.h"
#include "run/inside.h"
#include "run/life.h"
#include "run/livereduce.h"
#include "run/livetriage.h"
#include "run/replays.h"
#include "run/task.h"

#define INPUT_MAX (16 << 20)
#define RECORD_MAX (64 << 10)
#define BUDGET_LEAST 300.0 /* seconds; or a tenth of the deadline */
#define MARGIN 3.0	   /* before end_by: to write what there is */

/* The moment when finishing ends: its own budget, or earlier. */
static double
limit(const struct life *l, double start)
{
	double most = l->deadline / 10, end;

	end = start + (most > BUDGET_LEAST ? most : BUDGET_LEAST);
	if (l->end_by > 0 && l->end_by - MARGIN < end)
		end = l->end_by - MARGIN;
	return end;
}

/* ---- corpus ---- */

/* One file from a directory of the run to work/minimize. */
static int
stage(struct life *l, int to, const char *dir, const char *sha)
{
	char *from = mem_printf("%s/%s", dir, sha);
	struct buf b = BUF_INIT;
	int rc = file_read(l->dir, from, INPUT_MAX, &b, NULL, NULL);

	if (rc == 0)
		rc = inside_write(to, sha, buf_str(&b), b.len, 0644);
	buf_release(&b);
	free(from);
	return rc;
}

static size_t
stage_all(struct life *l, int to, const char *dir)
{
	struct strs names = {0};
	size_t i, n = 0;

	if (file_list(l->dir, dir, &names, NULL) == 0)
		for (i = 0; i < names.n; i++)
			n += hash_is_hex(names.v[i]) &&
			     stage(l, to, dir, names.v[i]) == 0;
	strs_release(&names);
	return n;
}

/* All of queue/ and what others found, where the tools in the sandbox can see
 * it; how many. */
static size_t
stage_queue(struct life *l)
{
	size_t n;
	int fd;

	inside_remove(l->workfd, "minimize");
	close(inside_dir(l->workfd, "minimize"));
	fd = inside_dir(l->workfd, "minimize/in");
	if (fd < 0)
		return 0;
	n = stage_all(l, fd, "queue") + stage_all(l, fd, FOREIGN_DIR);
	close(fd);
	return n;
}

/* Files of a directory below work/ into one of the run, by their content. */
static size_t
take_all(struct life *l, const char *from, int to)
{
	int fd = inside_open(l->workfd, from, O_RDONLY | O_DIRECTORY, 0);
	struct strs names = {0};
	struct buf b = BUF_INIT;
	char sha[HASH_HEX];
	size_t i, n = 0;

	if (fd >= 0)
		file_list(fd, ".", &names, NULL);
	for (i = 0; i < names.n; i++) {
		if (inside_read(fd, names.v[i], INPUT_MAX, &b) != 0)
			continue;
		hash_bytes(buf_str(&b), b.len, sha);
		if (inside_write(to, sha, buf_str(&b), b.len, 0644) == 0)
			n++;
	}
	strs_release(&names);
	buf_release(&b);
	if (fd >= 0)
		close(fd);
	return n;
}

/* corpus/ appears whole, in place of an older one. */
static void
publish_corpus(struct life *l)
{
	int to;
	size_t n;

	file_remove(l->dir, ".corpus", NULL);
	if (mkdirat(l->dir, ".corpus", 0755) != 0)
		return;
	to = openat(l->dir, ".corpus", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return;
	n = take_all(l, "minimize/corpus", to);
	syncfs(to);
	close(to);
	if (n == 0)
		return;
	file_remove(l->dir, "corpus", NULL);
	if (renameat(l->dir, ".corpus", l->dir, "corpus") != 0)
		life_say(l, "cannot make 'corpus': %s", strerror(errno));
}

/* A quarantined input of the corpus is a crash that was not known yet. */
static void
take_quarantine(struct life *l)
{
	int fd = inside_open(
	    l->workfd, "minimize/quarantine", O_RDONLY | O_DIRECTORY, 0);
	struct strs names = {0};
	struct found *f;
	char *path;
	size_t i;
	int to;

	if (fd < 0)
		return;
	file_list(fd, ".", &names, NULL);
	close(fd);
	for (i = 0; i < names.n; i++) {
		path = mem_printf("minimize/quarantine/%s", names.v[i]);
		f = collect_input(l, path, false);
		if (f != NULL)
			livetriage_add(l, f);
		free(path);
	}
	strs_release(&names);
	mkdirat(l->dir, "quarantine", 0755);
	to = openat(l->dir, "quarantine",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (to >= 0) {
		take_all(l, "minimize/quarantine", to);
		close(to);
	}
}

/* How much the minimal corpus covers, if all of it was run. */
static void
note_tuples(struct life *l, const struct task *t)
{
	struct buf b = BUF_INIT;
	int64_t tuples, unrun;

	task_read(t, 0, RECORD_MAX, &b);
	if (json_int(b.p, b.len, "$.tuples", &tuples) &&
	    json_int(b.p, b.len, "$.unrun", &unrun) && unrun == 0)
		kv_setf(&l->progress, "tuples", "%lld", (long long)tuples);
	buf_release(&b);
}

/* lago-minimize on what was staged; true when it has a result. */
static bool
minimize(struct life *l, double seconds)
{
	struct strs options = {0}, inputs = {0};
	struct fail f = {0};
	struct task *t;
	bool good = false;

	strs_add(&options, "lago-minimize");
	strs_add(&options, "-j");
	strs_addf(&options, "-b%.1f", seconds);
	strs_addf(&options, "-o%s/minimize/corpus", l->work);
	strs_addf(&options, "-xquarantine=%s/minimize/quarantine", l->work);
	strs_add(&options, "-xcache=no"); /* nobody asks it again */
	strs_addf(&inputs, "%s/minimize/in", l->work);
	t = replays_start(
	    l, LIFE_TARGET, &options, &inputs, 0, seconds + 10, &f);
	if (t == NULL) {
		life_say(l, "%s", f.text);
	} else {
		task_wait(l, t);
		good = WIFEXITED(t->ev.status) &&
		       WEXITSTATUS(t->ev.status) <= EX_LAGO_NO;
		if (good)
			note_tuples(l, t);
		if (!good)
			life_say(l, "lago-minimize: status %d",
			    WIFEXITED(t->ev.status)
				? WEXITSTATUS(t->ev.status)
				: 128 + WTERMSIG(t->ev.status));
		task_free(l, t);
	}
	strs_release(&options);
	strs_release(&inputs);
	return good;
}

static void
minimize_corpus(struct life *l, double seconds)
{
	if (seconds < 1 || stage_queue(l) == 0 || !minimize(l, seconds))
		return;
	publish_corpus(l);
	take_quarantine(l);
}

int
finish_go(struct life *l)
{
	double start = clock_mono();

	livereduce_stop(l);
	collect_crashes(l);
	collect_queue(l);
	livetriage_drain(l, limit(l, start));
	minimize_corpus(l, (limit(l, start) - clock_mono()) / 3);
	livetriage_drain(l, limit(l, start));
	livereduce_all(l, limit(l, start));
	return l->gone ? life_fail(l, "node", EX_LAGO_TEMP,
			     "the keeper of the run was ended")
		       : 0;
}
