#include "crash/verdict.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "crash/bucket.h"
#include "crash/compat.h"
#include "crash/insn.h"
#include "crash/kinds.h"
#include "crash/lines.h"
#include "crash/names.h"
#include "crash/native.h"
#include "crash/report.h"
#include "crash/rules.h"
#include "symbols/symbols.h"
#include "crash/symtext.h"
#include "target/exec.h"

struct verdict *
verdict_new(const struct rules *rules, const struct verdict_policy *policy)
{
	struct verdict *v = mem_alloc(sizeof(*v));

	v->rules = rules;
	v->policy = policy;
	v->lines = lines_new(rules);
	v->reader = report_reader(rules);
	v->bucket = mem_alloc(sizeof(*v->bucket));
	v->other = mem_alloc(sizeof(*v->other));
	v->compat = mem_alloc(sizeof(*v->compat));
	return v;
}

void
verdict_free(struct verdict *v)
{
	if (v == NULL)
		return;
	lines_free(v->lines);
	report_free(v->reader);
	bucket_release(v->bucket);
	free(v->bucket);
	bucket_release(v->other);
	free(v->other);
	compat_release(v->compat);
	free(v->compat);
	free(v);
}

static void
conclude(struct verdict *v, const char *what)
{
	struct rules_severity severity;
	struct rules_class class;

	v->severity = v->reason = NULL;
	v->level = RULES_INFO;
	v->exploitability = "undefined";
	v->class = NULL;
	if (v->report->kind == NULL)
		return;
	bucket_make(v->bucket, v->report, v->rules, v->policy);
	severity = rules_severity(v->rules, v->report);
	v->severity = severity.name;
	v->reason = severity.reason;
	v->level = severity.level;
	if (v->policy->brief)
		return;
	class = rules_class(v->rules, v->report, what);
	v->exploitability = class.level;
	v->class = class.name;
}

void
verdict_again(struct verdict *v)
{
	conclude(v, NULL);
}

/* One pass over the text for both readers.  A line that says something of all
 * the lines before it makes them begin anew. */
static void
read_both(struct verdict *v, struct str text)
{
	struct lines_line line;
	unsigned flags = 0;
	struct str rest;

again:
	lines_begin(v->lines);
	report_begin(v->reader, flags);
	if (!v->policy->brief)
		compat_begin(v->compat, text, flags, v->rules, v->policy);
	for (rest = text; lines_next(v->lines, &rest, &line);) {
		if (line.flags & ~flags) {
			flags |= line.flags;
			goto again;
		}
		report_line(v->reader, &line);
		if (!v->policy->brief)
			compat_line(v->compat, &line);
	}
	v->report = report_end(v->reader, text, &v->reports);
	if (!v->policy->brief)
		compat_end(v->compat);
}

void
verdict_text(struct verdict *v, const char *text, size_t n)
{
	read_both(v, str_of(text, n));
	conclude(v, NULL);
}

static struct str
str_c(const char *s)
{
	return s != NULL ? str_of(s, strlen(s)) : STR("");
}

static void
set_place(struct frame *f, const struct symbols_frame *s)
{
	f->raw = str_c(s->function);
	f->file = str_c(s->file);
	f->line = s->line;
	f->col = s->column;
	f->inl = s->inlined;
	f->known = NULL;
	f->dir = 0;
	if (s->file != NULL && s->dir != NULL &&
	    str_starts(f->file, str_c(s->dir)) &&
	    f->file.p[strlen(s->dir)] == '/')
		f->dir = strlen(s->dir) + 1;
}

/* Modules and offsets become functions and lines, one frame each for those
 * that were inlined. */
static void
name_stack(struct report_stack *s, struct symbols *symbols)
{
	const struct symbols_place *place;
	struct frame *v;
	size_t n = 0, i, k;
	char *path;

	v = mem_grow(NULL, REPORT_FRAMES, sizeof(*v));
	for (i = 0; i < s->n && n < REPORT_FRAMES; i++) {
		v[n++] = s->v[i];
		if (s->v[i].raw.n > 0 || !s->v[i].has_off)
			continue;
		path = mem_strndup(s->v[i].mod.p, s->v[i].mod.n);
		place = symbols_find(symbols, path, s->v[i].off, NULL);
		free(path);
		for (k = 0; k < place->n && n < REPORT_FRAMES; k++) {
			if (k > 0)
				v[n++] = s->v[i];
			set_place(&v[n - 1], &place->v[k]);
		}
	}
	s->v = v;
	s->n = n;
}

static void
name_frames(struct verdict *v, struct report *r, struct symbols *symbols)
{
	for (size_t i = 0; i < r->nstacks; i++) {
		struct report_stack *s = &r->stacks[i];
		struct frame *named;
		name_stack(s, symbols);
		named = s->v;
		s->v = report_keep_frames(v->reader, named, s->n);
		free(named);
	}
}

/* The frames of a stop, one each for functions that were inlined. */
static size_t
native_frames(const struct native_crash *native, struct frame *f)
{
	size_t n = 0;

	for (size_t i = 0; i < native->n && n < REPORT_FRAMES; i++) {
		const struct native_frame *from = &native->v[i];
		size_t k = 0;
		do {
			f[n] = (struct frame){.pc = from->pc,
			    .has_pc = true,
			    .mod = str_c(from->module),
			    .off = from->offset,
			    .has_off = from->module != NULL};
			if (from->place->n > 0)
				set_place(&f[n], &from->place->v[k]);
			n++;
		} while (++k < from->place->n && n < REPORT_FRAMES);
	}
	return n;
}

/* How many frames, from the outermost on, two stacks have in common. */
static size_t
shared(const struct frame *a, size_t n, const struct frame *b, size_t m)
{
	size_t k = 0;

	while (k < n && k < m && str_eq(a[n - 1 - k].raw, b[m - 1 - k].raw) &&
	       (a[n - 1 - k].raw.n > 0 || a[n - 1 - k].pc == b[m - 1 - k].pc))
		k++;
	return k;
}

/* The first sample is the stack; what the others do not have of it is where it
 * happened to be. */
static void
native_stack(struct verdict *v, struct report *r,
    const struct native_crash *native, size_t samples)
{
	struct frame *f = mem_array(REPORT_FRAMES, sizeof(*f));
	struct frame *other = mem_array(REPORT_FRAMES, sizeof(*other));
	size_t n = native_frames(native, f), common = n, k;

	for (size_t i = 1; i < samples; i++) {
		k = shared(f, n, other, native_frames(&native[i], other));
		if (k > 0 && k < common)
			common = k;
	}
	for (size_t i = 0; i + common < n; i++)
		f[i].passing = true;
	report_add_stack(v->reader, r, REPORT_CRASH, f, n);
	free(f);
	free(other);
}

/* The page below the lowest that the stack may have. */
static bool
stack_is_full(const struct native_crash *native)
{
	return native->signal == SIGSEGV && native->known &&
	       native->address < native->sp + 4096 &&
	       native->address + (64 << 10) > native->sp;
}

/* What the machine saw, put into the report. */
static void
add_native(struct verdict *v, struct report *r,
    const struct native_crash *native, size_t samples)
{
	const struct report_stack *s = report_crash_stack(r);

	/* Only the place that a message named: the real stack is better. */
	if (s != NULL && s->n == 1 && r->place.n > 0 && native->n > 1)
		r->nstacks--;
	if (report_crash_stack(r) == NULL && native->n > 0)
		native_stack(v, r, native, samples);
	if (r->signal == 0)
		r->signal = native->signal;
	if (native->signal == 0 || strcmp(r->tool, "signal") != 0)
		return;
	r->pc = native->pc;
	r->sp = native->sp;
	r->bp = native->bp;
	r->has_pc = r->has_sp = r->has_bp = true;
	r->ncode = native->ninsn;
	memcpy(r->code, native->insn, r->ncode);
	if (native->signal != SIGSEGV && native->signal != SIGBUS)
		return;
	r->has_address = native->known;
	r->address = native->address;
	r->access = native->access;
	if (stack_is_full(native)) {
		r->kind = kinds_find("stack-overflow");
		/* A call: it puts its return address there. */
		if (r->access == REPORT_UNKNOWN)
			r->access = REPORT_WRITE;
	} else if (native->ninsn == 0 ||
		   (native->known && native->address == native->pc)) {
		r->kind = kinds_find("segv-exec");
		r->access = REPORT_EXEC;
	} else if (native->known && native->address < 65536)
		r->kind = kinds_find("null-dereference");
}

/* The end of the process, where nothing fatal was printed. */
static const char *
end_kind(const struct exec_result *e)
{
	switch (e->limit) {
	case EXEC_WALL:
	case EXEC_CPU:
		return "timeout";
	case EXEC_MEMORY:
		return "oom";
	default:
		break;
	}
	if (!e->crashed)
		return NULL;
	return kinds_of_signal(
	    WIFSIGNALED(e->status) ? WTERMSIG(e->status) : SIGABRT)
	    ->name;
}

/* Text that explains an abort needs the abort; a report that was fatal, or one
 * the process ended well with, stands. */
static bool
report_stands(const struct report *r, const struct exec_result *e)
{
	if (r->kind == NULL)
		return false;
	if (r->fatal)
		return true;
	return end_kind(e) == NULL ||
	       (e->crashed && strcmp(r->tool, "tsan") != 0 &&
		   WIFSIGNALED(e->status) && WTERMSIG(e->status) == SIGABRT);
}

/* ClusterFuzz's reader wants names, as a symbolizer would have printed them. */
static void
read_named(struct verdict *v, struct str text, struct symbols *symbols)
{
	struct buf named = BUF_INIT;
	struct lines_line line;
	unsigned flags = 0;
	struct str rest;

	symtext_add(&named, text, symbols);
	text = str_of(named.p, named.len);
again:
	compat_begin(v->compat, text, flags, v->rules, v->policy);
	for (rest = text; lines_next(v->lines, &rest, &line);) {
		if (line.flags & ~flags) {
			flags |= line.flags;
			goto again;
		}
		compat_line(v->compat, &line);
	}
	compat_end(v->compat);
	buf_release(&named);
}

void
verdict_exec(struct verdict *v, const struct exec_result *e,
    const struct native_crash *native, size_t n, struct symbols *symbols)
{
	const char *end = end_kind(e), *what = NULL;
	struct report *r;

	read_both(v, str_of(e->out, e->outlen));
	if (symbols != NULL && e->outlen > 0)
		read_named(v, str_of(e->out, e->outlen), symbols);
	r = v->report;
	if (end != NULL && !report_stands(r, e)) {
		r = v->report = report_make(v->reader, end, "signal");
		if (e->crashed && WIFSIGNALED(e->status))
			r->signal = WTERMSIG(e->status);
		v->reports++;
	}
	if (r->kind == NULL) {
		conclude(v, NULL);
		return;
	}
	if (n > 0) {
		add_native(v, r, native, n);
		if (strcmp(r->tool, "signal") == 0)
			what =
			    insn_what(INSN_HERE, native->insn, native->ninsn);
	}
	for (size_t i = 0; symbols != NULL && r != NULL; i++) {
		name_frames(v, r, symbols);
		r = report_other(v->reader, v->report, i);
	}
	conclude(v, what);
}

bool
verdict_wants_native(const struct verdict *v)
{
	const struct report *r = v->report;
	const struct report_stack *s;

	if (r->kind == NULL || (r->kind->flags & KINDS_QUIET) ||
	    strcmp(r->kind->class, "timeout") == 0 ||
	    strcmp(r->kind->class, "oom") == 0)
		return false;
	s = report_crash_stack(r);
	return s == NULL || s->n == 0 || (s->n == 1 && r->place.n > 0);
}

const struct report *
verdict_other(const struct verdict *v, size_t i, const struct bucket **bucket)
{
	struct report *r = report_other(v->reader, v->report, i);

	if (r == NULL)
		return NULL;
	bucket_make(v->other, r, v->rules, v->policy);
	*bucket = v->other;
	return r;
}

void
verdict_key(const struct verdict *v, struct verdict_key *key)
{
	static const char access[] = {0, 'R', 'W', 'X'};
	const struct report *r = v->report;
	char *text;
	struct str message;

	memset(key, 0, sizeof(*key));
	key->crash = r->kind != NULL;
	if (!key->crash)
		return;
	key->access = access[r->access];
	key->severity = (char)v->level;
	key->security = v->compat->security;
	memcpy(key->bucket, v->bucket->key, sizeof(key->bucket));
	memcpy(key->exact, v->bucket->exact, sizeof(key->exact));
	strncpy(key->kind, r->kind->name, sizeof(key->kind) - 1);
	if (strcmp(key->kind, "oom") == 0)
		return; /* how much it was differs each time */
	text = mem_alloc(r->message.n + 1);
	message = names_message(r->message, text);
	bucket_hash(message.p, message.n, key->message);
	free(text);
}

bool
verdict_same(const struct verdict_key *a, const struct verdict_key *b)
{
	if (!a->crash || !b->crash)
		return false;
	return strcmp(a->bucket, b->bucket) == 0 && a->access == b->access &&
	       a->security == b->security && a->severity == b->severity &&
	       strcmp(a->message, b->message) == 0;
}
