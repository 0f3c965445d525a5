/*
 * lago-triage: what kind of bug, where, how bad, and which others are the same;
 * from saved output (-l), or by running each input.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/sig.h"
#include "base/strs.h"
#include "replay/crew.h"
#include "replay/fast.h"
#include "replay/inorder.h"
#include "replay/judge.h"
#include "crash/logtext.h"
#include "crash/record.h"
#include "replay/replay.h"
#include "crash/report.h"
#include "crash/rules.h"
#include "crash/together.h"
#include "crash/verdict.h"
#include "run/fromjob.h"
#include "target/cpus.h"
#include "target/exec.h"

static const char usage[] =
    "usage: lago-triage [-0jqvV] [-c cpus] [-m MiB] [-o path]\n"
    "                   [-P workers] [-r tries] [-t duration]\n"
    "                   [-x name=value]... [input...] -- command...\n"
    "       lago-triage [-0jqvV] [-c cpus] [-H dir] [-m MiB] [-o path]\n"
    "                   [-P workers] [-r tries] [-t duration]\n"
    "                   [-x name=value]... [id...]\n"
    "       lago-triage -l [-0jqsvV] [-P workers] [-x name=value]... "
    "[log...]\n";

/* Seconds a run may take when nobody said. */
#define LIMIT 10
#define LIMIT_LIBFUZZER 25

struct setting {
	bool nul, json, logs, similar, quiet, verbose, fresh;
	struct verdict_policy policy;
	struct strs ignore, env;
	struct exec_target target;
	struct replay replay;
	struct cpus cpus;
	const char *home, *cpu_list;
	unsigned workers;
	double limit;
	int *crash_status;
	struct rules *rules;
	struct fast_shared *learned;
	struct opt_operands operands;
	char *name; /* of the target */
};

static int
add_status(void *arg, const char *name, const char *value, struct fail *f)
{
	struct setting *s = arg;
	int64_t status;

	(void)name;
	if (opt_parse_num(value, 1, 255, &status) == -1)
		return fail_set(f, EX_LAGO_USAGE,
		    "-x crash_status needs a number from 1 to 255, not '%s'",
		    value);
	s->crash_status = mem_grow(s->crash_status, s->target.ncrash_status + 1,
	    sizeof(*s->crash_status));
	s->crash_status[s->target.ncrash_status++] = (int)status;
	s->target.crash_status = s->crash_status;
	return 0;
}

static int
set_file(void *arg, const char *name, const char *value, struct fail *f)
{
	struct setting *s = arg;

	(void)name;
	s->target.file = value;
	return *value != '\0' && strchr(value, '/') == NULL
		   ? 0
		   : fail_set(f, EX_LAGO_USAGE,
			 "-x file needs a name, not '%s'", value);
}

static char **
options(struct setting *s, int argc, char **argv)
{
	static const char *const keys[] = {[VERDICT_NAMES] = "names",
	    [VERDICT_TOKEN] = "token",
	    [VERDICT_LINE] = "line",
	    [VERDICT_EXACT] = "exact",
	    NULL};
	bool asserts = true;
	int by = VERDICT_NAMES;
	long memory = s->target.memory, depth = 0, tries = 3, more = 10;
	long workers = 0;
	const struct opt settings[] = {{"assert_security", .flag = &asserts},
	    {"before", .text = &s->replay.before},
	    {"check_security", .flag = &s->policy.checks_unsafe},
	    {"crash_status", .call = add_status, .arg = s},
	    {"depth", .number = &depth, .min = 1, .max = 64},
	    {"env.", .list = &s->env}, {"file", .call = set_file, .arg = s},
	    {"fresh", .flag = &s->fresh},
	    {"fuzz_target", .text = &s->policy.target},
	    {"ignore", .list = &s->ignore}, {"key", .word = &by, .words = keys},
	    {"more", .number = &more, .max = 1000},
	    {"report_ooms", .flag = &s->policy.report_ooms},
	    {"traces", .text = &s->replay.traces}, {0}};
	const struct opt table[] = {{"0", .flag = &s->nul},
	    {"c", .text = &s->cpu_list}, {"H", .text = &s->home},
	    {"j", .flag = &s->json}, {"l", .flag = &s->logs},
	    {"m", .number = &memory, .min = 1, .max = 1 << 30},
	    {"o", .text = &s->replay.reports},
	    {"P", .number = &workers, .min = 1, .max = 1024},
	    {"q", .flag = &s->quiet},
	    {"r", .number = &tries, .min = 1, .max = 1000},
	    {"s", .flag = &s->similar}, {"t", .seconds = &s->limit},
	    {"v", .flag = &s->verbose}, {"x", .settings = settings}, {0}};

	argv = opt_read(table, argc, argv, usage);
	s->policy.asserts_safe = !asserts;
	s->policy.key = (enum verdict_by)by;
	s->policy.ignore = &s->ignore;
	s->target.memory = (unsigned)memory;
	s->policy.depth = (int)depth;
	s->replay.tries = (int)tries;
	s->replay.more = (int)more;
	s->workers = (unsigned)workers;
	return argv;
}

/* One on each CPU where nobody said. */
static void
workers(struct setting *s)
{
	struct fail f;

	if ((s->cpu_list != NULL ? cpus_parse(&s->cpus, s->cpu_list, &f)
				 : cpus_allowed(&s->cpus, &f)) == -1)
		opt_fail(&f);
	if (s->workers == 0)
		s->workers = (unsigned)s->cpus.n;
}

/* What reading logs needs; together NULL: records go out at once. */
struct logs {
	struct verdict *verdict;
	struct logtext *text;
	struct together *together;
	struct out out;
	struct opt_operands operands;
};

static int
one_log(void *arg, const char *name, FILE *fp)
{
	struct logs *l = arg;
	struct record r = {.verdict = l->verdict, .log = name};
	struct str text;
	struct fail f;

	if (logtext_read(l->text, name, &text, &r.truncated, &f) == -1)
		return opt_warn(&f);
	verdict_text(l->verdict, text.p, text.n);
	l->out.fp = fp;
	if (l->together == NULL)
		record_write(&l->out, &r);
	else if (together_add(l->together, &r, &f) == -1)
		opt_fail(&f);
	return l->verdict->report->kind != NULL ? EX_LAGO_OK : EX_LAGO_NO;
}

static char *
next_log(void *arg)
{
	return opt_next(&((struct logs *)arg)->operands);
}

static int
logs(struct setting *s, char **argv)
{
	struct logs l = {.verdict = verdict_new(s->rules, &s->policy),
	    .text = logtext_new()};
	struct inorder_job job = {.next = next_log, .one = one_log, .arg = &l};
	struct fail f;
	int status;

	s->policy.brief = !s->json && !s->similar;
	out_init(&l.out, stdout, s->json);
	if (s->similar &&
	    (l.together = together_new(s->rules, s->json, &f)) == NULL)
		opt_fail(&f);
	workers(s);
	job.workers = s->similar ? 1 : s->workers;
	if (*argv == NULL && !s->nul)
		status = one_log(&l, "-", stdout);
	else {
		opt_operands(&l.operands, argv, true, s->nul, usage);
		if ((status = inorder_run(&job, &f)) == -1)
			opt_fail(&f);
	}
	if (l.together != NULL && together_print(l.together, &l.out, &f) == -1)
		opt_fail(&f);
	together_free(l.together);
	logtext_free(l.text);
	verdict_free(l.verdict);
	return status;
}

/* An environment from nothing, then what was asked for. */
static void
environment(struct setting *s, struct strs *env)
{
	const char *path = getenv("PATH");
	const char *shared[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "MSAN_OPTIONS",
	    "TSAN_OPTIONS", "LSAN_OPTIONS", "HWASAN_OPTIONS"};

	strs_env_set(env, "PATH", path != NULL ? path : "/usr/bin:/bin");
	strs_env_set(env, "HOME", "/nonexistent");
	strs_env_set(env, "LANG", "C");
	for (size_t i = 0; i < s->env.n; i++) {
		char *text = mem_strdup(s->env.v[i]);
		char *eq = strchr(text, '=');
		bool join = false;
		if (eq == NULL)
			opt_die(EX_LAGO_USAGE, "not NAME=VALUE: '%s'", text);
		*eq = '\0';
		for (size_t k = 0; k < sizeof(shared) / sizeof(*shared); k++)
			join |= strcmp(text, shared[k]) == 0;
		(join ? strs_env_join : strs_env_set)(env, text, eq + 1);
		free(text);
	}
	s->target.env = strs_argv(env);
}

static int
feed(struct crew *c, void *arg)
{
	struct setting *s = arg;
	struct strs files;
	struct fail f;
	struct stat st;
	char *name;
	int status = 0;

	while ((name = opt_next(&s->operands)) != NULL) {
		files = (struct strs){0};
		if (stat(name, &st) == -1 || !S_ISDIR(st.st_mode))
			strs_add(&files, name);
		else if (file_walk(name, &files, &f) == -1)
			status = fail_worse(status, opt_warn(&f));
		for (size_t i = 0; i < files.n; i++)
			if (crew_put(c, files.v[i]) == -1)
				return status;
		strs_release(&files);
	}
	return status;
}

/* One input; its record goes out in one piece. */
static int
one_input(struct setting *s, struct crew *c, unsigned worker, const char *path)
{
	char *text = NULL;
	size_t n = 0;
	FILE *fp = open_memstream(&text, &n);
	struct fail f;
	struct out o;
	int rc;

	out_init(&o, fp, s->json);
	o.terminal = !s->json && isatty(STDOUT_FILENO);
	rc = replay_input(&s->replay, path, &o, &f);
	fclose(fp);
	if (rc != -1 && n > 0 && crew_answer(c, text, n) == -1)
		rc = fail_errno(&f, EX_LAGO_IO, "cannot write records");
	free(text);
	if (rc == -1)
		return sig_got ? EX_LAGO_OK : opt_warn(&f);
	if (s->verbose && s->replay.fast != NULL) {
		const char *news = fast_news(s->replay.fast);
		if (news != NULL)
			opt_say("worker %u: %s", worker, news);
	}
	if (s->verbose)
		opt_say("%s: '%s'", rc ? "reproduced" : "not reproduced", path);
	return rc ? EX_LAGO_OK : EX_LAGO_NO;
}

/* A worker and its target take turns: on one CPU they wake each other without
 * asking another one.  Where every CPU has a worker nobody gets in the way of
 * somebody else's. */
static void
pin(struct setting *s, unsigned worker)
{
	cpu_set_t one;

	s->target.core = s->cpus.v[worker % s->cpus.n];
	CPU_ZERO(&one);
	CPU_SET((size_t)s->target.core, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static int
work(struct crew *c, unsigned worker, void *arg)
{
	struct setting *s = arg;
	struct fail f;
	char *path;
	int status = 0;

	if (s->cpu_list != NULL || s->workers == s->cpus.n)
		pin(s, worker);
	s->replay.judge = judge_open(&s->target, s->rules, &s->policy, &f);
	if (s->replay.judge == NULL)
		return worker == 0 ? opt_warn(&f) : f.status;
	if (!s->fresh)
		s->replay.fast =
		    fast_new(s->replay.judge, s->learned, s->limit);
	while ((path = crew_take(c)) != NULL) {
		status = fail_worse(status, one_input(s, c, worker, path));
		free(path);
	}
	fast_free(s->replay.fast);
	judge_close(s->replay.judge);
	return status;
}

/* What kind of program it is decides limits and options of sanitizers. */
static void
limits(struct setting *s, struct strs *env)
{
	struct exec *e;
	struct fail f;
	bool libfuzzer;

	e = exec_open(&s->target, &f);
	if (e == NULL)
		opt_fail(&f);
	libfuzzer = exec_is_libfuzzer(exec_program(e));
	s->name = mem_strdup(exec_program(e));
	exec_close(e);
	exec_sanitizer_env(env, libfuzzer ? EXEC_LEAKS : 0);
	s->target.env = strs_argv(env);
	if (s->limit <= 0)
		s->limit = libfuzzer ? LIMIT_LIBFUZZER : LIMIT;
	/* Busy for so long, or asleep for longer: a loaded machine is no
	 * hang. */
	s->target.cpu = s->limit;
	s->target.wall = 2 * s->limit;
	s->target.tree = ".";
	s->target.alone = true;
	if (strrchr(s->name, '/') != NULL)
		s->replay.target = strrchr(s->name, '/') + 1;
	if (s->policy.target != NULL)
		s->replay.target = s->policy.target;
	s->replay.run = &s->target;
	s->replay.rules = s->rules;
	s->replay.policy = &s->policy;
	if (s->replay.before != NULL && access(s->replay.before, R_OK) == -1)
		opt_die(EX_LAGO_NOINPUT, "cannot read '%s'", s->replay.before);
	workers(s);
}

static int
inputs(struct setting *s, char **first)
{
	struct crew_job job = {.feed = feed, .work = work, .arg = s};
	struct fail f;
	struct strs env = {0};
	int status;

	environment(s, &env);
	limits(s, &env);
	if (s->replay.reports != NULL &&
	    file_mkdirs(AT_FDCWD, s->replay.reports, 0777, &f) == -1)
		opt_fail(&f);
	opt_operands(&s->operands, first, true, s->nul, usage);
	sig_init();
	if ((s->learned = fast_share()) == NULL)
		opt_die(EX_LAGO_TEMP, "out of memory");
	job.workers = s->workers;
	status = crew_run(&job, &f);
	if (status == -1)
		opt_fail(&f);
	sig_raise();
	return status;
}

/* Of jobs: this command again for each, as if the job's own stood behind
 * "--". */
static int
ids(struct setting *s, char **argv, char **operands)
{
	struct strs words = {0};
	struct fromjob j;
	struct fail f;
	char *id;
	int status = 0, one = 0, rc;

	opt_operands(&s->operands, operands, true, s->nul, usage);
	if (fromjob_open(&j, s->home, &f) == -1)
		opt_fail(&f);
	while ((id = opt_next(&s->operands)) != NULL)
		if (fromjob_crashes(&j, id, &f) == -1)
			status = fail_worse(status, opt_warn(&f));
	strs_add(&words, "lago-triage");
	for (argv++; argv < operands; argv++)
		strs_add(&words, *argv);
	fromjob_path(&words, "-o", s->replay.reports);
	fromjob_path(&words, "-xtraces=", s->replay.traces);
	fromjob_path(&words, "-xbefore=", s->replay.before);
	sig_init();
	while ((rc = fromjob_next(&j, &words, &one, &f)) != 0)
		status = fail_worse(status, rc == -1 ? opt_warn(&f) : one);
	fromjob_close(&j);
	sig_raise();
	return status;
}

int
main(int argc, char **argv)
{
	struct setting s = {.target = EXEC_TARGET_INIT};
	struct fail f;
	char **operands, **command;

	opt_start(argv);
	operands = options(&s, argc, argv);
	s.rules = rules_load(NULL, &f);
	if (s.rules == NULL)
		opt_fail(&f);
	if (s.similar && !s.logs)
		opt_usage(usage, "-s needs -l");
	if (s.logs)
		opt_exit(logs(&s, operands));
	operands = opt_split(operands, &command, usage);
	s.target.argv = command;
	opt_exit(
	    command != NULL ? inputs(&s, operands) : ids(&s, argv, operands));
}
