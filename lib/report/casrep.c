#include "report/casrep.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/out.h"
#include "report/facts.h"
#include "report/kindinfo.h"
#include "report/page.h"
#include "report/pen.h"
#include "report/put.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* --- stacks, as each tool prints them ----------------------------------- */

static const char *
name(const struct facts_frame *v)
{
	return v->raw != NULL ? v->raw : v->fn;
}

static uint64_t
hex(const char *s)
{
	return s == NULL ? 0 : strtoull(s, NULL, 16);
}

static void
file_line(struct pen *p, const struct facts_frame *v)
{
	pen_plain(p, v->file, FACTS_NAME);
	if (v->line != FACTS_NONE)
		pen_words(p, ":%" PRId64, v->line);
	if (v->line != FACTS_NONE && v->col != FACTS_NONE)
		pen_words(p, ":%" PRId64, v->col);
}

static void
asan(struct pen *p, const struct facts_frame *v, size_t i)
{
	pen_words(p, "    #%zu 0x%" PRIx64, i, hex(v->pc));
	if (name(v) != NULL) {
		pen_words(p, " in ");
		pen_plain(p, name(v), FACTS_NAME);
	}
	if (v->file != NULL) {
		pen_words(p, " ");
		file_line(p, v);
	} else if (v->mod != NULL) {
		pen_words(p, " (");
		pen_plain(p, v->mod, FACTS_NAME);
		pen_words(p, "+0x%" PRIx64 ")", hex(v->off));
	}
}

static void
gdb(struct pen *p, const struct facts_frame *v, size_t i)
{
	pen_words(p, "#%-2zu 0x%016" PRIx64 " in ", i, hex(v->pc));
	pen_plain(p, name(v) == NULL ? "??" : name(v), FACTS_NAME);
	pen_words(
	    p, name(v) != NULL && strchr(name(v), '(') != NULL ? "" : " ()");
	if (v->file != NULL) {
		pen_words(p, " at ");
		file_line(p, v);
	} else if (v->mod != NULL) {
		pen_words(p, " from ");
		pen_plain(p, v->mod, FACTS_NAME);
	}
}

/* The others are told apart by words around name, file and line; frames without
 * a source line are left out, as CASR does. */
static void
words(struct pen *p, const struct facts_frame *v, const char *before,
    const char *between, const char *line, const char *after)
{
	if (name(v) == NULL || v->file == NULL || v->line == FACTS_NONE)
		return;
	pen_words(p, "%s", before);
	pen_plain(p, name(v), FACTS_NAME);
	pen_words(p, "%s", between);
	pen_plain(p, v->file, FACTS_NAME);
	pen_words(p, "%s%" PRId64 "%s", line, v->line, after);
}

static void
python(struct pen *p, const struct facts_frame *v, size_t i)
{
	(void)i;
	if (name(v) == NULL || v->file == NULL || v->line == FACTS_NONE)
		return;
	pen_words(p, "  File \"");
	pen_plain(p, v->file, FACTS_NAME);
	pen_words(p, "\", line %" PRId64 ", in ", v->line);
	pen_plain(p, name(v), FACTS_NAME);
}

static void
java(struct pen *p, const struct facts_frame *v, size_t i)
{
	(void)i;
	words(p, v, "    at ", "(", ":", ")");
}

static void
go(struct pen *p, const struct facts_frame *v, size_t i)
{
	(void)i;
	words(p, v, "", " in ", ":", "");
}

static void
rust(struct pen *p, const struct facts_frame *v, size_t i)
{
	pen_words(p, "%zu: 0x%" PRIx64 " - ", i, hex(v->pc));
	pen_plain(p, name(v) == NULL ? "<unknown>" : name(v), FACTS_NAME);
	if (v->file != NULL && v->line != FACTS_NONE) {
		pen_words(p, " at ");
		file_line(p, v);
	}
}

static void
js(struct pen *p, const struct facts_frame *v, size_t i)
{
	char col[32] = ":1)";

	(void)i;
	if (v->col != FACTS_NONE)
		snprintf(col, sizeof(col), ":%" PRId64 ")", v->col);
	words(p, v, "    at ", " (", ":", col);
}

static void
csharp(struct pen *p, const struct facts_frame *v, size_t i)
{
	(void)i;
	words(p, v, "  at ", " in ", ":line ", "");
}

static void
lua(struct pen *p, const struct facts_frame *v, size_t i)
{
	(void)i;
	if (v->file == NULL || v->line == FACTS_NONE)
		return;
	pen_words(p, "\t");
	pen_plain(p, v->file, FACTS_NAME);
	pen_words(p, ":%" PRId64 ": in function '", v->line);
	pen_plain(p, name(v) == NULL ? "?" : name(v), FACTS_NAME);
	pen_words(p, "'");
}

/* Where the lines of a report go, which is also how CASR knows the form of the
 * stack; and the line of the output that it begins with. */
static const struct form {
	const char *tools, *key, *begins;
	void (*frame)(struct pen *p, const struct facts_frame *v, size_t i);
} forms[] = {
    {" ubsan ubsan-minimal ", "UbsanReport", ": runtime error: ", asan},
    {" rust ", "RustReport", "panicked at", rust}, {" go ", "GoReport", "", go},
    {" python ", "PythonReport", "Traceback ", python},
    {" java ", "JavaReport", "Exception", java},
    {" js ", "JsReport", "Error", js},
    {" csharp ", "CSharpReport", "Unhandled exception", csharp},
    {" lua ", "LuaReport", "", lua},
    {" gdb valgrind glibc signal other ", NULL, "", gdb},
    {"", "AsanReport", "==", asan}, /* all sanitizers, libFuzzer */
};

static const struct form *
form_of(const struct facts *x)
{
	char word[64];
	size_t i;

	snprintf(
	    word, sizeof(word), " %.32s ", x->tool == NULL ? "other" : x->tool);
	for (i = 0; i < N(forms) - 1; i++)
		if (strstr(forms[i].tools, word) != NULL)
			break;
	return &forms[i];
}

static void
stack_lines(const struct facts *x, const struct form *form, struct buf *b)
{
	struct pen p;
	size_t i;

	pen_start(&p, NULL, false);
	for (i = 0; i < x->stacks[0].n; i++) {
		buf_reset(&p.said);
		form->frame(&p, &x->stacks[0].v[i], i);
		if (p.said.len > 0)
			put_text(b, NULL, p.said.p);
	}
	pen_end(&p);
}

/* --- the report --------------------------------------------------------- */

/* What was printed, from where the report begins. */
static void
printed_lines(const char *s, size_t n, const char *begins, struct buf *b)
{
	const char *end = s + n, *line, *next;
	bool began = memmem(s, n, begins, strlen(begins)) == NULL;

	for (line = s; line < end; line = next + 1) {
		next = memchr(line, '\n', (size_t)(end - line));
		next = next == NULL ? end : next;
		n = (size_t)(next - line);
		began =
		    began || memmem(line, n, begins, strlen(begins)) != NULL;
		if (n > 0 && line[n - 1] == '\r')
			n--;
		if (!began)
			continue;
		put_open(b, NULL, "");
		out_json_string(b, line, n);
	}
}

/* Without the output: what is known of it. */
static void
known_lines(const struct facts *x, const struct form *form, struct buf *b)
{
	struct pen p;

	pen_start(&p, NULL, false);
	pen_plain(&p, x->tool == NULL ? "crash" : x->tool, 64);
	pen_words(&p, ": ");
	pen_plain(&p, x->kind == NULL ? "crash" : x->kind, 256);
	pen_words(&p, " ");
	page_access(&p, x);
	put_text(b, NULL, p.said.p);
	pen_end(&p);
	put_text(b, NULL, x->message);
	stack_lines(x, form, b);
}

/* What CASR calls what has no class there: exceptions by their type, undefined
 * behaviour by its kind, and neither is exploitable. */
static const char *
other_class(const struct facts *x)
{
	if (x->kind == NULL)
		return NULL;
	if (strcmp(x->kind, "rust-panic") == 0)
		return "RustPanic";
	if (strcmp(x->kind, "go-panic") == 0)
		return "GoPanic";
	if (x->exception != NULL)
		return x->exception;
	return x->tool != NULL && strncmp(x->tool, "ubsan", 5) == 0 ? x->kind
								    : NULL;
}

static void
crash_severity(
    const struct facts *x, const struct kindinfo *kinds, struct buf *b)
{
	static const char *const types[][2] = {{"exploitable", "EXPLOITABLE"},
	    {"probably", "PROBABLY_EXPLOITABLE"}, {"not", "NOT_EXPLOITABLE"}};
	const char *type = "UNDEFINED", *class = x->class;
	struct kindinfo_row row =
	    kindinfo_find(kinds, x->kind == NULL ? "crash" : x->kind);
	size_t i;

	for (i = 0; x->exploitability != NULL && i < N(types); i++)
		if (strcmp(x->exploitability, types[i][0]) == 0)
			type = types[i][1];
	if (strcmp(type, "UNDEFINED") == 0 && other_class(x) != NULL) {
		type = "NOT_EXPLOITABLE";
		class = other_class(x);
	}
	put_open(b, "CrashSeverity", "{");
	put_text(b, "Type", type);
	put_text(b, "ShortDescription", class == NULL ? "Undefined" : class);
	put_text(b, "Description", x->message != NULL ? x->message : row.what);
	put_text(b, "Explanation",
	    x->severity_reason == NULL ? row.help : x->severity_reason);
	buf_addc(b, '}');
}

static void
registers(const struct facts *x, struct buf *b)
{
	const char *const v[][2] = {
	    {"pc", x->pc}, {"sp", x->sp}, {"bp", x->bp}};
	size_t i;

	put_open(b, "Registers", "{");
	for (i = 0; i < N(v); i++)
		if (v[i][1] != NULL) {
			put_open(b, v[i][0], "");
			buf_addf(b, "%" PRIu64, hex(v[i][1]));
		}
	buf_addc(b, '}');
}

/* The last line of the shell lines: the target with its arguments. */
static void
command(const struct facts *x, const char *path, struct buf *b)
{
	const char *last = strrchr(buf_str(&x->repro), '\n');
	struct pen p;

	pen_start(&p, NULL, false);
	if (last != NULL)
		pen_words(&p, "%s", last + strspn(last, "\n "));
	else
		pen_plain(&p, path, FACTS_NAME);
	if (last == NULL && x->dir != NULL)
		pen_words(&p, " %s/crashes/%s", x->dir, x->sha);
	put_text(b, "ProcCmdline", buf_str(&p.said));
	pen_end(&p);
}

void
casrep_add(const struct facts *x, const struct kindinfo *kinds, struct buf *b)
{
	static const char *const texts[] = {"Uname", "OS", "OSRelease",
	    "Architecture", "Stdin", "Package", "PackageVersion",
	    "PackageArchitecture", "PackageDescription"};
	static const char *const lists[] = {"ProcEnviron", "ProcStatus",
	    "ProcMaps", "ProcFiles", "NetworkConnections", "Disassembly",
	    "Source"};
	const struct form *form = form_of(x);
	const char *path = x->judge != NULL    ? x->judge
			   : x->target != NULL ? x->target
					       : "";
	size_t i;

	buf_addc(b, '{');
	if (x->first == FACTS_NONE)
		put_text(b, "Date", "");
	put_time(b, "Date", x->first);
	for (i = 0; i < N(texts); i++)
		put_text(b, texts[i], "");
	for (i = 0; i < N(lists); i++)
		put_open(b, lists[i], "[]");
	put_text(b, "ExecutablePath", path);
	command(x, path, b);
	crash_severity(x, kinds, b);
	put_open(b, "Stacktrace", "[");
	stack_lines(x, form, b);
	buf_addc(b, ']');
	registers(x, b);
	for (i = 0; i < N(forms); i++) {
		if (forms[i].key == NULL)
			continue;
		put_open(b, forms[i].key, "[");
		if (form == &forms[i] && x->printed.len > 0)
			printed_lines(
			    x->printed.p, x->printed.len, form->begins, b);
		else if (form == &forms[i])
			known_lines(x, form, b);
		buf_addc(b, ']');
	}
	put_text(b, "CrashLine", x->crash_line == NULL ? "" : x->crash_line);
	buf_adds(b, "}\n");
}
