#include "run/instances.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strs.h"
#include "job/plugin.h"
#include "run/collect.h"
#include "run/early.h"
#include "run/inside.h"
#include "run/life.h"
#include "run/rooms.h"
#include "run/series.h"
#include "run/task.h"
#include "run/verbs.h"

#define AT_ONCE 2.0	   /* seconds: it did not even begin */
#define PAUSE_MOST 60.0	   /* between two starts of one that ends at once */
#define GIVE_UP 4	   /* times at once, all of them, nothing executed */
#define ASK_AGAIN 60.0	   /* seconds that a command line is good for */
#define GRACE 5.0	   /* between TERM and KILL */
#define LOG_KEEP (8 << 10) /* of an incarnation, in the run's log */
#define LOG_MAX (4 << 20)  /* then its middle goes */
#define LOG_HALF (1 << 20)
#define TRACE_MAX (256 << 10)
#define TRACE_TAIL 4096

static double
remaining(const struct life *l)
{
	return l->deadline - life_fuzzed(l);
}

static int
open_log(struct life *l, struct instance *in, struct fail *f)
{
	int fd = inside_open(
	    l->workfd, in->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);

	if (fd < 0)
		fail_errno(f, EX_LAGO_IO, "cannot make '%s'", in->log);
	return fd;
}

/* Its command line.  An instance that ends at every crash starts often: what
 * the driver said is good for a while, unless it has to resume. */
static int
ask(struct life *l, struct instance *in, struct fail *f)
{
	bool resume = in->starts > 0 || l->resumed;

	if (in->command.argv.n > 0 && !l->cumulative &&
	    clock_mono() < in->asked + ASK_AGAIN)
		return 0;
	plugin_command_release(&in->command);
	in->asked = clock_mono();
	if (verbs_argv(l, in->no, remaining(l), resume, &in->command, f) != 0)
		return -1;
	rooms_env(l, &in->command.env);
	return 0;
}

static int
start(struct life *l, struct instance *in, struct fail *f)
{
	struct cpus one = {&l->claim.cpus.v[in->no % l->claim.cpus.n], 1};
	struct keeper_cmd cmd = KEEPER_CMD_INIT;
	char *cwd = mem_printf("%s/i/%u", l->work, in->no);

	if (ask(l, in, f) == 0 && (cmd.out = open_log(l, in, f)) >= 0) {
		cmd.argv = in->command.argv.v;
		cmd.env = strs_argv(&in->command.env);
		cmd.cwd = cwd;
		cmd.err = cmd.out;
		cmd.cpus = &one;
		cmd.oom_score_adj = 500;
		in->task = task_start(l, "fuzzer", &cmd, 0, f);
		close(cmd.out);
	}
	free(cwd);
	if (in->task == NULL)
		return -1;
	in->starts++;
	l->instances->alive++;
	return 0;
}

static void
pause_after(struct instance *in, bool at_once)
{
	double pause = 0.5;
	unsigned i;

	in->quick = at_once ? in->quick + 1 : 0;
	for (i = 1; i < in->quick && pause < PAUSE_MOST; i++)
		pause *= 2;
	in->next = clock_mono();
	if (at_once)
		in->next += pause < PAUSE_MOST ? pause : PAUSE_MOST;
}

/* Its log into the run's. */
static void
keep_log(struct life *l, struct instance *in, int status)
{
	struct buf b = BUF_INIT;
	char title[64];

	if (WIFSIGNALED(status))
		snprintf(title, sizeof(title), "instance %u: signal %d", in->no,
		    WTERMSIG(status));
	else
		snprintf(title, sizeof(title), "instance %u: status %d", in->no,
		    WEXITSTATUS(status));
	if (inside_read_ends(l->workfd, in->log, LOG_KEEP, &b) == 0)
		life_log(l, title, buf_str(&b), b.len);
	buf_release(&b);
}

static void
ended(struct life *l, struct instance *in)
{
	double lived = clock_mono() - in->task->start;
	uint64_t before = collect_count(l);

	l->instances->alive--;
	series_ended(l, in);
	collect_crashes(l);
	keep_log(l, in, in->task->ev.status);
	early_death(l, in);
	task_free(l, in->task);
	in->task = NULL;
	pause_after(in, lived < AT_ONCE && collect_count(l) == before);
}

char *
instances_finder(const struct life *l, int no)
{
	const struct strs *argv;
	const char *member = kv_get(&l->job, "member"), *name;
	size_t i, at = 0, n;

	member = member != NULL ? member : "target";
	n = strlen(member);
	if (l->instances == NULL || no < 0 || (unsigned)no >= l->n)
		return mem_strdup("target");
	argv = &l->instances->v[no].command.argv;
	for (i = 0; i + 1 < argv->n; i++)
		if (strcmp(argv->v[i], "--") == 0)
			at = i + 1;
	name = argv->n > 0 ? strrchr(argv->v[at], '/') : NULL;
	if (name == NULL || strncmp(name + 1, member, n) != 0 ||
	    name[1 + n] != '.')
		return mem_strdup("target");
	return mem_printf("target%s", name + 1 + n);
}

int
instances_start(struct life *l)
{
	struct instances *all = l->instances = mem_alloc(sizeof(*all));
	unsigned i;

	all->v = mem_array(l->n, sizeof(*all->v));
	for (i = 0; i < l->n; i++) {
		all->v[i].no = i;
		all->v[i].log = mem_printf("log/%u", i);
		if (rooms_make(l, "i", i) != 0)
			return life_fail(
			    l, "disk", EX_LAGO_IO, "cannot make 'work/i'");
	}
	return 0;
}

/* Keep the two ends of a log that grew. */
static void
trim_log(struct life *l, struct instance *in)
{
	struct buf b = BUF_INIT;
	struct stat st;
	int fd = inside_open(l->workfd, in->log, O_RDWR | O_APPEND, 0);

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > LOG_MAX &&
	    S_ISREG(st.st_mode)) {
		buf_reserve(&b, LOG_HALF);
		if (pread(fd, b.p, LOG_HALF, st.st_size - LOG_HALF) ==
			LOG_HALF &&
		    ftruncate(fd, LOG_HALF) == 0 &&
		    file_write_fd(fd, "\n[left out]\n", 12) == 0)
			file_write_fd(fd, b.p, LOG_HALF);
	}
	if (fd >= 0)
		close(fd);
	buf_release(&b);
}

/* What the last of them said, for a person. */
static int
give_up(struct life *l, struct instance *in)
{
	struct buf b = BUF_INIT;
	char *line = NULL, *p;

	if (inside_read_ends(l->workfd, in->log, 4096, &b) == 0)
		for (p = strtok(b.p, "\n"); p != NULL; p = strtok(NULL, "\n"))
			if (strspn(p, " \t\r") < strlen(p))
				line = p;
	life_fail(l, "driver", EX_LAGO_DATA,
	    "the fuzzer ends at once, every time%s%.300s",
	    line != NULL ? ": " : "", line != NULL ? line : "");
	buf_release(&b);
	return -1;
}

int
instances_tick(struct life *l)
{
	struct fail f = {0};
	unsigned i, hopeless = 0;

	for (i = 0; i < l->n && !l->gone; i++) {
		struct instance *in = &l->instances->v[i];

		if (in->task != NULL && in->task->ended)
			ended(l, in);
		if (in->task != NULL) {
			trim_log(l, in);
			continue;
		}
		hopeless += in->quick >= GIVE_UP;
		if (hopeless == l->n && series_execs(l) <= 0)
			return give_up(l, in);
		if (clock_mono() < in->next || remaining(l) < 1 ||
		    l->hurry != LIFE_GO_ON)
			continue;
		l->instances->restarts += in->starts > 0;
		if (start(l, in, &f) != 0) {
			life_say(l, "instance %u: %s", i, f.text);
			if (f.status == EX_LAGO_DATA)
				return life_fail(
				    l, "driver", f.status, "%s", f.text);
			pause_after(in, true);
		}
	}
	return 0;
}

void
instances_stop(struct life *l)
{
	double end = clock_mono() + GRACE;
	struct instance *in;
	unsigned i;
	int sig;

	for (sig = l->hurry == LIFE_KILL ? SIGKILL : SIGTERM;;
	     sig = SIGKILL, end += GRACE) {
		for (i = 0; i < l->n; i++)
			if (l->instances->v[i].task != NULL)
				task_signal(l, l->instances->v[i].task, sig);
		while (l->instances->alive > 0 && clock_mono() < end) {
			task_sleep(l, end - clock_mono());
			for (i = 0; i < l->n; i++) {
				in = &l->instances->v[i];
				if (in->task != NULL && in->task->ended)
					ended(l, in);
			}
		}
		if (l->instances->alive == 0 || sig == SIGKILL)
			return;
	}
}

void
instances_free(struct life *l)
{
	unsigned i;

	if (l->instances == NULL)
		return;
	for (i = 0; i < l->n; i++) {
		task_free(l, l->instances->v[i].task);
		plugin_command_release(&l->instances->v[i].command);
		free(l->instances->v[i].log);
		free(l->instances->v[i].unit);
	}
	free(l->instances->v);
	free(l->instances);
	l->instances = NULL;
}

/* Where the report of the artefact named at `to` can begin: behind the line that
 * names the one before, as libFuzzer writes it. */
static size_t
after_last(const struct buf *log, size_t to)
{
	static const char says[] = "Test unit written to ";
	const char *p = log->p, *end = p + to, *at, *line;

	while ((at = memmem(p, (size_t)(end - p), says, sizeof(says) - 1)) &&
	       (line = memchr(at, '\n', (size_t)(end - at))))
		p = line + 1;
	return (size_t)(p - log->p);
}

/* The part of a log up to the line that names the artefact. */
static bool
cut_trace(const struct buf *log, const char *word, struct buf *b)
{
	const char *at =
	    log->len > 0 ? memmem(log->p, log->len, word, strlen(word)) : NULL;
	size_t from, to;

	if (at == NULL)
		return false;
	from = after_last(log, (size_t)(at - log->p));
	to = (size_t)(at - log->p) + TRACE_TAIL;
	if (to > log->len)
		to = log->len;
	if (to - from > TRACE_MAX)
		from = to - TRACE_MAX;
	buf_add(b, log->p + from, to - from);
	return true;
}

bool
instances_trace(struct life *l, const char *word, struct buf *b)
{
	struct buf log = BUF_INIT;
	bool found = false;
	unsigned i;

	for (i = 0; l->instances != NULL && i < l->n && !found; i++)
		if (inside_read_ends(
			l->workfd, l->instances->v[i].log, LOG_MAX, &log) == 0)
			found = cut_trace(&log, word, b);
	buf_release(&log);
	return found;
}
