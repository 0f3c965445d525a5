/*
 * lago-minimize: the smallest corpus with the same coverage, the smallest
 * input with the same bug.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/sig.h"
#include "base/strs.h"
#include "corpus/cache.h"
#include "reduce/command.h"
#include "corpus/inputs.h"
#include "corpus/minimize.h"
#include "reduce/oracle.h"
#include "corpus/publish.h"
#include "target/scratch.h"
#include "corpus/select.h"
#include "reduce/shrink.h"
#include "run/fromjob.h"
#include "target/cpus.h"
#include "target/forkserver.h"

static const char usage[] =
    "usage: lago-minimize [-0jqvV] [-b duration] [-c cpus] [-D driver]\n"
    "                     [-m MiB] [-o path] [-P workers] [-r tries]\n"
    "                     [-t duration] [-x name=value]... [input...] --\n"
    "                     command...\n"
    "       lago-minimize [-0jqvV] [-b duration] [-c cpus] [-D driver]\n"
    "                     [-H dir] [-m MiB] [-o path] [-P workers]\n"
    "                     [-r tries] [-t duration] [-x name=value]...\n"
    "                     [id...]\n";

/* Seconds a run may take when nobody said. */
#define LIMIT_AFL 2
#define LIMIT_LIBFUZZER 25

#define CRASH_STATUS_MAX 16
#define INPUT_MAX (256 << 20)

/* What comes out for a corpus. */
enum output {
	TO_DIR,
	TO_NAMES,
	TO_PLACE,
	TO_SYNC,
	TO_LIST,
	TO_FILES,
	TO_TUPLES
};

static const char *const output_name[] = {
    "dir", "names", "place", "sync", "list", "files", "tuples", NULL};

struct setting {
	bool nul, json, quiet, verbose, edges, joint, args, each;
	enum output output;
	struct strs base;
	const char *cache; /* NULL: where it always is; "": none */
	double start, budget, limit;
	const char *driver, *home, *out, *cpu_list, *quarantine, *others, *file;
	unsigned memory, workers, tries, votes;
	enum oracle_by by;
	const char *script;
	struct strs words; /* of dictionaries */
	int crash_status[CRASH_STATUS_MAX];
	size_t ncrash_status;
	enum cover_goal goal;
	struct strs names, env;
	struct cpus cpus;
	char **command;
};

static const char *const oracle_name[] = {
    "bucket", "exact", "kind", "crash", "status", NULL};

static int
set_oracle(void *arg, const char *name, const char *value, struct fail *f)
{
	struct setting *s = arg;

	(void)name;
	if (strchr(value, '/')) {
		s->script = value;
		s->by = ORACLE_SCRIPT;
		return 0;
	}
	for (int i = 0; oracle_name[i]; i++)
		if (!strcmp(value, oracle_name[i])) {
			s->by = (enum oracle_by)i;
			return 0;
		}
	return fail_set(f, EX_LAGO_USAGE,
	    "-x oracle needs bucket, exact, kind, crash, status or the path of "
	    "a script, not '%s'",
	    value);
}

static int
add_dictionary(void *arg, const char *name, const char *path, struct fail *f)
{
	(void)name;
	if (command_words(path, arg, f))
		opt_fail(f); /* no file: not a matter of usage */
	return 0;
}

static int
add_status(void *arg, const char *name, const char *value, struct fail *f)
{
	struct setting *s = arg;
	int64_t status;

	(void)name;
	if (s->ncrash_status == CRASH_STATUS_MAX ||
	    opt_parse_num(value, 1, 255, &status))
		return fail_set(f, EX_LAGO_USAGE,
		    "-x crash_status needs a number from 1 to 255, not '%s'",
		    value);
	s->crash_status[s->ncrash_status++] = (int)status;
	return 0;
}

static int
set_file(void *arg, const char *name, const char *value, struct fail *f)
{
	(void)name;
	*(const char **)arg = value;
	return *value && !strchr(value, '/')
		   ? 0
		   : fail_set(f, EX_LAGO_USAGE,
			 "-x file needs a name, not '%s'", value);
}

static char **
options(struct setting *s, int argc, char **argv)
{
	static const char *const covers[] = {"counts", "edges", NULL};
	static const char *const goals[] = {"files", "bytes", "time", NULL};
	int edges = 0, goal = 0, output = 0;
	long memory = 0, workers = 0, tries = 0, votes = 0;
	const struct opt settings[] = {{"args", .flag = &s->args},
	    {"base", .list = &s->base}, {"cache", .text = &s->cache},
	    {"cover", .word = &edges, .words = covers},
	    {"crash_status", .call = add_status, .arg = s},
	    {"dict", .call = add_dictionary, .arg = &s->words},
	    {"each", .flag = &s->each}, {"env.", .list = &s->env},
	    {"file", .call = set_file, .arg = &s->file},
	    {"goal", .word = &goal, .words = goals},
	    {"joint", .flag = &s->joint},
	    {"oracle", .call = set_oracle, .arg = s},
	    {"others", .text = &s->others},
	    {"quarantine", .text = &s->quarantine},
	    {"result", .word = &output, .words = output_name},
	    {"votes", .number = &votes, .min = 1, .max = 100}, {0}};
	const struct opt table[] = {{"0", .flag = &s->nul},
	    {"b", .seconds = &s->budget}, {"c", .text = &s->cpu_list},
	    {"D", .text = &s->driver}, {"H", .text = &s->home},
	    {"j", .flag = &s->json},
	    {"m", .number = &memory, .min = 1, .max = 1 << 24},
	    {"o", .text = &s->out},
	    {"P", .number = &workers, .min = 1, .max = 4096},
	    {"q", .flag = &s->quiet},
	    {"r", .number = &tries, .min = 1, .max = 100},
	    {"t", .seconds = &s->limit}, {"v", .flag = &s->verbose},
	    {"x", .settings = settings}, {0}};

	argv = opt_read(table, argc, argv, usage);
	s->edges = edges == 1;
	s->goal = (enum cover_goal)goal;
	s->output = (enum output)output;
	s->memory = (unsigned)memory;
	s->workers = (unsigned)workers;
	s->tries = (unsigned)tries;
	s->votes = (unsigned)votes;
	if (s->cache && !strcmp(s->cache, "no"))
		s->cache = "";
	return argv;
}

/* An environment from nothing, then what was asked for. */
static void
environment(struct setting *s, const char *dir)
{
	struct strs asked = s->env;
	const char *path = getenv("PATH");

	s->env = (struct strs){0};
	strs_env_set(&s->env, "PATH", path ? path : "/usr/bin:/bin");
	strs_env_set(&s->env, "HOME", dir);
	strs_env_set(&s->env, "TMPDIR", dir);
	strs_env_set(&s->env, "LANG", "C");
	for (size_t i = 0; i < asked.n; i++) {
		char *eq = strchr(asked.v[i], '=');

		*eq = '\0';
		strs_env_set(&s->env, asked.v[i], eq + 1);
	}
	strs_release(&asked);
}

/* A mode of AFL++ that is not installed, say: the loader would only warn, once
 * for each process. */
static void
check_preload(const struct setting *s)
{
	const char *value = strs_env_get(&s->env, "LD_PRELOAD");
	char *list = mem_strdup(value ? value : ""), *save = NULL, *path;

	for (path = strtok_r(list, ": ", &save); path;
	     path = strtok_r(NULL, ": ", &save))
		if (strchr(path, '/') && access(path, R_OK))
			opt_die(EX_LAGO_UNAVAILABLE,
			    "to be preloaded, but not there: '%s'", path);
	free(list);
}

/* Our own CPUs become those that children may use. */
static void
cpus(struct setting *s)
{
	struct fail f;
	cpu_set_t set;

	if (s->cpu_list ? cpus_parse(&s->cpus, s->cpu_list, &f)
			: cpus_allowed(&s->cpus, &f))
		opt_fail(&f);
	CPU_ZERO(&set);
	for (size_t i = 0; i < s->cpus.n; i++)
		CPU_SET((unsigned)s->cpus.v[i], &set);
	sched_setaffinity(0, sizeof set, &set);
	if (!s->workers)
		s->workers = (unsigned)s->cpus.n;
}

/* Is the target's fuzzer libFuzzer?  Told, or seen in the file. */
static bool
is_libfuzzer(const struct setting *s)
{
	struct fail f;
	int looks = forkserver_look(s->command[0], &f);

	if (s->driver && strcmp(s->driver, "afl") != 0 &&
	    strcmp(s->driver, "libfuzzer") != 0)
		opt_die(EX_LAGO_UNAVAILABLE,
		    "knows afl and libfuzzer, not '%s'", s->driver);
	if (looks < 0 && strstr(s->command[0], "afl-qemu-trace"))
		opt_die(EX_LAGO_UNAVAILABLE,
		    "AFL++'s QEMU mode is not installed here: '%s'",
		    s->command[0]);
	if (looks < 0)
		opt_fail(&f);
	if (s->driver)
		return s->driver[0] == 'l';
	if (looks & FORKSERVER_AFL)
		return false;
	if (looks & FORKSERVER_LIBFUZZER)
		return true;
	if (looks & FORKSERVER_HONGGFUZZ)
		opt_die(EX_LAGO_UNAVAILABLE,
		    "built for honggfuzz, which no other program can ask: "
		    "compile it also with afl-clang-fast: '%s'",
		    s->command[0]);
	opt_die(EX_LAGO_UNAVAILABLE,
	    "not instrumented, compile it with afl-clang-fast or "
	    "-fsanitize=fuzzer, or run it by AFL++'s afl-qemu-trace: '%s'",
	    s->command[0]);
}

static void
warn_counts(const struct setting *s, const struct minimize *m)
{
	const struct {
		uint64_t n;
		const char *text;
		bool detail;
	} counts[] = {
	    {m->count[INPUT_CRASHED], "inputs crash: set aside", false},
	    {m->count[INPUT_HUNG], "inputs hang: set aside", false},
	    {m->count[INPUT_GONE], "inputs could not be read", false},
	    {m->count[INPUT_NEW], "inputs not run for want of time: kept",
		false},
	    {m->lost, "tuples not shown by the result", false},
	    {m->unstable, "tuples that come and go", true},
	    {m->collect.cached, "inputs known from an earlier call", true},
	    {m->count[INPUT_COPY], "second copies", true},
	    {m->count[INPUT_EMPTY], "empty inputs", true},
	};

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		if (counts[i].n && (s->verbose || !counts[i].detail))
			opt_say("%llu %s", (unsigned long long)counts[i].n,
			    counts[i].text);
}

/* The fields that both kinds of result have. */
static void
record_start(struct out *o, const struct setting *s, const char *out,
    const char *what, const char *reason, const uint64_t count[4])
{
	out_init(o, stdout, s->json);
	out_text(o, "output", out);
	out_text(o, "what", what);
	out_text(o, "reason", reason);
	out_int(o, "files_in", (int64_t)count[0]);
	out_int(o, "bytes_in", (int64_t)count[1]);
	out_int(o, "files", (int64_t)count[2]);
	out_int(o, "bytes", (int64_t)count[3]);
	out_real(o, "seconds", clock_mono() - s->start, 3);
}

static void
corpus_record(
    const struct setting *s, const struct inputs *in, const struct minimize *m)
{
	uint64_t count[4] = {in->n, 0, m->files, m->bytes};
	struct out o;

	if (s->quiet)
		return;
	for (size_t i = 0; i < in->n; i++)
		count[1] += in->v[i].size;
	record_start(&o, s, s->out, "corpus",
	    m->count[INPUT_NEW] ? "budget" : "done", count);
	out_int(&o, "execs", (int64_t)m->collect.execs);
	out_int(&o, "tuples", (int64_t)m->tuples);
	out_int(&o, "lost", (int64_t)m->lost);
	out_int(&o, "unstable", (int64_t)m->unstable);
	out_int(&o, "unrun", (int64_t)m->count[INPUT_NEW]);
	out_int(&o, "crashed", (int64_t)m->count[INPUT_CRASHED]);
	out_int(&o, "hung", (int64_t)m->count[INPUT_HUNG]);
	out_int(&o, "gone", (int64_t)m->count[INPUT_GONE]);
	out_text(&o, "bucket", NULL);
	out_text(&o, "others", NULL);
	out_text(&o, "reached", NULL);
	out_text(&o, "command", NULL);
	out_end(&o);
}

static void
input_record(const struct setting *s, const struct shrink *r, const char *out,
    const char *shell)
{
	static const char *const absent[] = {
	    "tuples", "lost", "unstable", "unrun", "crashed", "hung", "gone"};
	static const char *const reason[] = {"minimal", "budget", "signal"};
	uint64_t count[4] = {1, r->bytes_in, 1, r->bytes};
	struct out o;

	if (s->quiet)
		return;
	record_start(&o, s, out, "input", reason[r->reason], count);
	out_int(&o, "execs", (int64_t)r->execs);
	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
		out_text(&o, absent[i], NULL);
	out_text(&o, "bucket", r->bucket);
	out_int(&o, "others", (int64_t)r->found);
	out_real(&o, "reached", r->reached > 0 ? r->reached - r->from : 0, 3);
	out_text(&o, "command", shell);
	out_end(&o);
	fflush(stdout);
}

/* One line for each input, kept or not. */
static void
print_files(
    const struct setting *s, const struct inputs *in, struct minimize *m)
{
	static const char *const state[] = {
	    "unrun", "traced", "crashed", "hung", "copy", "empty", "gone"};
	uint32_t *alone = select_alone(&m->traces);
	struct out o;

	out_init(&o, stdout, s->json);
	for (size_t i = 0; i < in->n; i++) {
		const struct input *one = &in->v[i];
		bool traced = one->state == INPUT_TRACED;
		char hex[2 * INPUT_SHA + 1];

		inputs_hex(one, hex);
		out_text(&o, "input", one->path);
		out_text(&o, "state", state[one->state]);
		out_int(&o, "bytes", (int64_t)one->size);
		out_int_or(&o, "micros", one->micros, 0);
		out_int_or(&o, "tuples",
		    traced ? (int64_t)m->traces.v[one->trace].n : -1, -1);
		out_int_or(
		    &o, "alone", traced ? (int64_t)alone[one->trace] : -1, -1);
		out_bool(&o, "kept", m->kept[i]);
		out_text(&o, "sha256", one->hashed ? hex : NULL);
		out_end(&o);
	}
	free(alone);
}

/* One line for each tuple of each input that was traced. */
static void
print_tuples(
    const struct setting *s, const struct inputs *in, struct minimize *m)
{
	struct out o;

	out_init(&o, stdout, s->json);
	for (size_t i = 0; i < in->n; i++) {
		const uint32_t *tuple;

		if (in->v[i].state != INPUT_TRACED)
			continue;
		tuple = trace_get(&m->traces, in->v[i].trace);
		for (uint32_t k = 0; k < m->traces.v[in->v[i].trace].n; k++) {
			out_text(&o, "input", in->v[i].path);
			out_int(&o, "edge", tuple[k] / 8);
			out_int(&o, "class", tuple[k] % 8);
			out_end(&o);
		}
	}
}

/* The paths of what is kept. */
static void
print_list(
    const struct setting *s, const struct inputs *in, const struct minimize *m)
{
	struct out o;

	out_init(&o, stdout, s->json);
	for (size_t i = 0; i < in->n; i++) {
		if (!m->kept[i])
			continue;
		if (s->nul) {
			fwrite(in->v[i].path, 1, strlen(in->v[i].path) + 1,
			    stdout);
			continue;
		}
		out_text(&o, "input", in->v[i].path);
		out_end(&o);
	}
}

static void
print_corpus(
    const struct setting *s, const struct inputs *in, struct minimize *m)
{
	if (s->quiet)
		return;
	if (s->output == TO_LIST)
		print_list(s, in, m);
	else if (s->output == TO_FILES)
		print_files(s, in, m);
	else if (s->output == TO_TUPLES)
		print_tuples(s, in, m);
	else
		corpus_record(s, in, m);
}

static double
limit(const struct setting *s, bool libfuzzer)
{
	if (s->limit > 0)
		return s->limit;
	return libfuzzer ? LIMIT_LIBFUZZER : LIMIT_AFL;
}

static int
corpus(struct setting *s, struct inputs *in, const char *dir)
{
	bool libfuzzer = is_libfuzzer(s);
	struct minimize m = {.goal = s->goal,
	    .end = s->budget > 0 ? s->start + s->budget : 0,
	    .joint = s->joint,
	    .result = s->output < TO_LIST ? (enum minimize_result)s->output
					  : MINIMIZE_KEPT,
	    .out = s->out,
	    .quarantine = s->quarantine,
	    .cache = !s->cache	   ? cache_dir()
		     : s->cache[0] ? s->cache
				   : NULL};
	struct fail f;
	int status;

	m.collect = (struct collect){.argv = s->command,
	    .env = strs_argv(&s->env),
	    .dir = dir,
	    .file = s->file ? s->file : "input",
	    .cpu = s->cpus.v,
	    .cpus = s->cpus.n,
	    .workers = s->workers,
	    .timeout = limit(s, libfuzzer),
	    .memory = s->memory,
	    .crash_status = s->crash_status,
	    .ncrash_status = s->ncrash_status,
	    .edges = s->edges,
	    .loop = libfuzzer};
	inputs_sort(in);
	if (minimize_corpus(&m, in, &f))
		return sig_got ? 0 : opt_warn(&f);
	warn_counts(s, &m);
	print_corpus(s, in, &m);
	status = m.count[INPUT_GONE] ? EX_LAGO_NOINPUT
		 : m.lost	     ? EX_LAGO_NO
				     : EX_LAGO_OK;
	minimize_release(&m);
	return status;
}

/* One crash input; end: clock_mono(), 0 none. */
static int
input(struct setting *s, const char *path, const char *out, double end,
    const char *dir, struct strs *seen)
{
	struct fail f;
	int looks = forkserver_look(s->command[0], &f), rc;
	struct buf shell = BUF_INIT;
	struct shrink r = {.argv = s->command,
	    .env = strs_argv(&s->env),
	    .dir = dir,
	    .file = s->file ? s->file : "input",
	    .out = out,
	    .others = s->others,
	    .limit = limit(s, looks & FORKSERVER_LIBFUZZER),
	    .from = clock_mono(),
	    .end = end,
	    .memory = s->memory,
	    .cpu = s->cpus.v,
	    .cpus = s->cpus.n,
	    .workers = s->workers,
	    .crash_status = s->crash_status,
	    .ncrash_status = s->ncrash_status,
	    .by = s->by,
	    .script = s->script,
	    .tries = s->tries,
	    .votes = s->votes,
	    .words = &s->words,
	    .seen = seen};

	if (looks < 0)
		return opt_warn(&f);
	rc = shrink_input(&r, path, &f);
	if (rc == 0 && s->args && !sig_got)
		rc = command_shrink(&r, &shell, &f);
	if (rc < 0)
		return sig_got ? 0 : opt_warn(&f);
	if (rc == SHRINK_SEEN)
		return EX_LAGO_OK;
	if (rc > 0) {
		opt_say("does not crash the same way twice: '%s'", path);
		return EX_LAGO_NO;
	}
	if (s->verbose)
		opt_say("%s: %s", path, r.way);
	input_record(s, &r, out, shell.len ? shell.p : NULL);
	buf_release(&shell);
	return r.bytes < r.bytes_in ? EX_LAGO_OK : EX_LAGO_NO;
}

static int
by_size(const void *a, const void *b)
{
	struct stat x, y;

	if (stat(*(char *const *)a, &x) || stat(*(char *const *)b, &y))
		return 0;
	return x.st_size < y.st_size ? -1 : x.st_size > y.st_size;
}

/* Each a crash of its own, the smallest of each bug first: the others of it are
 * left out. */
static int
each(struct setting *s, const char *dir)
{
	double total = s->start + s->budget, now;
	struct strs seen = {0};
	struct buf b = BUF_INIT;
	struct fail f;
	char hex[HASH_HEX], *out;
	int status = 0;

	if (file_mkdirs(AT_FDCWD, s->out, 0777, &f))
		opt_fail(&f);
	qsort(s->names.v, s->names.n, sizeof *s->names.v, by_size);
	for (size_t i = 0; i < s->names.n && !sig_got; i++) {
		if (file_read(
			AT_FDCWD, s->names.v[i], INPUT_MAX, &b, NULL, &f)) {
			status = fail_worse(status, opt_warn(&f));
			continue;
		}
		hash_bytes(buf_str(&b), b.len, hex);
		out = mem_printf("%s/%s", s->out, hex);
		now = clock_mono();
		status = fail_worse(status,
		    input(s, s->names.v[i], out,
			s->budget > 0
			    ? now + (total - now) / (double)(s->names.n - i)
			    : 0,
			dir, &seen));
		free(out);
	}
	buf_release(&b);
	strs_release(&seen);
	return status;
}

/* The operands: the files of a corpus, or the name of one crash input. */
static const char *
operands(struct setting *s, char **argv, struct inputs *in)
{
	struct opt_operands list;
	struct stat st;
	struct fail f;
	char *name;
	int status = 0;

	opt_operands(&list, argv, true, s->nul, usage);
	while ((name = opt_next(&list)))
		strs_add(&s->names, name);
	if (s->each)
		return NULL;
	if (s->names.n == 1 && s->base.n == 0 && s->output == TO_DIR &&
	    !stat(s->names.v[0], &st) && S_ISREG(st.st_mode))
		return s->names.v[0];
	for (size_t i = 0; i < s->names.n; i++) {
		if (s->output == TO_PLACE && publish_is_live(s->names.v[i]))
			opt_die(EX_LAGO_TEMP,
			    "a fuzzer works in '%s': stop it first, or add to "
			    "it with -x result=sync",
			    s->names.v[i]);
		if (inputs_add(in, s->names.v[i], false, &f))
			status = fail_worse(status, opt_warn(&f));
	}
	for (size_t i = 0; i < s->base.n; i++)
		if (inputs_add(in, s->base.v[i], true, &f))
			status = fail_worse(status, opt_warn(&f));
	if (status)
		opt_exit(status);
	return NULL;
}

/* The id of a crash, a bug, a job or a run: this command again, as if its input
 * and the job's command were given; ids of crashes and bugs on standard input,
 * or several: each of them. */
static int
from_job(struct setting *s, char **argv, char **ids)
{
	struct opt_operands list;
	struct strs words = {0};
	struct fromjob j;
	struct fail f;
	char *id;
	int status = 0, one = 0, rc;

	opt_operands(&list, ids, true, s->nul, usage);
	if (fromjob_open(&j, s->home, &f))
		opt_fail(&f);
	s->each |= !ids[0] || ids[1];
	while ((id = opt_next(&list))) {
		if (s->each ? fromjob_crash(&j, id, &f)
			    : fromjob_one(&j, id, &f))
			status = fail_worse(status, opt_warn(&f));
	}
	if (j.n == 0 && status)
		opt_exit(status);
	if (j.n == 0)
		opt_die(EX_LAGO_NOINPUT, "no id");
	strs_add(&words, "lago-minimize");
	for (argv++; argv < ids; argv++)
		strs_add(&words, *argv);
	if (s->out)
		fromjob_path(&words, "-o", s->out);
	if (s->each)
		strs_add(&words, "-xeach=1");
	fromjob_path(&words, "-xquarantine=", s->quarantine);
	if (s->cache && s->cache[0])
		fromjob_path(&words, "-xcache=", s->cache);
	for (size_t i = 0; i < s->base.n; i++)
		fromjob_path(&words, "-xbase=", s->base.v[i]);
	fromjob_path(&words, "-xothers=", s->others);
	sig_init();
	while ((rc = fromjob_next(&j, &words, &one, &f)) != 0)
		status = fail_worse(status, rc < 0 ? opt_warn(&f) : one);
	fromjob_close(&j);
	sig_raise();
	return status;
}

static void
check_output(const struct setting *s)
{
	bool needed = s->output != TO_PLACE && s->output < TO_LIST;

	if (needed && (!s->out || !s->out[0]))
		opt_usage(usage, "no -o");
	if (!needed && s->out)
		opt_usage(
		    usage, "no -o with result=%s", output_name[s->output]);
	if (s->joint && s->output > TO_NAMES)
		opt_usage(
		    usage, "no joint=1 with result=%s", output_name[s->output]);
}

int
main(int argc, char **argv)
{
	struct setting s = {.start = clock_mono()};
	struct inputs in = {0};
	struct fail f;
	const char *dir, *one;
	char **names;
	int status;

	opt_start(argv);
	names = opt_split(options(&s, argc, argv), &s.command, usage);
	check_output(&s);
	if (!s.command)
		opt_exit(from_job(&s, argv, names));
	cpus(&s);
	one = operands(&s, names, &in);
	sig_init();
	dir = scratch_start(&f);
	if (!dir)
		opt_fail(&f);
	environment(&s, dir);
	check_preload(&s);
	status = s.each ? each(&s, dir)
		 : one	? input(&s, one, s.out,
			      s.budget > 0 ? s.start + s.budget : 0, dir, NULL)
			: corpus(&s, &in, dir);
	scratch_end();
	sig_raise();
	opt_exit(status);
}
