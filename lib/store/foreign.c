#include "store/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/strs.h"
#include "job/corpora.h"
#include "job/home.h"
#include "job/rundir.h"
#include "store/import.h"
#include "store/store.h"

#define FILE_MAX (1 << 20)

/* A job there: its directory, and those of its runs. */
struct there {
	int fd;
	int *runs;
	size_t n;
	char *origin;
};

static int
open_dir(int dir, const char *path)
{
	return openat(
	    dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A regular file to the same name; an absent one is none. */
static int
copy_file(int from, int to, const char *name, bool hashed, struct fail *f)
{
	char hex[HASH_HEX];
	struct stat st;
	int fd, rc = 0;

	fd = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (!hashed || (hash_fd(fd, hex) == 0 && strcmp(hex, name) == 0)))
		rc = file_copy_fd(fd, to, name, (uint64_t)st.st_size, 0644, f);
	close(fd);
	return rc;
}

/* The files of a directory that bear their hash as name (all: or any name that
 * begins so). */
static int
copy_dir(int from, int to, const char *name, bool hashed, struct fail *f)
{
	struct strs names = {0};
	int in = open_dir(from, name), out = -1, rc = 0;
	size_t i;

	if (in < 0)
		return 0;
	if (mkdirat(to, name, 0755) != 0 || (out = open_dir(to, name)) < 0)
		rc = fail_errno(f, EX_LAGO_CANTCREAT, "cannot make '%s'", name);
	if (rc == 0)
		rc = file_list(in, ".", &names, f);
	for (i = 0; rc == 0 && i < names.n; i++)
		if (hash_is_hex(names.v[i]))
			rc = copy_file(in, out, names.v[i], hashed, f);
	strs_release(&names);
	close(in);
	if (out >= 0)
		close(out);
	return rc;
}

/* `run` as it is here: over. */
static int
copy_state(int from, int to, struct fail *f)
{
	struct kv run = {0};
	int rc;

	rc = kv_read(&run, from, "run", FILE_MAX, f);
	if (rc == 0 && (kv_get(&run, "state") == NULL ||
			   !rundir_ended(kv_get(&run, "state")))) {
		kv_set(&run, "state", "killed");
		kv_set(&run, "reason", "killed");
		kv_set(
		    &run, "reason_text", "was not over when it was imported");
	}
	if (rc == 0)
		rc = kv_write(&run, to, "run", f);
	kv_release(&run);
	return rc;
}

static int
copy_run(int from, int to, struct fail *f)
{
	static const struct {
		const char *name;
		bool dir, hashed;
	} parts[] = {{"progress", false, false}, {"stats.tsv", false, false},
	    {"log", false, false}, {"crashes", true, true},
	    {"reports", true, false}, {"reduced", true, false},
	    {"queue", true, true}, {"corpus", true, true},
	    {"quarantine", true, true}, {"crashes.jsonl", false, false}};
	size_t i;
	int rc = copy_state(from, to, f);

	for (i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		rc = parts[i].dir
			 ? copy_dir(from, to, parts[i].name, parts[i].hashed, f)
			 : copy_file(from, to, parts[i].name, false, f);
	return rc;
}

static bool
is_bundle(const char *name)
{
	return strncmp(name, "bundle.", 7) == 0 &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.")] ==
		   '\0';
}

static int
copy_job(const struct there *t, int to, struct fail *f)
{
	struct kv job = {0};
	const char *bundle;
	char name[32];
	size_t i;
	int out, rc;

	rc = kv_read(&job, t->fd, "job", FILE_MAX, f);
	if (rc == 0) {
		bundle = kv_get(&job, "bundle");
		if (bundle != NULL && is_bundle(bundle))
			rc = copy_file(t->fd, to, bundle, false, f);
		else if (bundle != NULL)
			kv_set(&job, "bundle", "bundle.zip");
		kv_set(&job, "origin", t->origin);
	}
	if (rc == 0)
		rc = kv_write(&job, to, "job", f);
	kv_release(&job);
	if (rc == 0)
		rc = copy_file(t->fd, to, "events", false, f);
	if (rc == 0)
		rc = file_mkdirs(to, "runs", 0700, f);
	for (i = 0; rc == 0 && i < t->n; i++) {
		snprintf(name, sizeof(name), "runs/%zu", i + 1);
		rc = file_mkdirs(to, name, 0700, f);
		if (rc == 0 && (out = open_dir(to, name)) >= 0) {
			rc = copy_run(t->runs[i], out, f);
			close(out);
		}
	}
	return rc;
}

static bool
row_exists(struct store *s, const char *sql, const char *text)
{
	struct sqlite3_stmt *q = store_query(s, NULL, sql, "t", text);
	bool found = q != NULL && store_row(s, q, NULL) == 1;

	if (found)
		store_done(q);
	return found;
}

static bool
is_here(struct store *s, const struct there *t)
{
	struct kv run = {0};
	const char *uuid;
	bool here =
	    t->n == 0 &&
	    row_exists(s, "SELECT 1 FROM job WHERE origin = ?1", t->origin);
	size_t i;

	for (i = 0; !here && i < t->n; i++) {
		if (kv_read(&run, t->runs[i], "run", FILE_MAX, NULL) == 0 &&
		    (uuid = kv_get(&run, "uuid")) != NULL)
			here = row_exists(
			    s, "SELECT 1 FROM run WHERE uuid = ?1", uuid);
		kv_release(&run);
	}
	return here;
}

static int
take(struct import *im, const struct there *t, struct fail *f)
{
	struct home_new n;
	int rc;

	if (is_here(im->store, t))
		return 0;
	if (home_new_job(&n, im->home, f) != 0)
		return -1;
	rc = copy_job(t, n.fd, f);
	if (rc == 0)
		rc = home_new_publish(&n, f);
	if (rc == 0)
		rc = import_job(im, n.id, f);
	home_new_end(&n);
	return rc;
}

/* A job directory there with its runs; when it is a run directory, it is both. */
static int
take_dir(struct import *im, int fd, const char *origin, struct fail *f)
{
	struct there t = {.fd = fd, .origin = mem_strdup(origin)};
	struct strs names = {0};
	char path[300];
	int run, rc = 0;
	size_t i;

	if (file_exists(fd, "run")) {
		t.runs = mem_array(1, sizeof(*t.runs));
		t.runs[t.n++] = dup(fd);
	} else if (file_exists(fd, "runs")) {
		rc = file_list(fd, "runs", &names, f);
		t.runs = mem_array(names.n + 1, sizeof(*t.runs));
	}
	for (i = 0; rc == 0 && i < names.n; i++) {
		snprintf(path, sizeof(path), "runs/%.250s", names.v[i]);
		if ((run = open_dir(fd, path)) >= 0)
			t.runs[t.n++] = run;
	}
	if (rc == 0)
		rc = take(im, &t, f);
	for (i = 0; i < t.n; i++)
		close(t.runs[i]);
	strs_release(&names);
	free(t.runs);
	free(t.origin);
	return rc;
}

/* One job that cannot be taken does not keep the others there. */
static int
take_home(struct import *im, int fd, const char *path, struct fail *f)
{
	struct home other = {.path = (char *)path, .fd = fd};
	struct fail why;
	char *origin;
	long *ids;
	size_t i, n;
	int job;

	if (home_jobs(&other, &ids, &n, f) != 0)
		return -1;
	for (i = 0; i < n; i++) {
		origin = mem_printf("%s/jobs/%ld", path, ids[i]);
		job = home_job(&other, ids[i], &why);
		if (job < 0 || take_dir(im, job, origin, &why) != 0)
			import_warn(im, "%s: %s", origin, why.text);
		if (job >= 0)
			close(job);
		free(origin);
	}
	free(ids);
	return 0;
}

int
foreign_import(struct import *im, const char *path, struct fail *f)
{
	char *real = realpath(path, NULL);
	int fd = real == NULL ? -1 : open_dir(AT_FDCWD, real), rc;

	if (fd < 0)
		rc = fail_errno(f, EX_LAGO_NOINPUT, "cannot open '%s'", path);
	else if (strcmp(real, im->home->path) == 0)
		rc = fail_set(f, EX_LAGO_USAGE, "'%s' is this home", path);
	else if (file_exists(fd, "jobs"))
		rc = take_home(im, fd, real, f) != 0
			 ? -1
			 : corpora_merge(im->home, fd, f);
	else if (file_exists(fd, "job"))
		rc = take_dir(im, fd, real, f);
	else
		rc = fail_set(f, EX_LAGO_NOINPUT,
		    "'%s' is neither home, job nor run", path);
	if (fd >= 0)
		close(fd);
	free(real);
	return rc;
}
