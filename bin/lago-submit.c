/* lago-submit: check bundles, queue them as jobs. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/strs.h"
#include "cluster/nodes.h"
#include "cluster/shards.h"
#include "job/bundle.h"
#include "job/home.h"
#include "job/jobfile.h"
#include "store/store.h"
#include "store/store_job.h"

static const char usage[] =
    "usage: lago-submit [-0jNq] [-D driver] [-g tag]... [-H dir] [-m MiB]\n"
    "                   [-p priority] [-P workers] [-t duration] [-T target]\n"
    "                   [-x name=value]... [bundle...]\n";

static bool jflag, nflag, qflag;
static const char *Hflag, *Tflag;
static struct kv given; /* of the job file */

static struct home home = {NULL, -1};
static struct store *store;
static struct out out;

/* A bundle being submitted. */
struct submit {
	const char *path;
	int fd;
	struct stat st;
	struct bundle bundle;
	struct kv *jobs; /* one for each target */
	size_t n;
	int first; /* the directory of the first job, or -1 */
	char sha256[HASH_HEX];
};

/* The home is made with the first job, not before: a refused bundle leaves
 * nothing behind. */
static int
open_home(bool create, struct fail *f)
{
	if (home.fd != -1 || home_open(&home, Hflag, create, f) == 0)
		return 0;
	return !create && f->status == EX_LAGO_NOINPUT ? 0 : -1;
}

static int
get_limit(
    const struct kv *config, const char *key, uint64_t *limit, struct fail *f)
{
	const char *text = kv_get(config, key);
	int64_t v;

	if (text == NULL || *text == '\0')
		return 0;
	if (opt_parse_num(text, 1, INT64_MAX / 4, &v) == -1)
		return fail_set(f, EX_LAGO_CONFIG,
		    "config: %s='%.60s' is not valid", key, text);
	*limit = (uint64_t)v;
	return 0;
}

static int
get_limits(struct bundle_limits *l, struct fail *f)
{
	struct kv config = {0};
	int rc = 0;

	*l = (struct bundle_limits)BUNDLE_LIMITS;
	if (home.fd != -1 &&
	    (home_config(&home, &config, f) == -1 ||
		get_limit(&config, "bundle_bytes", &l->bytes, f) == -1 ||
		get_limit(&config, "bundle_members", &l->members, f) == -1))
		rc = -1;
	kv_release(&config);
	return rc;
}

static int
open_bundle(struct submit *s, struct fail *f)
{
	struct bundle_limits limits;

	s->fd = open(s->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (s->fd == -1)
		return fail_errno(
		    f, EX_LAGO_NOINPUT, "cannot open '%.300s'", s->path);
	if (fstat(s->fd, &s->st) == -1 || !S_ISREG(s->st.st_mode))
		return fail_set(f, EX_LAGO_NOINPUT,
		    "'%.300s': not a regular file", s->path);
	if (get_limits(&limits, f) == -1)
		return -1;
	return bundle_check(s->fd, s->path, &limits, &s->bundle, f);
}

/* More CPUs than any machine of the home's list has. */
static int
divide(struct submit *s, struct strs *notes, struct fail *f)
{
	struct nodes nodes = {0};
	size_t i;
	long n;
	int rc = 0;

	if (!file_exists(home.fd, "nodes"))
		return 0;
	rc = nodes_read(&nodes, &home, f);
	for (i = 0; rc == 0 && i < s->n; i++) {
		n = shards_split(&s->jobs[i], &nodes);
		if (n > 0)
			strs_addf(notes,
			    "no node has that many CPUs: %ld "
			    "shards of %s",
			    n, kv_get(&s->jobs[i], "cpus"));
	}
	nodes_release(&nodes);
	return rc;
}

/* The settings of each job, all of them before the first is made. */
static int
resolve(struct submit *s, struct fail *f)
{
	bool lagopus = s->bundle.shape == BUNDLE_LAGOPUS;
	const char *only = lagopus ? "target" : Tflag;
	struct strs notes = {0};
	size_t i;
	int rc = 0;

	if (lagopus && Tflag != NULL && kv_get(&given, "target") == NULL &&
	    jobfile_set(&given, "target", Tflag, "-T", f) == -1) {
		f->status = EX_LAGO_USAGE;
		return -1;
	}
	s->n = only != NULL ? 1 : s->bundle.n;
	if (s->n > 1 && kv_get(&given, "target") != NULL)
		return fail_set(f, EX_LAGO_USAGE,
		    "'%.300s' has %zu targets: -x target= needs -T", s->path,
		    s->n);
	s->jobs = mem_array(s->n, sizeof(*s->jobs));
	for (i = 0; rc == 0 && i < s->n; i++)
		rc = jobfile_resolve(&s->bundle,
		    only != NULL ? only : s->bundle.targets[i].name, s->path,
		    &given, home.fd != -1 ? &home : NULL, &s->jobs[i], &notes,
		    f);
	if (rc == 0 && home.fd != -1)
		rc = divide(s, &notes, f);
	if (rc == 0 && s->bundle.seeds == 0)
		strs_addf(&notes, "no seeds, the corpus is empty");
	for (i = 0; !qflag && i < notes.n; i++)
		opt_say("'%s': %s", s->path, notes.v[i]);
	strs_release(&notes);
	return rc;
}

static void
print(const struct kv *job, long id)
{
	if (qflag)
		return;
	out_int_or(&out, "id", id, 0);
	out_text(&out, "name", kv_get(job, "name"));
	out_text(&out, "target", kv_get(job, "target"));
	out_text(&out, "driver", kv_get(job, "driver"));
	out_end(&out);
	fflush(stdout);
}

/* The bytes that were checked, once: later jobs of the bundle are links. */
static int
store_bundle(struct submit *s, int dir, const char *name, struct fail *f)
{
	struct stat st;
	int fd;

	if (s->first != -1)
		return file_link(s->first, name, dir, name, f) == -1 ? -1 : 0;
	if (file_copy_fd(s->fd, dir, name, UINT64_MAX, 0644, f) == -1)
		return -1;
	if (fstat(s->fd, &st) == -1 || st.st_size != s->st.st_size ||
	    st.st_mtim.tv_sec != s->st.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != s->st.st_mtim.tv_nsec)
		return fail_set(f, EX_LAGO_TEMP,
		    "'%.300s' changed while it was read", s->path);
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || hash_fd(fd, s->sha256) == -1) {
		fail_errno(f, EX_LAGO_IO, "cannot read '%s'", name);
		if (fd != -1)
			close(fd);
		return -1;
	}
	s->first = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return 0;
}

/* The row, and the one that the last holder of the lock may have died
 * before. */
static int
add_rows(const struct home_new *new, const struct kv *job, struct fail *f)
{
	struct kv before = {0};
	int dir, rc = 0;

	if (store_begin(store, f) == -1)
		return -1;
	if (new->before > 0 && !store_job_known(store, new->before) &&
	    (dir = home_job(&home, new->before, NULL)) != -1) {
		if (jobfile_read(dir, &before, NULL) == 0)
			rc = store_job_add(
			    store, new->before, &before, clock_unix(), f);
		close(dir);
		kv_release(&before);
	}
	if (rc == 0)
		rc = store_job_add(store, new->id, job, clock_unix(), f);
	if (rc == 0)
		return store_commit(store, f);
	store_rollback(store);
	return -1;
}

/* Whose share of the nodes it takes, when nobody said it: the user's. */
static void
set_owner(struct kv *job)
{
	const struct passwd *pw = getpwuid(getuid());
	struct fail ignored;

	if (kv_get(job, "owner") == NULL &&
	    (pw == NULL ||
		jobfile_set(job, "owner", pw->pw_name, "", &ignored) != 0))
		kv_setf(job, "owner", "%u", (unsigned)getuid());
}

static int
add_job(struct submit *s, struct kv *job, struct fail *f)
{
	struct home_new new;
	struct fail why;
	char *name;
	int rc = -1;

	if (home_new_job(&new, &home, f) == -1)
		return -1;
	name = mem_printf("bundle.%s", s->bundle.ext);
	if (store_bundle(s, new.fd, name, f) == 0) {
		kv_set(job, "bundle", name);
		kv_set(job, "sha256", s->sha256);
		set_owner(job);
		kv_setf(job, "submitted", "%lld", (long long)clock_unix());
		rc = kv_write(job, new.fd, "job", f);
	}
	free(name);
	if (rc == 0 && (rc = home_new_publish(&new, f)) == 0) {
		rc = add_rows(&new, job, &why);
		/* The job is there: to call again would queue it twice. */
		if (rc == -1)
			fail_set(f,
			    why.status == EX_LAGO_TEMP ? EX_LAGO_IO
						       : why.status,
			    "job %ld is queued but not in the database, "
			    "lago-import adds it: %s",
			    new.id, why.text);
		print(job, new.id);
	}
	home_new_end(&new);
	return rc;
}

/* A signal waits until the job is whole. */
static void
hold_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(how, &set, NULL);
}

static int
add_jobs(struct submit *s, struct fail *f)
{
	size_t i;
	int rc = 0;

	if (nflag) {
		for (i = 0; i < s->n; i++)
			print(&s->jobs[i], 0);
		return 0;
	}
	if (open_home(true, f) == -1)
		return -1;
	if (store == NULL &&
	    (store = store_open(home.path, STORE_WRITE, f)) == NULL)
		return -1;
	for (i = 0; rc == 0 && i < s->n; i++) {
		hold_signals(SIG_BLOCK);
		rc = add_job(s, &s->jobs[i], f);
		hold_signals(SIG_UNBLOCK);
	}
	return rc;
}

static int
submit(const char *path)
{
	struct submit s = {.path = path, .fd = -1, .first = -1};
	struct fail f;
	size_t i;
	int status = 0;

	if (open_home(false, &f) == -1 || open_bundle(&s, &f) == -1 ||
	    resolve(&s, &f) == -1 || add_jobs(&s, &f) == -1)
		status = opt_warn(&f);
	for (i = 0; s.jobs != NULL && i < s.n; i++)
		kv_release(&s.jobs[i]);
	free(s.jobs);
	bundle_release(&s.bundle);
	if (s.fd != -1)
		close(s.fd);
	if (s.first != -1)
		close(s.first);
	return status;
}

int
main(int argc, char **argv)
{
	struct opt_operands operands;
	bool nul = false;
	char *path;
	int status = 0;
#define KEY .call = jobfile_option, .arg = &given
	const struct opt settings[] = {{"", KEY}, {0}};
	const struct opt options[] = {{"0", .flag = &nul}, {"D", KEY},
	    {"g", KEY}, {"H", .text = &Hflag}, {"j", .flag = &jflag},
	    {"m", KEY}, {"N", .flag = &nflag}, {"p", KEY}, {"P", KEY},
	    {"q", .flag = &qflag}, {"t", KEY}, {"T", .text = &Tflag},
	    {"x", .settings = settings}, {0}};

	opt_start(argv);
	opt_operands(
	    &operands, opt_read(options, argc, argv, usage), true, nul, usage);
	out_init(&out, stdout, jflag);
	while ((path = opt_next(&operands)) != NULL)
		status = fail_worse(status, submit(path));
	store_close(store);
	home_close(&home);
	opt_exit(status);
}
