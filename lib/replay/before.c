#include "replay/before.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strs.h"
#include "replay/judge.h"
#include "symbols/symbols.h"
#include "crash/verdict.h"
#include "target/exec.h"
#include "target/forkserver.h"

enum {
	MOST = 1000,
	DROP_MOST = 20,
	INPUT_MAX = 16 << 20,
	TEXT_MAX = 256 << 10
};
#define LONGER 10 /* times the limits of one input, for all of them */

struct before {
	const struct rules *rules;
	const struct verdict_policy *policy;
	struct exec_target target;
	char *tmp;		 /* ours, holds copies */
	struct strs files, argv; /* copies, the oldest first */
	struct judge *judge;	 /* libFuzzer: all in one command */
	struct strs env;	 /* persistent: of its fork server ... */
	struct symbols *symbols; /* ... whose output becomes a verdict */
	struct verdict *verdict;
	struct exec_result result;
	struct buf text;
};

struct aged {
	char *path;
	struct timespec time;
};

static int
by_age(const void *a, const void *b)
{
	const struct aged *x = a, *y = b;

	if (x->time.tv_sec != y->time.tv_sec)
		return x->time.tv_sec < y->time.tv_sec ? -1 : 1;
	if (x->time.tv_nsec != y->time.tv_nsec)
		return x->time.tv_nsec < y->time.tv_nsec ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* A copy, for a target may do anything to the files that it is given. */
static int
keep(struct before *b, const char *path, size_t number, struct fail *f)
{
	char *copy = mem_printf("%s/%06zu", b->tmp, number);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	rc = fd == -1 ? fail_errno(f, EX_LAGO_NOINPUT, "cannot open '%s'", path)
		      : file_copy_fd(fd, AT_FDCWD, copy, INPUT_MAX, 0600, f);
	if (fd != -1)
		close(fd);
	if (rc == 0)
		strs_add(&b->files, copy);
	free(copy);
	return rc;
}

static int
collect(struct before *b, const char *dir, struct fail *f)
{
	struct strs found = {0};
	struct aged *v;
	struct stat st;
	size_t n = 0, i;
	int rc = 0;

	if (file_walk(dir, &found, f) == -1)
		return -1;
	v = mem_array(found.n + 1, sizeof(*v));
	for (i = 0; i < found.n; i++)
		if (stat(found.v[i], &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_size <= INPUT_MAX)
			v[n++] = (struct aged){found.v[i], st.st_mtim};
	qsort(v, n, sizeof(*v), by_age);
	for (i = n > MOST ? n - MOST : 0; i < n && rc == 0; i++)
		rc = keep(b, v[i].path, i, f);
	free(v);
	strs_release(&found);
	return rc;
}

/* libFuzzer runs all files of its command in one process. */
static int
open_libfuzzer(struct before *b, struct fail *f)
{
	char *const *a;
	size_t i;

	for (a = b->target.argv; *a != NULL && strcmp(*a, "@@") != 0; a++)
		strs_add(&b->argv, *a);
	for (i = 0; i < b->files.n; i++)
		strs_add(&b->argv, b->files.v[i]);
	for (; *a != NULL; a++)
		strs_add(&b->argv, *a);
	b->target.argv = strs_argv(&b->argv);
	b->target.wall *= LONGER;
	b->target.cpu *= LONGER;
	b->judge = judge_open(&b->target, b->rules, b->policy, f);
	return b->judge != NULL ? 0 : -1;
}

/* What reports the sanitizer would not give under a fuzzer. */
static void
open_persistent(struct before *b)
{
	for (char *const *e = b->target.env; *e != NULL; e++)
		strs_add(&b->env, *e);
	strs_env_join(&b->env, "ASAN_OPTIONS",
	    "handle_segv=1:handle_sigbus=1:handle_sigfpe=1:"
	    "malloc_context_size=30");
	b->symbols = symbols_new();
	b->verdict = verdict_new(b->rules, b->policy);
}

static int
make_dir(struct before *b, struct fail *f)
{
	const char *tmp = getenv("TMPDIR");

	b->tmp = mem_printf("%s/lago-before.XXXXXX",
	    tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	if (mkdtemp(b->tmp) != NULL)
		return 0;
	fail_errno(f, EX_LAGO_CANTCREAT, "cannot make '%s'", b->tmp);
	*b->tmp = '\0';
	return -1;
}

struct before *
before_new(const char *dir, const struct exec_target *target, int look,
    const struct rules *rules, const struct verdict_policy *policy,
    struct fail *f)
{
	struct before *b;
	int rc;

	if (!(look & (FORKSERVER_LIBFUZZER | FORKSERVER_PERSISTENT))) {
		fail_set(f, EX_LAGO_UNAVAILABLE, "one input a process: '%s'",
		    target->argv[0]);
		return NULL;
	}
	b = mem_alloc(sizeof(*b));
	b->rules = rules;
	b->policy = policy;
	b->target = *target;
	rc = make_dir(b, f);
	if (rc == 0)
		rc = collect(b, dir, f);
	if (rc == 0 && look & FORKSERVER_LIBFUZZER)
		rc = open_libfuzzer(b, f);
	else if (rc == 0)
		open_persistent(b);
	if (rc == 0)
		return b;
	before_free(b);
	return NULL;
}

void
before_free(struct before *b)
{
	if (b == NULL)
		return;
	judge_close(b->judge);
	verdict_free(b->verdict);
	symbols_free(b->symbols);
	if (*b->tmp != '\0')
		file_remove(AT_FDCWD, b->tmp, NULL);
	free(b->tmp);
	strs_release(&b->files);
	strs_release(&b->argv);
	strs_release(&b->env);
	buf_release(&b->text);
	free(b);
}

static int
run_file(struct forkserver *s, const char *path, struct forkserver_run *r,
    struct fail *f)
{
	struct buf data = BUF_INIT;
	bool cut;
	int rc = file_read(AT_FDCWD, path, INPUT_MAX, &data, &cut, f);

	if (rc == 0)
		rc = forkserver_run(s, buf_str(&data), data.len, r, f);
	buf_release(&data);
	return rc;
}

static void
drop(struct before *b, size_t at)
{
	free(b->files.v[at]);
	memmove(b->files.v + at, b->files.v + at + 1,
	    (--b->files.n - at) * sizeof(*b->files.v));
}

/* One that ends the process, and with it what came before, does not count: all
 * others once more. */
static int
run_others(struct before *b, struct forkserver *s, struct fail *f)
{
	double end = clock_mono() + LONGER * b->target.wall;
	struct forkserver_run r = {0};
	int dropped = 0;

	for (size_t i = 0; i < b->files.n; i++) {
		if (b->target.wall > 0 && clock_mono() >= end)
			break;
		if (run_file(s, b->files.v[i], &r, f) == -1)
			return -1;
		if (r.end != FORKSERVER_OK && dropped++ < DROP_MOST) {
			drop(b, i);
			i = SIZE_MAX;
		}
	}
	return 0;
}

static int
run_all(struct before *b, struct forkserver *s, int output, const char *path,
    struct fail *f)
{
	struct forkserver_run r = {0};
	double start;
	int rc = run_others(b, s, f);

	if (rc == -1 || ftruncate(output, 0) == -1)
		return -1;
	start = clock_mono();
	if (run_file(s, path, &r, f) == -1)
		return -1;
	b->result = (struct exec_result){.status = r.status,
	    .crashed = r.end == FORKSERVER_CRASH,
	    .limit = r.end == FORKSERVER_TIMEOUT ? EXEC_WALL : EXEC_NO_LIMIT,
	    .aslr = true,
	    .wall = clock_mono() - start};
	buf_reset(&b->text);
	lseek(output, 0, SEEK_SET);
	return file_read_fd(
	    output, "output", TEXT_MAX, &b->text, &(bool){false}, f);
}

static int
run_persistent(struct before *b, const char *path, struct fail *f)
{
	char *input = mem_printf("%s/input", b->tmp);
	struct forkserver_opts o = {.argv = b->target.argv,
	    .env = strs_argv(&b->env),
	    .input = input,
	    .cpu = b->target.core,
	    .memory = b->target.memory,
	    .timeout = b->target.wall,
	    .crash_status = b->target.crash_status,
	    .ncrash_status = b->target.ncrash_status};
	struct forkserver *s = NULL;
	int rc = -1;

	o.output = memfd_create("output", MFD_CLOEXEC);
	if (o.output != -1 && fcntl(o.output, F_SETFL, O_APPEND) == 0)
		s = forkserver_start(&o, f);
	if (s != NULL)
		rc = run_all(b, s, o.output, path, f);
	forkserver_stop(s);
	if (o.output != -1)
		close(o.output);
	free(input);
	if (rc == -1)
		return -1;
	b->result.out = buf_str(&b->text);
	b->result.outlen = b->text.len;
	verdict_exec(b->verdict, &b->result, NULL, 0, b->symbols);
	return 0;
}

int
before_run(struct before *b, const char *path, struct fail *f)
{
	struct exec_input in = {.path = path};

	return b->judge != NULL ? judge_run(b->judge, &in, f)
				: run_persistent(b, path, f);
}

const struct verdict *
before_verdict(const struct before *b)
{
	return b->judge != NULL ? judge_verdict(b->judge) : b->verdict;
}

struct verdict *
before_take(struct before *b)
{
	struct verdict *v = b->verdict;

	if (b->judge != NULL)
		return judge_take(b->judge);
	b->verdict = verdict_new(b->rules, b->policy);
	return v;
}

const struct exec_result *
before_result(const struct before *b)
{
	return b->judge != NULL ? judge_result(b->judge) : &b->result;
}

size_t
before_count(const struct before *b)
{
	return b->files.n;
}
