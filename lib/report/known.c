#include "report/known.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "job/home.h"
#include "report/facts.h"
#include "store/pick.h"
#include "store/repro.h"
#include "store/store.h"

enum { HASHED = 1 << 20, OUTPUT = 1 << 18 };

static const char *
text(struct facts *x, sqlite3_stmt *q, int column)
{
	const char *s = (const char *)sqlite3_column_text(q, column);

	return s == NULL || *s == '\0'
		   ? NULL
		   : facts_keep(x, s, strlen(s), FACTS_TEXT);
}

static int64_t
number(sqlite3_stmt *q, int column)
{
	return sqlite3_column_type(q, column) == SQLITE_NULL
		   ? FACTS_NONE
		   : sqlite3_column_int64(q, column);
}

static int
bug(struct facts *x, struct store *s, const struct pick *p, struct fail *f)
{
	sqlite3_stmt *q = store_query(
	    s, f, "SELECT state, note FROM bug WHERE id = ?1", "t", p->bug);
	int r;

	if (q == NULL || (r = store_row(s, q, f)) < 0)
		return -1;
	if (r == 1) {
		x->state = text(x, q, 0);
		x->note = text(x, q, 1);
		store_done(q);
	}
	return 0;
}

/* Crash rows that are the same bug, or without one the same input: how many,
 * and the last runs that have them. */
#define COUNTS                                                      \
	"SELECT count(DISTINCT c.id), count(DISTINCT CASE WHEN "    \
	"c.reproduced > 0 THEN c.id END), count(DISTINCT c.job), "  \
	"count(DISTINCT j.build), min(c.time), max(c.time), "       \
	"count(DISTINCT c.run) FROM v_crash AS c JOIN job AS j ON " \
	"j.id = c.job WHERE "
#define LAST                                                           \
	"SELECT c.run, c.target, j.build, count(*) FROM v_crash AS c " \
	"JOIN job AS j ON j.id = c.job WHERE "
#define LAST_END \
	" GROUP BY c.run ORDER BY c.job DESC, max(c.time) DESC LIMIT ?2"

static int
often(struct facts *x, struct store *s, const struct pick *p, struct fail *f)
{
	bool by_bug = *p->bug != '\0';
	const char *key = by_bug ? p->bug : p->sha;
	sqlite3_stmt *q = store_query(
	    s, f, by_bug ? COUNTS "c.bug = ?1" : COUNTS "c.id = ?1", "t", key);
	size_t n = 0;
	int r = -1;

	if (q == NULL || store_row(s, q, f) != 1)
		return -1;
	x->inputs = number(q, 0);
	x->inputs_reproduced = number(q, 1);
	x->jobs = number(q, 2);
	x->builds = number(q, 3);
	x->first = number(q, 4);
	x->last = number(q, 5);
	x->nruns = number(q, 6);
	store_done(q);
	q = store_query(s, f,
	    by_bug ? LAST "c.bug = ?1" LAST_END : LAST "c.id = ?1" LAST_END,
	    "ti", key, (int64_t)FACTS_RUNS);
	while (q != NULL && (r = store_row(s, q, f)) == 1) {
		x->runs[n].id = text(x, q, 0);
		x->runs[n].target = text(x, q, 1);
		x->runs[n].build = text(x, q, 2);
		x->runs[n++].inputs = number(q, 3);
	}
	return r;
}

/* The places of a bug that has several, the greatest first. */
static int
groups(struct facts *x, struct store *s, const struct pick *p, struct fail *f)
{
	sqlite3_stmt *q;
	size_t n = 0;
	int r = -1;

	q = store_query(s, f,
	    "SELECT g.exact, g.line, g.sha, g.crashes, b.groups FROM bug AS b "
	    "JOIN v_group AS g ON g.id = b.id WHERE g.id = ?1 AND b.id = ?1 "
	    "AND b.groups > 1 ORDER BY g.crashes DESC, g.exact LIMIT ?2",
	    "ti", p->bug, (int64_t)FACTS_GROUPS);
	while (q != NULL && (r = store_row(s, q, f)) == 1) {
		x->groups[n].exact = text(x, q, 0);
		x->groups[n].line = text(x, q, 1);
		x->groups[n].sha = text(x, q, 2);
		x->groups[n++].inputs = number(q, 3);
		x->ngroups = number(q, 4);
	}
	return r;
}

/* DIR/SHA256 of the run, when it is there: a descriptor, or -1. */
static int
file(const struct home *h, const struct pick *p, const char *dir,
    struct facts_file *to)
{
	char *path = mem_printf("%s/%s", dir, p->sha);
	int run = home_run(h, p->job, p->run, NULL), fd = -1;
	struct stat st;

	if (run >= 0)
		fd = openat(
		    run, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (run >= 0)
		close(run);
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	if (fd >= 0) {
		to->there = true;
		to->size = st.st_size;
	}
	free(path);
	return fd;
}

static void
files(struct facts *x, const struct home *h, const struct pick *p, bool output)
{
	struct facts_file *f[] = {&x->reduced, &x->input, &x->output};
	const char *dirs[] = {"reduced", "crashes", "reports"};
	const char *names[] = {"reduced input", "input"};
	size_t i;
	bool cut;
	int fd;

	for (i = 0; i < 3; i++) {
		if ((fd = file(h, p, dirs[i], f[i])) < 0)
			continue;
		if (i == 0 && f[i]->size <= HASHED)
			hash_fd(fd, f[i]->sha);
		if (i < 2 && x->small_is == NULL && f[i]->size <= FACTS_SMALL &&
		    lseek(fd, 0, SEEK_SET) == 0 &&
		    file_read_fd(
			fd, dirs[i], FACTS_SMALL, &x->small, NULL, NULL) == 0)
			x->small_is = names[i];
		if (i == 2 && output &&
		    file_read_fd(
			fd, dirs[i], OUTPUT, &x->printed, &cut, NULL) != 0)
			buf_reset(&x->printed);
		close(fd);
	}
}

int
known_add(struct facts *x, struct store *s, const struct home *h,
    const struct pick *p, unsigned more, struct fail *f)
{
	char *dir = mem_printf("%s/jobs/%ld/runs/%ld", h->path, p->job, p->run);
	char *path, run[48];
	int rc = 0;

	snprintf(run, sizeof(run), "%ld.%ld", p->job, p->run);
	x->run = facts_keep(x, run, strlen(run), FACTS_NAME);
	x->sha = facts_keep(x, p->sha, strlen(p->sha), FACTS_NAME);
	x->project = facts_keep(x, p->project, strlen(p->project), FACTS_NAME);
	x->bug = *p->bug == '\0'
		     ? NULL
		     : facts_keep(x, p->bug, strlen(p->bug), FACTS_NAME);
	x->dir = facts_keep(x, dir, strlen(dir), FACTS_NAME);
	free(dir);
	x->state = x->note = NULL;
	if (bug(x, s, p, f) != 0 || often(x, s, p, f) != 0 ||
	    groups(x, s, p, f) != 0)
		return -1;
	files(x, h, p, (more & KNOWN_OUTPUT) != 0);
	if (more & KNOWN_REPRO) {
		path = mem_printf("%s/crashes/%s", x->dir, p->sha);
		rc = repro_lines(
		    h, p->job, repro_build(x->judge), path, &x->repro, f);
		free(path);
	}
	return rc;
}
