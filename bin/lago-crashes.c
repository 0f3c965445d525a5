/* lago-crashes: bugs and crashes: list, show, export, judge. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/kv.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/plain.h"
#include "base/strs.h"
#include "job/home.h"
#include "report/alike.h"
#include "report/facts.h"
#include "report/format.h"
#include "report/known.h"
#include "store/pick.h"
#include "store/repro.h"
#include "store/rows.h"
#include "store/show.h"
#include "store/store.h"
#include "store/store_bug.h"
#include "store/store_event.h"
#include "store/store_job.h"
#include "store/store_move.h"

static const char usage[] =
    "usage: lago-crashes [list] [-aj] [-f format] [-g tag]... [-H dir]\n"
    "                    [-n count] [-T target] [-x name=value]...\n"
    "                    [id|project|target...]\n"
    "       lago-crashes show [-j] [-f format] [-H dir] [id...]\n"
    "       lago-crashes export [-j] [-H dir] -o dir [-x name=value]...\n"
    "                    id...\n"
    "       lago-crashes set [-j] [-H dir] -x name=value... id...\n"
    "       lago-crashes merge [-j] [-H dir] id id...\n"
    "       lago-crashes split [-j] [-H dir] id key...\n"
    "       lago-crashes similar [-j] [-H dir] id|log id|log\n";

static struct {
	bool all, json, minimized;
	struct strs tags;
	long count;
	const char *format, *home, *out, *target;
	const char *each, *kind, *note, *project, *severity, *state;
} opts = {.count = -1};

static struct home home;
static struct store *store;
static struct out out;
static struct format *format; /* of show, and of list with -f */
static long shown;

enum { RECORD_MAX = 16 << 20 };

/* Once. */
static void
open_home(enum store_mode mode)
{
	struct fail f;

	if (store == NULL &&
	    (home_open(&home, opts.home, false, &f) != 0 ||
		(store = store_open(home.path, mode, &f)) == NULL))
		opt_fail(&f);
}

/* --- show --------------------------------------------------------------- */

static int
print(struct buf *b, struct fail *f)
{
	size_t n = fwrite(buf_str(b), 1, b->len, stdout);

	if (n != b->len)
		return fail_errno(
		    f, EX_LAGO_IO, "cannot write standard output");
	buf_reset(b);
	return 0;
}

/* A crash of the home. */
static int
show_pick(const struct pick *p, struct fail *f)
{
	struct buf record = BUF_INIT, b = BUF_INIT;
	struct facts x = {0};
	int rc = -1;

	if (pick_record(&home, p, &record, f) != 0)
		rc = -1;
	else if (opts.json)
		rc = show_json(store, p, &record, &b, f);
	else if (facts_read(&x, record.p, record.len, f) == 0 &&
		 known_add(&x, store, &home, p, format_wants(format), f) == 0) {
		format_add(format, &x, &b);
		rc = 0;
	}
	if (rc == 0)
		rc = print(&b, f);
	shown += rc == 0;
	facts_release(&x);
	buf_release(&record);
	buf_release(&b);
	return rc;
}

/* A record of standard input; no home is needed.  One without a crash is
 * nothing to show. */
static int
show_record(const char *line, struct fail *f)
{
	size_t n = strnlen(line, RECORD_MAX + 1);
	struct buf b = BUF_INIT;
	struct facts x = {0};
	int rc = -1;

	if (n > RECORD_MAX)
		fail_set(f, EX_LAGO_DATA, "a record of more than 16 MiB");
	else if ((rc = facts_read(&x, line, n, f)) == 0 && x.crash) {
		if (opts.json) {
			plain_add_json(&b, line, n);
			buf_addc(&b, '\n');
		} else {
			format_add(format, &x, &b);
		}
		rc = print(&b, f);
		shown += rc == 0;
	}
	facts_release(&x);
	buf_release(&b);
	return rc;
}

static int
show(const char *id, struct fail *f)
{
	struct pick p;

	if (*id == '{')
		return show_record(id, f);
	open_home(STORE_READ);
	if (pick_find(store, id, &p, f) != 0)
		return -1;
	return show_pick(&p, f);
}

/* What a format has at its end. */
static int
show_end(int status)
{
	struct buf b = BUF_INIT;
	struct fail f;

	if (format != NULL)
		format_end(format, &b);
	if (print(&b, &f) != 0)
		status = fail_worse(status, opt_warn(&f));
	buf_release(&b);
	return status;
}

/* --- list --------------------------------------------------------------- */

/* What is listed: of a job, a run, a bug, a crash, or of a name, ?1 to ?5; all
 * conditions together.  Which bugs or crashes a list has is decided by their
 * crash rows. */
#define SELECTED                                                             \
	" FROM crash AS c JOIN job AS j ON j.id = c.job LEFT JOIN bug AS b " \
	"ON b.id = c.bug WHERE (?1 = 0 OR c.job = ?1) AND (?2 = 0 OR "       \
	"c.run = ?2) AND (?3 IS NULL OR c.bug = ?3) AND (?4 IS NULL OR "     \
	"c.sha >= ?4 AND c.sha < ?4 || 'g') AND (?5 IS NULL OR "             \
	"j.project = ?5 OR j.target = ?5) AND (?6 IS NULL OR j.target = "    \
	"?6) AND (?7 IS NULL OR j.project = ?7) AND (?8 IS NULL OR "         \
	"c.severity = ?8) AND (?9 IS NULL OR c.kind = ?9) "                  \
	"AND " STORE_JOB_TAGGED(                                             \
	    "c.job", "?10") " AND (?11 IS NULL AND (?12 OR b.state IS NULL " \
			    "OR b.state NOT IN ('fixed', 'ignored')) OR "    \
			    "b.state = ?11)"

static const char list_bugs[] =
    "SELECT * FROM v_bug WHERE id IN (SELECT c.bug" SELECTED
    ") ORDER BY instr('criticalhigh    medium  low     ', "
    "coalesce(severity, '?')) = 0, instr('criticalhigh    medium  low     ', "
    "severity), reproduced = 0, first, id LIMIT ?13";
static const char list_groups[] =
    "SELECT v.* FROM v_group AS v WHERE v.id IN (SELECT c.bug" SELECTED
    ") ORDER BY v.id, v.crashes DESC, v.exact LIMIT ?13";
static const char list_crashes[] =
    "SELECT v.* FROM v_crash AS v WHERE (v.id, v.run) IN (SELECT c.sha, "
    "c.job || '.' || c.run" SELECTED ") ORDER BY v.rank DESC, "
    "v.reproduced > 0 DESC, v.size, v.id, v.run LIMIT ?13";

struct selection {
	long job, run;
	const char *bug, *crash, *name;
};

static void
select_by(struct selection *by, const char *id)
{
	memset(by, 0, sizeof(*by));
	if (id == NULL || home_parse_id(id, &by->job, &by->run) == 0)
		return;
	by->job = by->run = 0;
	if (pick_is_bug(id))
		by->bug = id;
	else if (pick_is_crash(id))
		by->crash = id;
	else
		by->name = id;
}

/* The bugs of a query as reports, or their number. */
static long
show_rows(sqlite3_stmt *q, struct fail *f)
{
	struct pick p;
	long n = 0;
	int r = -1;

	while (q != NULL && (r = store_row(store, q, f)) == 1) {
		if (pick_find(store, (const char *)sqlite3_column_text(q, 0),
			&p, f) != 0 ||
		    show_pick(&p, f) != 0) {
			store_done(q);
			return -1;
		}
		n++;
	}
	return r < 0 ? -1 : n;
}

static int
list_one(const char *id, const char *tags, long *found, struct fail *f)
{
	struct selection by;
	sqlite3_stmt *q;
	const char *sql;
	char bug[16];
	long n;

	select_by(&by, id);
	if (by.bug != NULL && pick_follow(store, by.bug, bug, f) != 0)
		return -1;
	by.bug = by.bug == NULL ? NULL : bug;
	sql = by.bug != NULL || by.crash != NULL ? list_crashes : list_bugs;
	if (opts.each != NULL)
		sql = opts.each[0] == 'c'   ? list_crashes
		      : opts.each[0] == 'g' ? list_groups
					    : list_bugs;
	/* Who names a bug or a crash wants it whatever its state is. */
	q = store_query(store, f, sql, "iitttttttttii", (int64_t)by.job,
	    (int64_t)by.run, by.bug, by.crash, by.name, opts.target,
	    opts.project, opts.severity, opts.kind, tags, opts.state,
	    (int64_t)(opts.all || by.bug != NULL || by.crash != NULL),
	    (int64_t)opts.count);
	n = format != NULL ? show_rows(q, f) : rows_print(store, &out, q, f);
	if (n < 0)
		return -1;
	*found += n;
	return 0;
}

static int
list(char **argv)
{
	struct opt_operands o;
	struct fail f;
	char *tags = store_job_tags(&opts.tags), *id;
	long found = 0;
	int status = 0;

	if (*argv == NULL)
		status =
		    list_one(NULL, tags, &found, &f) == 0 ? 0 : opt_warn(&f);
	opt_operands(&o, argv, false, false, usage);
	while (*argv != NULL && (id = opt_next(&o)) != NULL)
		if (list_one(id, tags, &found, &f) != 0)
			status = fail_worse(status, opt_warn(&f));
	/* Without a question there is no answer no. */
	if (status == 0 && found == 0 &&
	    (*argv != NULL || tags != NULL || opts.target != NULL ||
		opts.each != NULL || opts.kind != NULL ||
		opts.project != NULL || opts.severity != NULL ||
		opts.state != NULL))
		status = EX_LAGO_NO;
	free(tags);
	return status;
}

/* --- export ------------------------------------------------------------- */

/* DIR/SHA256 of the run into the export, when it is there. */
static int
export_file(const struct pick *p, const char *dir, int to, const char *name,
    bool needed, struct fail *f)
{
	char *path = mem_printf("%s/%s", dir, p->sha);
	struct stat st;
	int run, fd = -1, rc = -1;

	if ((run = home_run(&home, p->job, p->run, f)) >= 0)
		fd = openat(
		    run, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (run >= 0 && fd < 0 && errno == ENOENT && !needed)
		rc = 0;
	else if (run >= 0 &&
		 (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)))
		fail_set(f, EX_LAGO_NOINPUT, "cannot read '%s' of run %ld.%ld",
		    path, p->job, p->run);
	else if (run >= 0)
		rc = file_copy_fd(fd, to, name, (uint64_t)st.st_size, 0644, f);
	if (fd >= 0)
		close(fd);
	if (run >= 0)
		close(run);
	free(path);
	return rc;
}

static int
export_files(const struct pick *p, int to, struct fail *f)
{
	struct buf record = BUF_INIT, judge = BUF_INIT, script = BUF_INIT;
	int rc = -1;

	/* The small form as the input, when there is one. */
	if (pick_record(&home, p, &record, f) == 0 &&
	    export_file(p, "crashes", to, opts.minimized ? "original" : "input",
		true, f) == 0 &&
	    export_file(p, "reduced", to, opts.minimized ? "input" : "reduced",
		false, f) == 0 &&
	    (file_exists(to, "input") ||
		renameat(to, "original", to, "input") == 0) &&
	    export_file(p, "reports", to, "output", false, f) == 0) {
		json_text(record.p, record.len, "$.judge", &judge);
		rc = repro_script(
		    &home, p->job, repro_build(buf_str(&judge)), &script, f);
	}
	if (rc == 0)
		rc = file_write(to, "repro", script.p, script.len, 0755, f);
	if (rc == 0) {
		buf_addc(&record, '\n');
		rc = file_write(to, "record", record.p, record.len, 0644, f);
	}
	buf_release(&record);
	buf_release(&judge);
	buf_release(&script);
	return rc;
}

/* OUT/ID, whole or not at all. */
static int export(const char *id, struct fail *f)
{
	struct pick p;
	char random[33], *path, *temp;
	const char *name;
	int to, rc = -1;

	if (pick_find(store, id, &p, f) != 0 ||
	    file_mkdirs(AT_FDCWD, opts.out, 0755, f) != 0)
		return -1;
	name = p.bug_given ? p.bug : p.sha;
	hash_random(random);
	path = mem_printf("%s/%s", opts.out, name);
	temp = mem_printf("%s/.%s.%.6s", opts.out, name, random);
	if (file_exists(AT_FDCWD, path)) {
		fail_set(f, EX_LAGO_CANTCREAT, "'%s' is there already", path);
	} else if (mkdir(temp, 0755) != 0 ||
		   (to = open(temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		fail_errno(f, EX_LAGO_CANTCREAT, "cannot make '%s'", temp);
	} else {
		rc = export_files(&p, to, f);
		close(to);
		if (rc == 0 && rename(temp, path) != 0)
			rc = fail_errno(
			    f, EX_LAGO_CANTCREAT, "cannot make '%s'", path);
		if (rc != 0)
			file_remove(AT_FDCWD, temp, NULL);
	}
	if (rc == 0) {
		out_text(&out, "id", name);
		out_text(&out, "path", path);
		out_end(&out);
	}
	free(path);
	free(temp);
	return rc;
}

/* --- set ---------------------------------------------------------------- */

/* A line of the home's events about the crash that stands for the bug. */
static int
append(const struct pick *p, const char *verb, const char *text, struct fail *f)
{
	char *value = mem_printf("%s %s %s", p->project, p->sha, text);
	int rc = store_event_append(home.fd, verb, value, f);

	free(value);
	return rc;
}

static int
take_events(struct fail *f)
{
	if (store_begin(store, f) != 0)
		return -1;
	if (store_event_take(store, 0, home.fd, NULL, f) == 0)
		return store_commit(store, f);
	store_rollback(store);
	return -1;
}

static int
set(const char *id, struct fail *f)
{
	const char *state = opts.state, *note = opts.note;
	struct buf text = BUF_INIT;
	struct pick p;
	int rc = -1;

	if (pick_find(store, id, &p, f) != 0)
		return -1;
	if (p.bug[0] == '\0')
		return fail_set(f, EX_LAGO_DATA, "'%s' belongs to no bug", id);
	if ((state == NULL ||
		(store_bug_cover(store, p.bug, state, &text, f) == 0 &&
		    append(&p, "state", text.p, f) == 0)) &&
	    (note == NULL || append(&p, "note", note, f) == 0))
		rc = take_events(f);
	buf_release(&text);
	if (rc == 0 && rows_print(store, &out,
			   store_query(store, f,
			       "SELECT * FROM v_bug WHERE id = ?1", "t", p.bug),
			   f) < 0)
		rc = -1;
	return rc;
}

/* --- merge, split ------------------------------------------------------- */

/* A bug that a person made is no news. */
static int
tell(const struct pick *p, struct fail *f)
{
	char *text = mem_printf("new %s", p->bug);
	int rc = append(p, "news", text, f);

	free(text);
	return rc == 0 ? take_events(f) : -1;
}

/* Events first, then rows; prints the bug that a crash or bug is in then. */
static int
move(
    const char *verb, const struct strs *events, const char *id, struct fail *f)
{
	struct pick p;

	if (events->n > 0 &&
	    (store_event_append_all(home.fd, verb, events, f) != 0 ||
		take_events(f) != 0))
		return -1;
	if (pick_find(store, id, &p, f) != 0 ||
	    (strcmp(verb, "split") == 0 && tell(&p, f) != 0))
		return -1;
	return rows_print(store, &out,
		   store_query(store, f, "SELECT * FROM v_bug WHERE id = ?1",
		       "t", p.bug),
		   f) < 0
		   ? -1
		   : 0;
}

static int
merge(const struct strs *ids, struct fail *f)
{
	struct strs events = {0};
	int rc = -1;

	if (ids->n < 2)
		opt_usage(usage, "merge needs two bugs");
	if (store_move_merge(store, ids, &events, f) == 0)
		rc = move("merge", &events, ids->v[0], f);
	strs_release(&events);
	return rc;
}

static int
split(const struct strs *ids, struct fail *f)
{
	struct strs events = {0};
	char *sha;
	int rc = -1;

	if (ids->n < 2)
		opt_usage(usage, "split needs a bug and a part of it");
	if (store_move_split(store, ids, &events, f) == 0) {
		sha = mem_strndup(strchr(events.v[0], ' ') + 1, HASH_HEX - 1);
		rc = move("split", &events, sha, f);
		free(sha);
	}
	strs_release(&events);
	return rc;
}

/* --- similar ------------------------------------------------------------ */

/* A file of that name comes first: a log needs no home. */
static int
similar_side(struct alike *a, int side, const char *word, struct fail *f)
{
	if (file_exists(AT_FDCWD, word))
		return alike_log(a, side, word, f);
	open_home(STORE_READ);
	return alike_crash(a, side, store, &home, word, f);
}

static int
similar(const struct strs *words, struct fail *f)
{
	struct alike *a;
	int rc = -1;

	if (words->n != 2)
		opt_usage(usage, "similar compares two");
	if ((a = alike_new(f)) != NULL &&
	    similar_side(a, 0, words->v[0], f) == 0 &&
	    similar_side(a, 1, words->v[1], f) == 0) {
		out_real(&out, "similarity", alike_similarity(a), 4);
		out_end(&out);
		rc = 0;
	}
	alike_free(a);
	return rc;
}

/* --- the command -------------------------------------------------------- */

#define WORDS(...)                     \
	.words = (const char *const[]) \
	{                              \
		__VA_ARGS__, NULL      \
	}
#define HOME "H", .text = &opts.home
#define JSON "j", .flag = &opts.json
#define FORMAT "f", .text = &opts.format

static const struct opt list_settings[] = {
    {"each", .text = &opts.each, WORDS("bug", "crash", "group")},
    {"kind", .text = &opts.kind}, {"project", .text = &opts.project},
    {"severity", .text = &opts.severity,
	WORDS("critical", "high", "medium", "low", "info")},
    {"state", .text = &opts.state,
	WORDS("new", "open", "fixed", "ignored", "reopened")},
    {0}};
static const struct opt list_options[] = {{HOME}, {JSON}, {FORMAT},
    {"a", .flag = &opts.all}, {"g", .list = &opts.tags},
    {"n", .number = &opts.count, .max = LONG_MAX}, {"T", .text = &opts.target},
    {"x", .settings = list_settings}, {0}};

static const struct opt show_options[] = {{HOME}, {JSON}, {FORMAT}, {0}};

static const struct opt export_settings[] = {
    {"minimized", .flag = &opts.minimized}, {0}};
static const struct opt export_options[] = {{HOME}, {JSON},
    {"o", .text = &opts.out}, {"x", .settings = export_settings}, {0}};

static const struct opt set_settings[] = {
    {"state", .text = &opts.state, WORDS("open", "fixed", "ignored")},
    {"note", .text = &opts.note}, {0}};
static const struct opt set_options[] = {
    {HOME}, {JSON}, {"x", .settings = set_settings}, {0}};

static const struct opt options[] = {{HOME}, {JSON}, {0}};

static const struct verb {
	const char *name;
	const struct opt *options;
	enum store_mode mode;
	int (*each)(const char *id, struct fail *f);
	int (*all)(const struct strs *ids, struct fail *f);
} verbs[] = {
    {"list", list_options, STORE_READ, NULL, NULL},
    {"show", show_options, STORE_READ, show, NULL},
    {"export", export_options, STORE_READ, export, NULL},
    {"set", set_options, STORE_WRITE, set, NULL},
    {"merge", options, STORE_WRITE, NULL, merge},
    {"split", options, STORE_WRITE, NULL, split},
    {"similar", options, STORE_READ, NULL, similar},
};

static void
check(const struct verb *verb)
{
	if (opts.json && opts.format != NULL)
		opt_usage(usage, "-j and -f are two formats");
	if (verb->each == export && opts.out == NULL)
		opt_usage(usage, "export needs -o");
	if (verb->each == set && opts.state == NULL && opts.note == NULL)
		opt_usage(usage, "set needs -x state= or -x note=");
}

static int
each(const struct verb *verb, char **argv)
{
	struct opt_operands o;
	struct fail f;
	char *id;
	int status = 0;

	opt_operands(&o, argv, true, false, usage);
	o.records = verb->each == show;
	while ((id = opt_next(&o)) != NULL)
		if (verb->each(id, &f) != 0)
			status = fail_worse(status, opt_warn(&f));
	/* Records without a crash. */
	if (status == 0 && verb->each == show && shown == 0)
		status = EX_LAGO_NO;
	return status;
}

static int
all(const struct verb *verb, char **argv)
{
	struct opt_operands o;
	struct strs ids = {0};
	struct fail f;
	char *id;
	int status = 0;

	opt_operands(&o, argv, true, false, usage);
	while ((id = opt_next(&o)) != NULL)
		strs_add(&ids, id);
	if (verb->all(&ids, &f) != 0)
		status = opt_warn(&f);
	strs_release(&ids);
	return status;
}

int
main(int argc, char **argv)
{
	const struct verb *verb = &verbs[0];
	struct fail f;
	size_t i;
	int status;

	opt_start(argv);
	for (i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0) {
			verb = &verbs[i];
			argc--;
			argv++;
			break;
		}
	argv = opt_read(verb->options, argc, argv, usage);
	check(verb);
	out_init(&out, stdout, opts.json);
	if (opts.format == NULL && verb->each == show && !opts.json)
		opts.format = "text";
	if (opts.format != NULL &&
	    (format = format_open(opts.format, verb->each == NULL, &f)) == NULL)
		opt_fail(&f);
	if (verb->each != show && verb->all != similar)
		open_home(verb->mode);
	if (verb->all != NULL)
		status = all(verb, argv);
	else
		status = verb->each == NULL ? list(argv) : each(verb, argv);
	if (format != NULL)
		status = show_end(status);
	format_free(format);
	store_close(store);
	opt_exit(status);
}
