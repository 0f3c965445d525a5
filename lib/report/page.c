#include "report/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report/facts.h"
#include "report/kindinfo.h"
#include "report/pen.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

enum {
	MOST = 32,   /* frames of the crash stack */
	OTHERS = 16, /* of another */
	NAME = 300,  /* bytes of a function's name */
	LINE = 76,   /* columns of a line of a block */
	DUMP = 16    /* bytes on a line */
};

static void
say(struct pen *p, const char *words, const char *value, const char *then)
{
	if (value == NULL)
		return;
	pen_words(p, "%s", words);
	pen_value(p, value);
	pen_words(p, "%s", then);
}

static const char *
plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

static void
say_time(struct pen *p, int64_t t)
{
	time_t when = (time_t)t;
	struct tm tm;
	char text[64];

	if (t != FACTS_NONE && gmtime_r(&when, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm) > 0)
		pen_words(p, "%s", text);
}

/* --- what happened ------------------------------------------------------ */

void
page_title(struct pen *p, const struct facts *x)
{
	const char *name = facts_function(x);

	name = name == NULL ? x->crash_line : name;
	pen_prose(p, x->kind == NULL ? "crash" : x->kind);
	say(p, " in ", x->target, "");
	if (name != NULL) {
		pen_words(p, ": ");
		pen_value_max(p, name, NAME);
	}
}

static void
severity(struct pen *p, const struct facts *x)
{
	if (x->severity == NULL)
		return;
	pen_prose(p, x->severity);
	if (x->severity_reason != NULL) {
		pen_words(p, ", ");
		pen_prose(p, x->severity_reason);
	}
}

/* "2 bytes after a heap block of 10 bytes" */
static void
region(struct pen *p, const struct facts *x)
{
	static const char *const names[][2] = {{"heap", "heap block"},
	    {"stack", "stack variable"}, {"global", "global variable"}};
	const char *name = x->region, *where = x->region_where;
	int64_t by = x->region_offset;
	size_t i;

	if (name == NULL)
		return;
	for (i = 0; i < N(names); i++)
		if (strcmp(name, names[i][0]) == 0)
			name = names[i][1];
	pen_words(p, "%s", p->said.len > 0 ? ", " : "");
	if (where != NULL && by != FACTS_NONE && x->region_size >= 0) {
		by = strcmp(where, "after") == 0    ? by - x->region_size
		     : strcmp(where, "before") == 0 ? -by
						    : by;
		if (by >= 0)
			pen_words(p, "%" PRId64 " byte%s ", by, plural(by));
	}
	if (where != NULL)
		pen_prose(p, where);
	pen_words(p, where != NULL ? " a " : "in a ");
	pen_prose(p, name);
	if (x->region_size >= 0)
		pen_words(p, " of %" PRId64 " byte%s", x->region_size,
		    plural(x->region_size));
}

void
page_access(struct pen *p, const struct facts *x)
{
	if (x->access != NULL)
		pen_prose(p, x->access);
	if (x->access != NULL && x->access_size > 0)
		pen_words(p, " of %" PRId64 " byte%s", x->access_size,
		    plural(x->access_size));
	say(p, x->access == NULL ? "" : " at ", x->address, "");
	if (x->address != NULL && x->near_null)
		pen_words(p, " (near zero)");
	region(p, x);
}

static void
place(struct pen *p, const struct facts *x)
{
	const char *name = facts_function(x);

	if (x->crash_line == NULL)
		return;
	pen_value(p, x->crash_line);
	say(p, ", in ", name, "");
}

static void
process(struct pen *p, const struct facts *x)
{
	if (x->signal_name != NULL) {
		pen_prose(p, x->signal_name);
		if (x->signal > 0)
			pen_words(p, " (%" PRId64 ")", x->signal);
	}
	if (x->exit_status != FACTS_NONE)
		pen_words(p, "%sexit status %" PRId64,
		    p->said.len > 0 ? ", " : "", x->exit_status);
	say(p, p->said.len > 0 ? ", thread " : "thread ", x->thread, "");
}

static void
meaning(struct pen *p, const struct facts *x, const struct kindinfo *kinds)
{
	struct kindinfo_row row;

	if (x->kind == NULL)
		return;
	row = kindinfo_find(kinds, x->kind);
	if (row.what == x->kind)
		return;
	pen_words(p, "%s", row.what);
	if (row.cwe != NULL)
		pen_words(p, " (CWE-%s)", row.cwe);
}

static void
reported(struct pen *p, const struct facts *x)
{
	if (x->tool == NULL)
		return;
	pen_prose(p, x->tool);
	if (x->reports > 1)
		pen_words(
		    p, ", the first fatal of %" PRId64 " reports", x->reports);
	if (x->truncated)
		pen_words(p, ", the output was cut");
	say(p, ", ", x->log, "");
}

static void
others_say(struct pen *p, const struct facts *x)
{
	char type[256], *end;

	if (x->crash_type != NULL) {
		snprintf(type, sizeof(type), "%s", x->crash_type);
		while ((end = strchr(type, '\n')) != NULL)
			*end = ' ';
		say(p, "ClusterFuzz ", type, x->security ? " (security)" : "");
	}
	say(p, p->said.len > 0 ? ", CASR " : "CASR ", x->class, "");
	if (x->class != NULL && x->exploitability != NULL) {
		pen_words(p, ", ");
		pen_prose(p, x->exploitability);
		pen_words(p, strcmp(x->exploitability, "probably") == 0 ||
				     strcmp(x->exploitability, "not") == 0
				 ? " exploitable"
				 : "");
	}
}

static void
what(struct pen *p, const struct facts *x, const struct kindinfo *kinds)
{
	severity(p, x);
	pen_field(p, "Severity");
	meaning(p, x, kinds);
	pen_field(p, "Kind");
	page_access(p, x);
	pen_field(p, "Access");
	place(p, x);
	pen_field(p, "Where");
	say(p, "", x->message, "");
	pen_field(p, "Message");
	process(p, x);
	pen_field(p, "Process");
	reported(p, x);
	pen_field(p, "Reported by");
	others_say(p, x);
	pen_field(p, "Elsewhere");
}

/* --- stacks ------------------------------------------------------------- */

/* The place of a frame, as debuggers and editors take it. */
static void
frame_place(struct pen *p, const struct facts_frame *v)
{
	if (v->file != NULL) {
		pen_plain(p, v->file, FACTS_NAME);
		if (v->line != FACTS_NONE)
			pen_words(p, ":%" PRId64, v->line);
		if (v->line != FACTS_NONE && v->col != FACTS_NONE)
			pen_words(p, ":%" PRId64, v->col);
	} else if (v->mod != NULL) {
		pen_plain(p, v->mod, FACTS_NAME);
		if (v->off != NULL) {
			pen_words(p, "+");
			pen_plain(p, v->off, 32);
		}
	} else if (v->pc != NULL) {
		pen_plain(p, v->pc, 32);
	}
}

/* Frames that do not count stand in parentheses. */
static void
frame(struct pen *p, const struct facts_frame *v, size_t i)
{
	struct pen where;
	size_t start = p->said.len;
	const char *name = v->fn != NULL ? v->fn : v->raw;

	pen_start(&where, NULL, p->md);
	frame_place(&where, v);
	pen_words(p, "%s#%zu ", v->ign ? "(" : "", i);
	pen_plain(p, name == NULL ? "?" : name, NAME);
	if (where.said.len > 0) {
		if (p->said.len - start + where.said.len >= LINE)
			pen_words(p, "\n   ");
		pen_words(p, " %s", where.said.p);
	}
	pen_words(p, "%s%s\n", v->inl ? " [inlined]" : "", v->ign ? ")" : "");
	pen_end(&where);
}

/* At most max frames, and of those behind the last one that counts the first
 * only: what the program was started by says nothing. */
static void
stack(struct pen *p, const struct facts_stack *s, size_t max, const char *name)
{
	size_t last = 0, i;

	for (i = 0; i < s->n; i++)
		if (!s->v[i].ign)
			last = i + 1;
	last = last == 0 ? s->n : last + 1;
	for (i = 0; i < s->n && i < last && i < max; i++)
		frame(p, &s->v[i], i);
	if (i < s->n)
		pen_words(p, "... %zu more frame%s\n", s->n - i,
		    plural((int64_t)(s->n - i)));
	pen_block(p, name);
}

const char *
page_role(const char *role)
{
	static const char *const names[][2] = {{"free", "Freed by"},
	    {"alloc", "Allocated by"}, {"other-access", "Other access by"},
	    {"stack-object", "Frame of the variable"},
	    {"origin", "The value comes from"}, {"thread", "Thread created by"},
	    {"mutex", "Lock taken by"}, {"cause", "Caused by"}};
	size_t i;

	for (i = 0; role != NULL && i < N(names); i++)
		if (strcmp(role, names[i][0]) == 0)
			return names[i][1];
	return "Another stack";
}

static void
stacks(struct pen *p, const struct facts *x)
{
	size_t i;

	stack(p, &x->stacks[0], MOST, "Crash stack");
	for (i = 1; i < x->nstacks; i++)
		stack(p, &x->stacks[i], OTHERS, page_role(x->stacks[i].role));
	if (x->stacks[0].n == 0 && x->nstacks == 1) {
		pen_words(p, "no stack is known");
		pen_block(p, NULL);
	}
}

/* --- the bug ------------------------------------------------------------ */

static void
how_often(struct pen *p, const struct facts *x)
{
	if (x->inputs <= 0)
		return;
	pen_words(p, "%" PRId64 " crash input%s, %" PRId64 " reproduced",
	    x->inputs, plural(x->inputs), x->inputs_reproduced);
	pen_words(p, "; %" PRId64 " job%s", x->jobs, plural(x->jobs));
	if (x->builds > 0)
		pen_words(
		    p, ", %" PRId64 " build%s", x->builds, plural(x->builds));
	if (x->ngroups > 1)
		pen_words(p, "; in %" PRId64 " places", x->ngroups);
}

static void
runs(struct pen *p, const struct facts *x)
{
	const struct facts_run *r;
	char build[16];

	for (r = x->runs; r < x->runs + FACTS_RUNS && r->id != NULL; r++) {
		pen_words(p, "%s%s", r == x->runs ? "" : "; ", r->id);
		say(p, " ", r->target, "");
		if (r->build != NULL) {
			snprintf(build, sizeof(build), "%.12s", r->build);
			say(p, " build ", build, "");
		}
		pen_words(p, " (%" PRId64 ")", r->inputs);
	}
	if (x->nruns > FACTS_RUNS)
		pen_words(p, "; and %" PRId64 " more", x->nruns - FACTS_RUNS);
	else if (x->nruns == 0 && x->run != NULL)
		pen_value(p, x->run);
}

/* The places of a bug that has several, to be told apart, and an input each. */
static void
groups(struct pen *p, const struct facts *x)
{
	size_t i;

	for (i = 0; i < FACTS_GROUPS && x->groups[i].inputs > 0; i++) {
		const struct facts_group *g = &x->groups[i];
		pen_words(
		    p, "%s%" PRId64 " in ", i == 0 ? "" : "; ", g->inputs);
		pen_value(p, g->line != NULL ? g->line : "no known line");
		say(p, ", exact ", g->exact, "");
		if (g->sha != NULL)
			pen_words(p, ", as %.13s", g->sha);
	}
	if (x->ngroups > FACTS_GROUPS)
		pen_words(
		    p, "; and %" PRId64 " more", x->ngroups - FACTS_GROUPS);
}

static void
found_by(struct pen *p, const struct facts *x)
{
	if (x->origin != NULL)
		pen_prose(p, x->origin);
	say(p, " of ", x->finder, "");
	if (x->instance >= 0)
		pen_words(p, ", instance %" PRId64, x->instance);
	if (x->found >= 0)
		pen_words(p, ", after %" PRId64 " s of fuzzing", x->found);
	say(p, ", as ", x->artefact, "");
}

static void
file(struct pen *p, const struct facts_file *f, const char *sha)
{
	if (f->there)
		pen_words(p, "%" PRId64 " byte%s", f->size, plural(f->size));
	if (sha != NULL && *sha != '\0') {
		pen_words(p, f->there ? ", SHA-256 " : "SHA-256 ");
		pen_value(p, sha);
	}
}

/* As a shell takes it: DIR/{crashes,reports}/SHA256. */
static void
paths(struct pen *p, const struct facts *x)
{
	const struct facts_file *f[] = {&x->input, &x->reduced, &x->output};
	const char *const dirs[] = {"crashes", "reduced", "reports"};
	struct pen path;
	size_t i, n = 0;

	for (i = 0; i < N(f); i++)
		n += f[i]->there;
	if (n == 0)
		return;
	pen_start(&path, NULL, false);
	pen_words(&path, "%s/%s", x->dir, n > 1 ? "{" : "");
	for (i = 0; i < N(f); i++)
		if (f[i]->there)
			pen_words(&path, "%s%s", dirs[i], --n > 0 ? "," : "");
	pen_words(&path, "%s/%s", strchr(path.said.p, '{') == NULL ? "" : "}",
	    x->sha);
	pen_value(p, path.said.p);
	pen_end(&path);
}

static void
bug(struct pen *p, const struct facts *x)
{
	say(p, "", x->bug, "");
	say(p, " in ", x->bug == NULL ? NULL : x->project, "");
	if (x->bug != NULL && x->state != NULL) {
		pen_words(p, ", ");
		pen_prose(p, x->state);
	}
	pen_field(p, "Bug");
	say(p, "", x->note, "");
	pen_field(p, "Note");
	say_time(p, x->first);
	pen_field(p, "First seen");
	say_time(p, x->last);
	pen_field(p, "Last seen");
	how_often(p, x);
	pen_field(p, "How often");
	if (x->replays > 0 && x->reproduced >= 0)
		pen_words(p, "%" PRId64 " of %" PRId64 " tries", x->reproduced,
		    x->replays);
	pen_field(p, "Reproduced");
	runs(p, x);
	pen_field(p, "Runs");
	found_by(p, x);
	pen_field(p, "Found by");
	say(p, "", x->bucket, "");
	say(p, p->said.len > 0 ? ", exact " : "exact ", x->bucket_exact, "");
	pen_field(p, "Bucket");
	groups(p, x);
	pen_field(p, "Places");
	file(p, &x->input, x->sha);
	pen_field(p, "Input");
	file(p, &x->reduced, x->reduced.sha);
	pen_field(p, "Reduced");
	paths(p, x);
	pen_field(p, "Files");
}

/* As xxd prints it, so that xxd -r makes the input from the report. */
static void
dump(struct pen *p, const struct buf *b)
{
	unsigned char c;
	size_t i, k;

	for (i = 0; i < b->len; i += DUMP) {
		pen_words(p, "%08zx:", i);
		for (k = i; k < i + DUMP; k++) {
			pen_words(p, "%s", k % 2 == 0 ? " " : "");
			if (k < b->len)
				pen_words(p, "%02x", (unsigned char)b->p[k]);
			else
				pen_words(p, "  ");
		}
		pen_words(p, "  ");
		for (k = i; k < i + DUMP && k < b->len; k++) {
			c = (unsigned char)b->p[k];
			pen_words(p, "%c", c >= 0x20 && c < 0x7f ? c : '.');
		}
		pen_words(p, "\n");
	}
}

void
page_show(struct pen *p, const struct facts *x, const struct kindinfo *kinds)
{
	char name[64];

	page_title(p, x);
	pen_title(p);
	what(p, x, kinds);
	stacks(p, x);
	pen_gap(p);
	bug(p, x);
	if (x->small_is != NULL && x->small.len > 0) {
		dump(p, &x->small);
		snprintf(name, sizeof(name), "The %s, for xxd -r", x->small_is);
		pen_block(p, name);
	}
	if (x->repro.len > 0) {
		pen_words(p, "%s", x->repro.p);
		pen_block(p, "To see it again");
	}
}

/* --- a list ------------------------------------------------------------- */

void
page_head(struct pen *p)
{
	if (p->md)
		buf_adds(p->to,
		    "| Severity | Bug | What | Where | Inputs | First seen | "
		    "State |\n|---|---|---|---|--:|---|---|\n");
}

static void
row_text(struct pen *p, const struct facts *x)
{
	pen_value(p, x->severity == NULL ? "-" : x->severity);
	pen_words(p, "%*s", p->said.len < 9 ? 9 - (int)p->said.len : 1, "");
	page_title(p, x);
	pen_words(p, "\n         ");
	say(p, "", x->bug != NULL ? x->bug : x->sha == NULL ? "-" : x->sha, "");
	say(p, ", ", x->state, "");
	say(p, ", ", x->crash_line, "");
	pen_words(p, "%s", x->inputs > 0 ? ", " : "");
	how_often(p, x);
	pen_words(p, "%s", x->first != FACTS_NONE ? ", first " : "");
	say_time(p, x->first);
	pen_words(p, "\n");
}

static void
row_md(struct pen *p, const struct facts *x)
{
	p->cell = true;
	pen_words(p, "| ");
	pen_prose(p, x->severity == NULL ? "" : x->severity);
	say(p, " | ",
	    x->bug != NULL   ? x->bug
	    : x->sha == NULL ? "-"
			     : x->sha,
	    " | ");
	page_title(p, x);
	say(p, " | ", x->crash_line == NULL ? "-" : x->crash_line, " | ");
	if (x->inputs > 0)
		pen_words(p, "%" PRId64, x->inputs);
	pen_words(p, " | ");
	say_time(p, x->first);
	pen_words(p, " | ");
	pen_prose(p, x->state == NULL ? "" : x->state);
	pen_words(p, " |\n");
	p->cell = false;
}

void
page_row(struct pen *p, const struct facts *x)
{
	(p->md ? row_md : row_text)(p, x);
	buf_adds(p->to, buf_str(&p->said));
	buf_reset(&p->said);
}
