#include "cluster/sync.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/strs.h"
#include "cluster/engine.h"
#include "job/home.h"

#define LIST ".queue"
#define STATE ".synced"
#define GIVEN "foreign"
#define INPUT_MAX (4 << 20)
#define PUSH_FILES 5000	      /* of a call, to one run */
#define PUSH_BYTES (32 << 20) /* the same */
#define READ_MAX (1 << 20)    /* of a list, of a call */

/* How far a run went through another's list. */
struct mark {
	long run;
	int64_t at;
};

struct give {
	char sha[HASH_HEX];
	int from; /* index of the run that has it */
};

/* A run that gets something, while it does. */
struct push {
	int dir;
	long self;
	struct mark *marks;
	size_t nmarks;
	uint64_t files, bytes; /* ever */
	struct give *give;
	size_t n;
	uint64_t size;
	struct buf tar;
	bool changed; /* there is something to write down */
};

/* The runs of a job. */
struct runs {
	long *id;
	int *dir;
	size_t n;
};

static int
open_runs(struct runs *r, const struct home *h, long job, struct fail *f)
{
	size_t i;

	if (home_runs(h, job, &r->id, &r->n, f) != 0)
		return -1;
	r->dir = mem_array(r->n + 1, sizeof(*r->dir));
	for (i = 0; i < r->n; i++)
		r->dir[i] = home_run(h, job, r->id[i], NULL);
	return 0;
}

static void
close_runs(struct runs *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->dir[i] >= 0)
			close(r->dir[i]);
	free(r->id);
	free(r->dir);
}

/* ---- what a run was given ---- */

static bool
has(int dir, const char *where, const char *sha)
{
	char *path = mem_printf("%s/%s", where, sha);
	bool there = file_exists(dir, path);

	free(path);
	return there;
}

static bool
lacks(int dir, const char *sha)
{
	return !has(dir, "queue", sha) && !has(dir, GIVEN, sha) &&
	       !has(dir, "incoming", sha);
}

static void
given(int from, int to, const char *sha)
{
	char *queue = mem_printf("queue/%s", sha);
	char *path = mem_printf(GIVEN "/%s", sha);

	file_link(from, queue, to, path, NULL);
	free(queue);
	free(path);
}

static void
read_state(struct push *p)
{
	struct buf b = BUF_INIT;
	char *rest, *line, *key;
	int64_t run, value;

	file_read(p->dir, STATE, READ_MAX, &b, NULL, NULL);
	rest = b.p;
	while ((line = strsep(&rest, "\n")) != NULL) {
		key = strsep(&line, "\t");
		if (line == NULL ||
		    opt_parse_num(line, 0, INT64_MAX, &value) != 0)
			continue;
		if (strcmp(key, "files") == 0)
			p->files = (uint64_t)value;
		else if (strcmp(key, "bytes") == 0)
			p->bytes = (uint64_t)value;
		else if (opt_parse_num(key, 1, HOME_ID_MAX, &run) == 0) {
			p->marks = mem_grow(
			    p->marks, p->nmarks + 1, sizeof(*p->marks));
			p->marks[p->nmarks++] = (struct mark){(long)run, value};
		}
	}
	buf_release(&b);
}

static void
write_state(const struct push *p)
{
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < p->nmarks; i++)
		buf_addf(&b, "%ld\t%lld\n", p->marks[i].run,
		    (long long)p->marks[i].at);
	buf_addf(&b, "files\t%llu\nbytes\t%llu\n", (unsigned long long)p->files,
	    (unsigned long long)p->bytes);
	file_write(p->dir, STATE, buf_str(&b), b.len, 0600, NULL);
	buf_release(&b);
}

static int64_t *
mark_of(struct push *p, long run)
{
	size_t i;

	for (i = 0; i < p->nmarks; i++)
		if (p->marks[i].run == run)
			return &p->marks[i].at;
	p->marks = mem_grow(p->marks, p->nmarks + 1, sizeof(*p->marks));
	p->marks[p->nmarks] = (struct mark){run, 0};
	return &p->marks[p->nmarks++].at;
}

/* ---- what it lacks ---- */

static bool
full(const struct push *p)
{
	return p->n >= PUSH_FILES || p->size >= PUSH_BYTES;
}

/* A name of a list.  False: its file is still on its way here. */
static bool
consider(struct push *p, const char *sha, int from, int dir)
{
	struct stat st;
	char *path;
	int rc;

	if (!hash_is_hex(sha))
		return true; /* some node's nonsense */
	path = mem_printf("queue/%s", sha);
	rc = fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW);
	free(path);
	if (rc != 0)
		return false;
	if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > INPUT_MAX ||
	    !lacks(p->dir, sha))
		return true;
	p->give = mem_grow(p->give, p->n + 1, sizeof(*p->give));
	memcpy(p->give[p->n].sha, sha, HASH_HEX);
	p->give[p->n++].from = from;
	p->size += (uint64_t)st.st_size;
	return true;
}

/* What a run's list has behind the mark. */
static void
look(struct push *p, const struct runs *r, size_t i)
{
	int64_t *at = mark_of(p, r->id[i]);
	struct buf b = BUF_INIT;
	char *line, *end;
	struct stat st;
	ssize_t got = 0;
	int fd = openat(r->dir[i], LIST, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size > *at) {
		buf_reserve(&b, READ_MAX);
		got = pread(fd, b.p, READ_MAX, *at);
	}
	if (got > 0)
		b.p[got] = '\0';
	for (line = b.p;
	     got > 0 && !full(p) && (end = strchr(line, '\n')) != NULL;
	     line = end + 1) {
		*end = '\0';
		if (!consider(p, line, (int)i, r->dir[i]))
			break;
		*at += end + 1 - line;
		p->changed = true;
	}
	buf_release(&b);
	if (fd >= 0)
		close(fd);
}

static int
by_sha(const void *a, const void *b)
{
	return strcmp(
	    ((const struct give *)a)->sha, ((const struct give *)b)->sha);
}

/* Two runs may have found the same. */
static void
unique(struct push *p)
{
	size_t i, n = 0;

	if (p->n > 0)
		qsort(p->give, p->n, sizeof(*p->give), by_sha);
	for (i = 0; i < p->n; i++)
		if (n == 0 || strcmp(p->give[n - 1].sha, p->give[i].sha) != 0)
			p->give[n++] = p->give[i];
	p->n = n;
}

/* ---- giving ---- */

static la_ssize_t
to_buf(struct archive *a, void *arg, const void *p, size_t n)
{
	(void)a;
	buf_add(arg, p, n);
	return (la_ssize_t)n;
}

static void
add_member(struct archive *a, const char *name, const struct buf *b)
{
	struct archive_entry *e = archive_entry_new();

	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, (la_int64_t)b->len);
	if (archive_write_header(a, e) == ARCHIVE_OK)
		archive_write_data(a, buf_str(b), b->len);
	archive_entry_free(e);
}

static void
pack(struct push *p, const struct runs *r)
{
	struct archive *a = archive_write_new();
	struct buf b = BUF_INIT;
	char *path;
	size_t i;

	p->size = 0;
	archive_write_set_format_ustar(a);
	archive_write_open(a, &p->tar, NULL, to_buf, NULL);
	for (i = 0; i < p->n; i++) {
		path = mem_printf("queue/%s", p->give[i].sha);
		if (file_read(r->dir[p->give[i].from], path, INPUT_MAX, &b,
			NULL, NULL) == 0) {
			add_member(a, p->give[i].sha, &b);
			p->size += b.len;
		}
		free(path);
	}
	archive_write_close(a);
	archive_write_free(a);
	buf_release(&b);
}

static void
done(struct push *p, const struct runs *r, struct sync_to *to)
{
	size_t i;

	if (p->n > 0)
		mkdirat(p->dir, GIVEN, 0755);
	for (i = 0; i < p->n; i++)
		given(r->dir[p->give[i].from], p->dir, p->give[i].sha);
	p->files += p->n;
	p->bytes += p->size;
	write_state(p);
	to->files = p->n;
	to->bytes = p->size;
}

static void
prepare(const struct home *h, struct push *p, const struct engine_run *run,
    struct runs *r)
{
	size_t i;

	p->self = run->run;
	p->dir = home_run(h, run->job, run->run, NULL);
	if (p->dir < 0 || open_runs(r, h, run->job, NULL) != 0)
		return;
	read_state(p);
	for (i = 0; i < r->n; i++)
		if (r->id[i] != p->self && r->dir[i] >= 0)
			look(p, r, i);
	unique(p);
	if (p->n > 0)
		pack(p, r);
}

static void
release(struct push *p, struct runs *r)
{
	if (p->dir >= 0)
		close(p->dir);
	free(p->marks);
	free(p->give);
	buf_release(&p->tar);
	close_runs(r);
}

int
sync_push(const struct home *h, struct sync_to *to, size_t n, struct fail *f)
{
	struct push *p = mem_array(n + 1, sizeof(*p));
	struct runs *r = mem_array(n + 1, sizeof(*r));
	const struct engine_run **runs = mem_array(n + 1, sizeof(*runs));
	struct buf *tars = mem_array(n + 1, sizeof(*tars));
	struct fail *why = mem_array(n + 1, sizeof(*why));
	int *rc = mem_array(n + 1, sizeof(*rc)), worst = 0;
	size_t i, m = 0;

	for (i = 0; i < n; i++) {
		prepare(h, &p[i], to[i].run, &r[i]);
		if (p[i].n > 0) {
			runs[m] = to[i].run;
			tars[m++] = p[i].tar;
			p[i].tar = (struct buf)BUF_INIT;
		}
	}
	engine_push(h, runs, tars, m, rc, why);
	for (i = m = 0; i < n; i++) {
		if (p[i].n > 0 && rc[m++] != 0) {
			if (worst == 0)
				*f = why[m - 1];
			worst = -1;
		} else if (p[i].changed) {
			done(&p[i], &r[i], &to[i]);
		}
		release(&p[i], &r[i]);
	}
	free(p);
	free(r);
	free(runs);
	free(tars);
	free(why);
	free(rc);
	return worst;
}

/* ---- at the start and at the end ---- */

void
sync_prime(const struct home *h, long job, long run)
{
	struct push p = {.dir = home_run(h, job, run, NULL), .self = run};
	struct strs names = {0};
	struct runs r = {0};
	struct stat st;
	size_t i, k;

	if (p.dir >= 0 && open_runs(&r, h, job, NULL) == 0 && r.n > 1) {
		mkdirat(p.dir, GIVEN, 0755);
		for (i = 0; i < r.n; i++) {
			if (r.id[i] == run || r.dir[i] < 0)
				continue;
			/* The list first: what comes meanwhile is looked at
			 * twice. */
			if (fstatat(r.dir[i], LIST, &st, AT_SYMLINK_NOFOLLOW) ==
			    0)
				*mark_of(&p, r.id[i]) = st.st_size;
			if (file_list(r.dir[i], "queue", &names, NULL) == 0)
				for (k = 0; k < names.n; k++)
					if (hash_is_hex(names.v[k]))
						given(r.dir[i], p.dir,
						    names.v[k]);
			strs_release(&names);
		}
		write_state(&p);
	}
	release(&p, &r);
}

void
sync_given(
    const struct home *h, long job, long run, uint64_t *files, uint64_t *bytes)
{
	struct push p = {.dir = home_run(h, job, run, NULL)};
	struct runs none = {0};

	if (p.dir >= 0)
		read_state(&p);
	*files = p.files;
	*bytes = p.bytes;
	release(&p, &none);
}

void
sync_end(const struct home *h, long job, long run)
{
	int dir = home_run(h, job, run, NULL);

	if (dir < 0)
		return;
	file_remove(dir, GIVEN, NULL);
	file_remove(dir, "incoming", NULL);
	close(dir);
}
