#include "job/corpora.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/strs.h"
#include "job/home.h"

#define LIST_MAX (256 << 20)
#define INPUT_MAX (16 << 20)
#define LEAST 90	  /* per cent of what another build covered */
#define SETS 5		  /* the newest ones, whose inputs stay */
#define STAY (30 * 86400) /* seconds that the others do */
#define LOCK_SECONDS 10
#define CORPUS "corpus"

/* ---- names and lists ---- */

/* Names of targets are words, but of dots too. */
static bool
is_name(const char *s)
{
	return s != NULL && *s != '\0' && *s != '.' && strchr(s, '/') == NULL &&
	       strlen(s) <= 200;
}

static int
open_dir(int at, const char *name)
{
	return openat(
	    at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static int
open_target(const struct home *h, const char *name)
{
	int above, fd;

	if (!is_name(name) || (above = open_dir(h->fd, CORPUS)) < 0)
		return -1;
	fd = open_dir(above, name);
	close(above);
	return fd;
}

/* The same, made where it is missing, and locked. */
static int
make_target(const struct home *h, const char *name, int *lock, struct fail *f)
{
	char *path = mem_printf(CORPUS "/%s", name), *below;
	static const char *const dirs[] = {"sets", "quarantine"};
	size_t i;
	int fd = -1, rc = 0;

	for (i = 0; rc != -1 && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		below = mem_printf("%s/%s", path, dirs[i]);
		rc = file_mkdirs(h->fd, below, 0700, f);
		free(below);
	}
	free(path);
	if (rc == -1)
		return -1;
	fd = open_target(h, name);
	if (fd < 0)
		return fail_errno(
		    f, EX_LAGO_CANTCREAT, "cannot open '" CORPUS "/%s'", name);
	*lock = file_lock(fd, ".lock", LOCK_SECONDS, f);
	if (*lock < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
sort_unique(struct strs *l)
{
	size_t i, n = 0;

	strs_sort(l);
	for (i = 0; i < l->n; i++)
		if (n == 0 || strcmp(l->v[n - 1], l->v[i]) != 0)
			l->v[n++] = l->v[i];
		else
			free(l->v[i]);
	if (l->v != NULL)
		l->v[n] = NULL;
	l->n = n;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Of a sorted list. */
static bool
listed(const struct strs *l, const char *sha)
{
	return l->n > 0 &&
	       bsearch(&sha, l->v, l->n, sizeof(*l->v), compare) != NULL;
}

/* The names at the beginnings of a list's lines; of `added`, those that came
 * from that moment on. */
static void
read_list(int dir, const char *path, int64_t since, struct strs *names)
{
	struct buf b = BUF_INIT;
	char *rest, *line, *sha;

	if (file_exists(dir, path))
		file_read(dir, path, LIST_MAX, &b, NULL, NULL);
	rest = b.p;
	while ((line = strsep(&rest, "\n")) != NULL) {
		sha = strsep(&line, "\t");
		if (hash_is_hex(sha) &&
		    (line == NULL || strtoll(line, NULL, 10) >= since))
			strs_add(names, sha);
	}
	buf_release(&b);
}

static void
put_list(const struct strs *names, struct buf *b)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		buf_addf(b, "%s\n", names->v[i]);
}

/* ---- sets ---- */

struct set {
	char *name; /* BUILD.DRIVER */
	int64_t at;
	long tuples;
};

struct sets {
	struct set *v;
	size_t n;
};

static int
newest_first(const void *a, const void *b)
{
	const struct set *x = a, *y = b;

	return x->at != y->at ? (x->at < y->at ? 1 : -1)
			      : strcmp(x->name, y->name);
}

static void
read_sets(int dir, struct sets *sets)
{
	struct strs names = {0};
	struct buf b = BUF_INIT;
	long long at;
	struct set *set;
	char *path;
	size_t i;
	long tuples;
	bool cut;

	memset(sets, 0, sizeof(*sets));
	file_list(dir, "sets", &names, NULL);
	for (i = 0; i < names.n; i++) {
		path = mem_printf("sets/%s", names.v[i]);
		if (file_read(dir, path, 128, &b, &cut, NULL) == 0 &&
		    sscanf(buf_str(&b), "# %lld %*d %ld", &at, &tuples) == 2) {
			sets->v =
			    mem_grow(sets->v, sets->n + 1, sizeof(*sets->v));
			set = &sets->v[sets->n++];
			*set = (struct set){mem_strdup(names.v[i]), at, tuples};
		}
		free(path);
	}
	if (sets->n > 0)
		qsort(sets->v, sets->n, sizeof(*sets->v), newest_first);
	buf_release(&b);
	strs_release(&names);
}

static void
release_sets(struct sets *sets)
{
	while (sets->n > 0)
		free(sets->v[--sets->n].name);
	free(sets->v);
}

static const struct set *
newest(const struct sets *sets, const char *driver)
{
	const char *dot;
	size_t i;

	for (i = 0; i < sets->n; i++) {
		dot = strchr(sets->v[i].name, '.');
		if (dot != NULL && strcmp(dot + 1, driver) == 0)
			return &sets->v[i];
	}
	return NULL;
}

/* ---- lending ---- */

static void
lend(int from, const struct kv *settings, int to)
{
	const char *build = kv_get(settings, "build");
	struct strs names = {0}, bad = {0};
	const struct set *set;
	struct sets sets;
	char *path;
	size_t i;

	read_sets(from, &sets);
	set = newest(&sets, kv_get(settings, "driver"));
	if (set != NULL) {
		path = mem_printf("sets/%s", set->name);
		read_list(from, path, 0, &names);
		free(path);
	}
	/* What other builds had to leave out may be well on this one: it is in
	 * no set, but it was added once. */
	read_list(from, "added", set != NULL ? set->at : 0, &names);
	file_list(from, "quarantine", &bad, NULL);
	for (i = 0; i < bad.n; i++) {
		path = mem_printf("quarantine/%s", bad.v[i]);
		read_list(from, path, 0, &names);
		free(path);
	}
	strs_release(&bad);
	if (build != NULL) {
		path = mem_printf("quarantine/%s", build);
		read_list(from, path, 0, &bad);
		free(path);
	}
	strs_sort(&bad);
	sort_unique(&names);
	for (i = 0; i < names.n; i++) {
		if (listed(&bad, names.v[i]))
			continue;
		file_link(from, names.v[i], to, names.v[i], NULL);
	}
	release_sets(&sets);
	strs_release(&names);
	strs_release(&bad);
}

static bool
reuses(const struct kv *settings)
{
	return kv_int(settings, "corpus_reuse", 1) != 0 &&
	       kv_get(settings, "driver") != NULL;
}

void
corpora_lend(const struct home *h, const struct kv *settings, int dir)
{
	const char *related = kv_get(settings, "corpus_from");
	struct strs targets = {0};
	char *list, *rest, *name;
	size_t i;
	int from, to;

	if (!reuses(settings))
		return;
	if (kv_int(settings, "named", 0) != 0)
		strs_add(&targets, kv_get(settings, "target"));
	rest = list = mem_strdup(related != NULL ? related : "");
	while ((name = strsep(&rest, ",")) != NULL)
		strs_add(&targets, name);
	free(list);
	for (i = 0; i < targets.n; i++) {
		from = open_target(h, targets.v[i]);
		if (from < 0)
			continue;
		mkdirat(dir, "foreign", 0755);
		to = open_dir(dir, "foreign");
		if (to >= 0) {
			lend(from, settings, to);
			close(to);
		}
		close(from);
	}
	strs_release(&targets);
}

/* ---- keeping ---- */

/* Listed first, then there: what is named and missing does no harm. */
static int
add_all(int dir, int from, const char *below, const struct strs *names,
    long job, struct fail *f)
{
	struct buf lines = BUF_INIT;
	char *path;
	size_t i;
	int fd, rc = 0;

	for (i = 0; i < names->n; i++)
		if (!file_exists(dir, names->v[i]))
			buf_addf(&lines, "%s\t%lld\t%ld\n", names->v[i],
			    (long long)clock_unix(), job);
	if (lines.len == 0)
		return 0;
	fd = openat(dir, "added",
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || file_write_fd(fd, lines.p, lines.len) != 0 ||
	    fdatasync(fd) != 0)
		rc = fail_errno(f, EX_LAGO_IO, "cannot write 'added'");
	for (i = 0; rc == 0 && i < names->n; i++) {
		path = mem_printf("%s/%s", below, names->v[i]);
		if (file_link(from, path, dir, names->v[i], f) == -1)
			rc = -1;
		free(path);
	}
	if (rc == 0 && syncfs(dir) != 0)
		rc = fail_errno(f, EX_LAGO_IO, "cannot write a corpus");
	if (fd >= 0)
		close(fd);
	buf_release(&lines);
	return rc;
}

/* The names of inputs in a directory of a run. */
static void
inputs_of(int dir, const char *below, struct strs *names)
{
	struct strs all = {0};
	size_t i;

	if (file_exists(dir, below))
		file_list(dir, below, &all, NULL);
	for (i = 0; i < all.n; i++)
		if (hash_is_hex(all.v[i]))
			strs_add(names, all.v[i]);
	strs_release(&all);
}

/* Those of ours that crash or hang on this build. */
static int
keep_bad(int dir, const char *build, const struct corpora_run *runs, size_t n,
    struct fail *f)
{
	char *path = mem_printf("quarantine/%s", build);
	struct strs found = {0}, all = {0};
	struct buf b = BUF_INIT;
	size_t i, before;
	int rc = 0;

	for (i = 0; i < n; i++)
		inputs_of(runs[i].dir, "quarantine", &found);
	read_list(dir, path, 0, &all);
	sort_unique(&all);
	before = all.n;
	for (i = 0; i < found.n; i++)
		if (file_exists(dir, found.v[i]))
			strs_add(&all, found.v[i]);
	sort_unique(&all);
	if (all.n > before) {
		put_list(&all, &b);
		rc = file_write(dir, path, b.p, b.len, 0600, f);
	}
	buf_release(&b);
	strs_release(&found);
	strs_release(&all);
	free(path);
	return rc;
}

/* Is it good enough to follow the set before?  Else why not. */
static char *
objection(
    const struct sets *sets, const char *name, const char *driver, long tuples)
{
	const struct set *old = newest(sets, driver);
	size_t i;

	for (i = 0; i < sets->n; i++)
		if (strcmp(sets->v[i].name, name) == 0)
			old = &sets->v[i];
	if (old == NULL || tuples == 0 || old->tuples == 0)
		return NULL;
	if (strcmp(old->name, name) == 0 ? tuples >= old->tuples
					 : tuples * 100 >= old->tuples * LEAST)
		return NULL;
	return mem_printf(
	    "covers %ld of %ld: the set before stays", tuples, old->tuples);
}

static int
keep_set(int dir, const char *name, const char *driver, long job,
    const struct strs *names, long tuples, char **text, struct fail *f)
{
	char *path = mem_printf("sets/%s", name);
	struct buf b = BUF_INIT;
	struct sets sets;
	int rc = 0;

	read_sets(dir, &sets);
	*text = objection(&sets, name, driver, tuples);
	if (*text != NULL) {
		rc = 1;
	} else if (names->n > 0) {
		buf_addf(&b, "# %lld %ld %ld\n", (long long)clock_unix(), job,
		    tuples);
		put_list(names, &b);
		rc = file_write(dir, path, b.p, b.len, 0600, f);
	}
	release_sets(&sets);
	buf_release(&b);
	free(path);
	return rc;
}

/* What is in none of the newest sets, and was not added lately, goes; lists of
 * sets and of quarantines may name it still. */
static void
leave(int dir)
{
	struct strs stay = {0}, all = {0};
	struct sets sets;
	char *path;
	size_t i;

	read_sets(dir, &sets);
	for (i = 0; i < sets.n && i < SETS; i++) {
		path = mem_printf("sets/%s", sets.v[i].name);
		read_list(dir, path, 0, &stay);
		free(path);
	}
	read_list(dir, "added", clock_unix() - STAY, &stay);
	sort_unique(&stay);
	inputs_of(dir, ".", &all);
	for (i = 0; sets.n > 0 && i < all.n; i++)
		if (!listed(&stay, all.v[i]))
			unlinkat(dir, all.v[i], 0);
	release_sets(&sets);
	strs_release(&stay);
	strs_release(&all);
}

static int
keep(int dir, long job, const struct kv *settings,
    const struct corpora_run *runs, size_t n, char **text, struct fail *f)
{
	const char *driver = kv_get(settings, "driver");
	const char *build = kv_get(settings, "build"), *below;
	char *name = mem_printf("%s.%s", build, driver);
	struct strs set = {0}, some = {0};
	long tuples = 0;
	size_t i, k;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		inputs_of(runs[i].dir, below = "corpus", &some);
		for (k = 0; k < some.n; k++)
			strs_add(&set, some.v[k]);
		if (some.n == 0)
			inputs_of(runs[i].dir, below = "queue", &some);
		if (runs[i].tuples > tuples)
			tuples = runs[i].tuples;
		rc = add_all(dir, runs[i].dir, below, &some, job, f);
		strs_release(&some);
	}
	sort_unique(&set);
	if (rc == 0)
		rc = keep_bad(dir, build, runs, n, f);
	if (rc == 0 && is_name(name))
		rc = keep_set(dir, name, driver, job, &set, tuples, text, f);
	leave(dir);
	strs_release(&set);
	free(name);
	return rc;
}

int
corpora_keep(const struct home *h, long job, const struct kv *settings,
    const struct corpora_run *runs, size_t n, char **text, struct fail *f)
{
	const char *target = kv_get(settings, "target");
	int dir, lock, rc;

	*text = NULL;
	if (!reuses(settings) || kv_int(settings, "named", 0) == 0 ||
	    !is_name(target) || kv_get(settings, "build") == NULL)
		return 0;
	dir = make_target(h, target, &lock, f);
	if (dir < 0)
		return -1;
	rc = keep(dir, job, settings, runs, n, text, f);
	close(lock);
	close(dir);
	return rc;
}

/* ---- another home's ---- */

/* An input of a stranger, if it is what its name says. */
static void
take_input(int from, const char *sha, int to)
{
	struct buf b = BUF_INIT;
	char real[HASH_HEX];

	if (file_read(from, sha, INPUT_MAX, &b, NULL, NULL) == 0) {
		hash_bytes(buf_str(&b), b.len, real);
		if (strcmp(real, sha) == 0)
			file_write(to, sha, buf_str(&b), b.len, 0600, NULL);
	}
	buf_release(&b);
}

/* Lists that are not here; their lines are read as names only. */
static void
take_lists(int from, int to, const char *below)
{
	struct strs names = {0};
	struct buf b = BUF_INIT;
	char *path;
	size_t i;

	if (file_exists(from, below))
		file_list(from, below, &names, NULL);
	for (i = 0; i < names.n; i++) {
		path = mem_printf("%s/%s", below, names.v[i]);
		if (!file_exists(to, path) &&
		    file_read(from, path, LIST_MAX, &b, NULL, NULL) == 0)
			file_write(to, path, buf_str(&b), b.len, 0600, NULL);
		free(path);
	}
	buf_release(&b);
	strs_release(&names);
}

static int
merge(const struct home *h, int from, const char *name, struct fail *f)
{
	struct strs names = {0}, missing = {0};
	struct buf lines = BUF_INIT;
	int dir, lock, fd, rc = 0;
	size_t i;

	dir = make_target(h, name, &lock, f);
	if (dir < 0)
		return -1;
	inputs_of(from, ".", &names);
	for (i = 0; i < names.n; i++)
		if (!file_exists(dir, names.v[i])) {
			strs_add(&missing, names.v[i]);
			buf_addf(&lines, "%s\t%lld\t0\n", names.v[i],
			    (long long)clock_unix());
		}
	fd = openat(dir, "added",
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || file_write_fd(fd, buf_str(&lines), lines.len) != 0)
		rc = fail_errno(f, EX_LAGO_IO, "cannot write 'added'");
	for (i = 0; rc == 0 && i < missing.n; i++)
		take_input(from, missing.v[i], dir);
	if (rc == 0) {
		take_lists(from, dir, "sets");
		take_lists(from, dir, "quarantine");
	}
	if (fd >= 0)
		close(fd);
	buf_release(&lines);
	strs_release(&names);
	strs_release(&missing);
	close(lock);
	close(dir);
	return rc;
}

int
corpora_merge(const struct home *h, int other, struct fail *f)
{
	struct strs names = {0};
	int above = open_dir(other, CORPUS), from, rc = 0;
	size_t i;

	if (above < 0)
		return 0;
	rc = file_list(above, ".", &names, f);
	for (i = 0; rc == 0 && i < names.n; i++) {
		if (!is_name(names.v[i]) ||
		    (from = open_dir(above, names.v[i])) < 0)
			continue;
		rc = merge(h, from, names.v[i], f);
		close(from);
	}
	strs_release(&names);
	close(above);
	return rc;
}
