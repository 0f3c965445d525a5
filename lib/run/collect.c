#include "run/collect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/out.h"
#include "base/strs.h"
#include "run/inside.h"
#include "run/instances.h"
#include "run/life.h"
#include "run/livetriage.h"
#include "run/replays.h"
#include "run/seen.h"
#include "run/verbs.h"

#define CRASH_MAX (16 << 20) /* bytes of an input that is kept */
#define QUEUE_MAX (4 << 20)
#define QUEUE_INTERVAL 20.0 /* seconds, later on */
#define COST 10		    /* a verb may take a tenth of the time */
#define DEPTH 4
#define SETTLED 0.5 /* seconds since something was written to it */
#define SETTLED_EMPTY 2.0
#define FOUND_MAX (256 << 20)

struct collect {
	int crashes, queue; /* the directories */
	int list, queued;   /* .found and .queue, for appending */
	struct seen known;  /* by SHA-256: struct found */
	struct seen paths;  /* artefacts, corpus files: already here */
	struct seen corpus; /* by SHA-256, in queue/ */
	struct seen others; /* the same, what others found */
	struct seen queues; /* directories of the corpus */
	uint64_t count, hangs, signature;
	double next_crashes, next_queue;
};

static int
open_made(struct life *l, const char *name)
{
	int fd;

	if (mkdirat(l->dir, name, 0755) != 0 && errno != EEXIST)
		return -1;
	fd = openat(
	    l->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

/* ---- what is known ---- */

static bool
is_late(const char *artefact)
{
	return strstr(artefact, "hang") != NULL ||
	       strncmp(artefact, "timeout-", 8) == 0 ||
	       strncmp(artefact, "slow-unit-", 10) == 0;
}

static struct found *
know(struct life *l, const char *sha)
{
	struct found *f = mem_alloc(sizeof(*f));

	memcpy(f->sha, sha, sizeof(f->sha));
	*seen_put(&l->collect->known, sha) = f;
	return f;
}

/* SHA seconds instance origin size artefact */
static void
read_line(struct life *l, char *line)
{
	char *field[6], *p = line;
	struct stat st;
	struct found *f;
	size_t i;
	long n;

	for (i = 0; i < 6 && p != NULL; i++)
		field[i] = strsep(&p, "\t");
	if (i < 6 || !hash_is_hex(field[0]) ||
	    fstatat(l->collect->crashes, field[0], &st, AT_SYMLINK_NOFOLLOW) !=
		0)
		return;
	f = know(l, field[0]);
	f->seconds = strtod(field[1], NULL);
	f->instance = atoi(field[2]);
	f->seed = strcmp(field[3], "seed") == 0;
	f->size = (uint64_t)st.st_size;
	f->late = atoi(field[4]);
	n = out_tsv_unescape(field[5], strlen(field[5]));
	f->artefact = mem_strndup(field[5], n > 0 ? (size_t)n : 0);
	l->collect->count++;
	l->collect->hangs += f->late;
	livetriage_add(l, f);
}

static void
read_found(struct life *l)
{
	struct buf b = BUF_INIT;
	char *p, *next;

	if (file_read(l->dir, ".found", FOUND_MAX, &b, NULL, NULL) != 0)
		return;
	for (p = b.p; p != NULL && (next = strchr(p, '\n')) != NULL;
	     p = next + 1) {
		*next = '\0';
		read_line(l, p);
	}
	/* A torn last line: its crash is found again, by its artefact. */
	if (p != NULL && *p != '\0' &&
	    ftruncate(l->collect->list, p - b.p) != 0)
		life_say(l, "cannot mend '.found'");
	buf_release(&b);
}

static int
append(struct life *l, const struct found *f)
{
	struct buf b = BUF_INIT;
	int rc;

	buf_addf(&b, "%s\t%.3f\t%d\t%s\t%d\t", f->sha, f->seconds, f->instance,
	    f->seed ? "seed" : "fuzz", f->late);
	out_tsv_escape(&b, f->artefact, strlen(f->artefact));
	buf_addc(&b, '\n');
	rc = file_write_fd(l->collect->list, b.p, b.len);
	buf_release(&b);
	return rc;
}

/* A file that the list does not know: we were killed between the two. */
static void
adopt(struct life *l, const char *sha)
{
	struct stat st;
	struct found *f;

	if (!hash_is_hex(sha) || collect_find(l, sha) != NULL ||
	    fstatat(l->collect->crashes, sha, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	f = know(l, sha);
	f->artefact = mem_strdup("");
	f->seconds = l->fuzz_before;
	f->instance = -1;
	f->size = (uint64_t)st.st_size;
	append(l, f);
	l->collect->count++;
	livetriage_add(l, f);
}

static void
list_queued(struct life *l, const char *sha)
{
	char line[HASH_HEX + 1];

	snprintf(line, sizeof(line), "%s\n", sha);
	if (file_write_fd(l->collect->queued, line, HASH_HEX) != 0)
		life_say(l, "cannot write '.queue'");
}

/* Those that came into queue/ just before we were killed. */
static void
list_missing(struct life *l, const struct strs *names)
{
	struct seen listed = {0};
	struct buf b = BUF_INIT;
	char *p, *next;
	size_t i;

	if (file_read(l->dir, ".queue", FOUND_MAX, &b, NULL, NULL) == 0)
		for (p = b.p; p != NULL && (next = strchr(p, '\n')) != NULL;
		     p = next + 1) {
			*next = '\0';
			seen_put(&listed, p);
		}
	if (b.len % HASH_HEX != 0) /* a torn line is no name */
		file_write_fd(l->collect->queued, "\n", 1);
	for (i = 0; i < names->n; i++)
		if (seen_find(&listed, names->v[i]) == NULL)
			list_queued(l, names->v[i]);
	seen_release(&listed);
	buf_release(&b);
}

int
collect_start(struct life *l)
{
	struct collect *c = l->collect = mem_alloc(sizeof(*c));
	struct strs names = {0};
	size_t i;

	c->crashes = open_made(l, "crashes");
	c->queue = open_made(l, "queue");
	c->list = openat(l->dir, ".found",
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	c->queued = openat(l->dir, ".queue",
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (c->crashes < 0 || c->queue < 0 || c->list < 0 || c->queued < 0)
		return life_fail(l, "disk", EX_LAGO_CANTCREAT,
		    "cannot make '%s/crashes'", l->path);
	file_sweep(c->crashes, ".");
	read_found(l);
	if (file_list(c->crashes, ".", &names, NULL) == 0)
		for (i = 0; i < names.n; i++)
			adopt(l, names.v[i]);
	strs_release(&names);
	if (file_list(c->queue, ".", &names, NULL) == 0)
		for (i = 0; i < names.n; i++)
			seen_put(&c->corpus, names.v[i]);
	list_missing(l, &names);
	strs_release(&names);
	return 0;
}

void
collect_free(struct life *l)
{
	struct collect *c = l->collect;
	struct found *f;
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->known.size; i++)
		if ((f = c->known.slot[i].value) != NULL) {
			free(f->artefact);
			free(f);
		}
	seen_release(&c->known);
	seen_release(&c->paths);
	seen_release(&c->corpus);
	seen_release(&c->others);
	seen_release(&c->queues);
	close(c->crashes);
	close(c->queue);
	close(c->list);
	close(c->queued);
	free(c);
	l->collect = NULL;
}

uint64_t
collect_count(const struct life *l)
{
	return l->collect != NULL ? l->collect->count : 0;
}

uint64_t
collect_hangs(const struct life *l)
{
	return l->collect != NULL ? l->collect->hangs : 0;
}

uint64_t
collect_corpus(const struct life *l)
{
	return l->collect != NULL ? l->collect->corpus.n : 0;
}

struct found *
collect_find(const struct life *l, const char *sha)
{
	void **value = seen_find(&l->collect->known, sha);

	return value != NULL ? *value : NULL;
}

void
collect_drop(struct life *l, struct found *f)
{
	unlinkat(l->collect->crashes, f->sha, 0);
	l->collect->count--;
	l->collect->hangs -= f->late;
	l->dropped++;
}

/* ---- crashes ---- */

/* The instance that a path names: the first part that is N or iN. */
static int
instance_of(const char *path)
{
	const char *p = path;
	char *end;
	long n;

	while (p != NULL) {
		p += *p == '/';
		n = strtol(*p == 'i' ? p + 1 : p, &end, 10);
		if (*end == '/' && end > p + (*p == 'i') && n >= 0 && n < 4096)
			return (int)n;
		p = strchr(p, '/');
	}
	return -1;
}

/* The second of fuzzing in which the file was written, as it says itself. */
static double
when(const struct life *l, const char *path)
{
	double now = life_fuzzed(l), ago;
	struct timespec clock;
	struct stat st;

	clock_gettime(CLOCK_REALTIME, &clock);
	if (fstatat(l->workfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return now;
	ago = (double)(clock.tv_sec - st.st_mtim.tv_sec) +
	      (double)(clock.tv_nsec - st.st_mtim.tv_nsec) / 1e9;
	return ago <= 0 ? now : ago >= now ? 0 : now - ago;
}

/* Who writes a file may not be done with it; of an empty one that is likely. */
static bool
is_fresh(const struct life *l, const char *path)
{
	struct timespec clock;
	struct stat st;
	double age;

	if (fstatat(l->workfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	clock_gettime(CLOCK_REALTIME, &clock);
	age = (double)(clock.tv_sec - st.st_mtim.tv_sec) +
	      (double)(clock.tv_nsec - st.st_mtim.tv_nsec) / 1e9;
	return age >= -1 && age < (st.st_size > 0 ? SETTLED : SETTLED_EMPTY);
}

/* Durable in crashes/, then in the list; NULL when it was known. */
static struct found *
keep(struct life *l, const struct buf *b, const char *path, bool seed)
{
	const char *name = strrchr(path, '/');
	struct fail why = {0};
	char sha[HASH_HEX];
	struct found *f;

	hash_bytes(buf_str(b), b->len, sha);
	if (collect_find(l, sha) != NULL)
		return NULL;
	if (!file_exists(l->collect->crashes, sha) &&
	    file_write(l->collect->crashes, sha, buf_str(b), b->len, 0644,
		&why) != 0) {
		life_say(l, "%s", why.text);
		return NULL;
	}
	f = know(l, sha);
	f->artefact = mem_strdup(name != NULL ? name + 1 : path);
	f->seconds = when(l, path);
	f->instance = seed ? -1 : instance_of(path);
	f->seed = seed;
	f->late = is_late(path);
	f->size = b->len;
	append(l, f);
	l->collect->count++;
	l->collect->hangs += f->late;
	return f;
}

static void
take_crash(struct life *l, const char *path)
{
	struct buf b = BUF_INIT, trace = BUF_INIT;
	struct found *f = NULL;

	if (inside_read(l->workfd, path, CRASH_MAX, &b) == 0)
		f = keep(l, &b, path, false);
	else if (errno == EFBIG)
		l->dropped++;
	if (f != NULL) {
		if (instances_trace(l, f->artefact, &trace))
			livetriage_trace(l, f, &trace);
		livetriage_add(l, f);
	}
	buf_release(&trace);
	buf_release(&b);
}

/* settled: leave those alone that may still be written. */
static void
look(struct life *l, bool settled)
{
	struct strs paths = {0};
	struct fail f = {0};
	double start = clock_mono();
	bool fresh;
	size_t i;

	if (l->hurry == LIFE_KILL)
		return; /* at once means without results */
	if (verbs_paths(l, "crashes", &paths, &f) != 0) {
		life_say(l, "%s", f.text);
		l->collect->signature = 0;
	}
	for (i = 0; i < paths.n; i++) {
		if (seen_find(&l->collect->paths, paths.v[i]) != NULL)
			continue;
		if ((fresh = is_fresh(l, paths.v[i])))
			l->collect->signature = 0; /* look again */
		else
			seen_put(&l->collect->paths, paths.v[i]);
		if (!fresh || !settled)
			take_crash(l, paths.v[i]);
	}
	strs_release(&paths);
	l->collect->next_crashes =
	    clock_mono() + 1 + COST * (clock_mono() - start);
}

void
collect_crashes(struct life *l)
{
	look(l, false);
}

struct found *
collect_input(struct life *l, const char *path, bool seed)
{
	struct buf b = BUF_INIT;
	struct found *f = NULL;

	if (inside_read(l->workfd, path, CRASH_MAX, &b) == 0)
		f = keep(l, &b, path, seed);
	buf_release(&b);
	return f;
}

/* ---- the corpus ---- */

bool
collect_has(const struct life *l, const char *sha)
{
	return seen_find(&l->collect->corpus, sha) != NULL ||
	       seen_find(&l->collect->others, sha) != NULL;
}

void
collect_others(struct life *l, const char *sha)
{
	seen_put(&l->collect->others, sha);
}

static void
take_queue(struct life *l, const char *path)
{
	char sha[HASH_HEX], temp[HASH_HEX + 2];
	struct buf b = BUF_INIT;
	int fd;

	if (inside_read(l->workfd, path, QUEUE_MAX, &b) != 0 || b.len == 0) {
		buf_release(&b);
		return;
	}
	hash_bytes(b.p, b.len, sha);
	if (!collect_has(l, sha)) {
		/* No sync: it can be found again, and there are many. */
		snprintf(temp, sizeof(temp), ".%s", sha);
		fd = openat(l->collect->queue, temp,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    0644);
		if (fd >= 0 && file_write_fd(fd, b.p, b.len) == 0 &&
		    renameat(l->collect->queue, temp, l->collect->queue, sha) ==
			0) {
			seen_put(&l->collect->corpus, sha);
			list_queued(l, sha);
		} else
			unlinkat(l->collect->queue, temp, 0);
		if (fd >= 0)
			close(fd);
	}
	buf_release(&b);
}

static void
note_directory(struct life *l, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;

	if (slash == NULL)
		return;
	dir = mem_strndup(path, (size_t)(slash - path));
	seen_put(&l->collect->queues, dir);
	free(dir);
}

void
collect_queue(struct life *l)
{
	struct strs paths = {0};
	double start = clock_mono(), pause;
	struct fail f = {0};
	size_t i;

	if (verbs_paths(l, "queue", &paths, &f) != 0)
		life_say(l, "%s", f.text);
	for (i = 0; i < paths.n; i++)
		if (seen_find(&l->collect->paths, paths.v[i]) == NULL) {
			if (!is_fresh(l, paths.v[i]))
				seen_put(&l->collect->paths, paths.v[i]);
			note_directory(l, paths.v[i]);
			take_queue(l, paths.v[i]);
		}
	strs_release(&paths);
	pause = 1 + life_fuzzed(l) / 4;
	if (pause > QUEUE_INTERVAL)
		pause = QUEUE_INTERVAL;
	l->collect->next_queue =
	    clock_mono() + pause + COST * (clock_mono() - start);
}

/* The directory of an instance's corpus; NULL: not known. */
static const char *
queue_of(const struct life *l, int instance)
{
	const struct seen *q = &l->collect->queues;
	const char *dir = NULL;
	char *slash;

	for (size_t i = 0; i < q->size; i++) {
		if (q->slot[i].key == NULL)
			continue;
		slash = mem_printf("%s/", q->slot[i].key);
		if (q->n == 1 || instance_of(slash) == instance)
			dir = q->slot[i].key;
		free(slash);
	}
	return dir;
}

void
collect_before(struct life *l, const struct found *f)
{
	const char *dir;

	if (f->late || f->seed)
		return;
	dir = queue_of(l, f->instance);
	if (dir == NULL) {
		collect_queue(l);
		dir = queue_of(l, f->instance);
	}
	if (dir != NULL)
		replays_before(l, f->sha, dir);
}

/* ---- is there anything new? ---- */

/*
 * A number that changes when a file comes into a directory below path; those of
 * the corpus, where files come all the time, are left out.  A directory without
 * subdirectories is only looked at, not read.
 */
static uint64_t
signature(struct life *l, const char *path, int depth, uint64_t sum)
{
	int fd = inside_open(l->workfd, path, O_RDONLY | O_DIRECTORY, 0);
	struct dirent *e;
	struct stat st;
	char *below;
	DIR *d;

	if (fd < 0)
		return sum;
	if (fstat(fd, &st) != 0 || st.st_nlink == 2 || depth == 0 ||
	    (d = fdopendir(fd)) == NULL) {
		close(fd);
		d = NULL;
	}
	sum = sum * 1099511628211ULL + (uint64_t)st.st_mtim.tv_sec;
	sum = sum * 1099511628211ULL + (uint64_t)st.st_mtim.tv_nsec;
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' ||
		    (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
			continue;
		below = mem_printf("%s/%s", path, e->d_name);
		if (seen_find(&l->collect->queues, below) == NULL)
			sum = signature(l, below, depth - 1, sum);
		free(below);
	}
	if (d != NULL)
		closedir(d);
	return sum;
}

void
collect_tick(struct life *l)
{
	struct collect *c = l->collect;
	uint64_t now;

	if (clock_mono() >= c->next_crashes) {
		now = signature(l, "out", DEPTH, 0);
		now = signature(l, "i", 2, now);
		if (now != c->signature) {
			c->signature = now;
			look(l, true);
		}
	}
	if (clock_mono() >= c->next_queue)
		collect_queue(l);
}
