/* Language runtimes: Rust, Go, Python, Java, JavaScript, Lua, C#. */
#include "crash/reader.h"

#include "crash/kinds.h"
#include "crash/pat.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static struct frame *
last_frame(struct reader *r)
{
	if (r->stack == NULL || r->stack->n == 0)
		return NULL;
	return &r->stack->v[r->stack->n - 1];
}

/* The place that a line below a frame adds to it. */
static void
add_place(struct reader *r, const struct frame *at)
{
	struct frame *f = last_frame(r);

	if (f == NULL || f->file.n > 0)
		return;
	f->file = reader_keep(r, at->file);
	f->line = at->line;
	f->col = at->col;
}

static bool
rust_stack(struct reader *r, struct str line)
{
	struct frame f;

	if (frame_rust(line, &f)) {
		reader_frame(r, &f);
		return true;
	}
	if (!frame_rust_at(line, &f))
		return false;
	add_place(r, &f);
	return true;
}

static bool
stack_backtrace(struct reader *r, struct str line)
{
	if (!str_eq(line, STR("stack backtrace:")))
		return false;
	r->more = rust_stack;
	if (r->now != NULL)
		reader_heading(r, REPORT_CRASH, STR(""));
	return true;
}

/* The message is the line below; more lines of it begin with a blank. */
static bool
rust_message(struct reader *r, struct str line)
{
	if (r->state++ > 0)
		return false;
	r->now->message = reader_keep(r, line);
	return true;
}

static bool
panicked(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (pat_match("%-thread %*panicked at '%(%*%)', %(%v%)", line, cap)) {
		reader_open(r, "rust-panic", "rust", true);
		r->now->message = reader_keep(r, cap[0]);
		reader_place(r, STR(""), cap[1]);
		return true;
	}
	if (!pat_match("%-thread %*panicked at %(%v%):%$", line, cap))
		return false;
	reader_open(r, "rust-panic", "rust", true);
	reader_place(r, STR(""), cap[0]);
	r->more = rust_message;
	r->state = 0;
	return true;
}

static bool
has_overflowed(struct reader *r, struct str line)
{
	if (!pat_match("%sthread %* has overflowed its stack", line, NULL))
		return false;
	reader_open(r, "stack-overflow", "rust", true);
	return true;
}

static bool
go_stack(struct reader *r, struct str line)
{
	struct frame f;

	if (str_starts(line, STR("created by ")) || line.n == 0)
		return false;
	if (frame_go_at(line, &f)) {
		add_place(r, &f);
		return true;
	}
	if (frame_go(line, &f)) {
		f.number = r->state++ == 0 ? 0 : -1;
		reader_frame(r, &f);
		return true;
	}
	return str_starts(line, STR("...")) || str_starts(line, STR("\t"));
}

/* goroutine 1 [running]: */
static bool
goroutine(struct reader *r, struct str line)
{
	if (r->now == NULL || r->now->tool == NULL ||
	    strcmp(r->now->tool, "go") != 0 ||
	    !pat_match("goroutine %N%*[%*]:", line, NULL))
		return false;
	reader_heading(r,
	    report_crash_stack(r->now) == NULL ? REPORT_CRASH : REPORT_THREAD,
	    STR(""));
	r->more = go_stack;
	r->state = 0;
	return true;
}

static bool
go_panic(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!r->golang ||
	    !pat_match("%{%-: %|%}%{panic%|fatal error%}: %(%*%)", line, cap))
		return false;
	if (r->now != NULL && strcmp(r->now->kind->name, "go-panic") == 0 &&
	    r->stack == NULL)
		return true; /* a panic in a panic: the first tells */
	reader_open(r,
	    str_starts(cap[0], STR("stack overflow")) ? "stack-overflow"
						      : "go-panic",
	    "go", true);
	r->now->message = reader_keep(r, cap[0]);
	return true;
}

/* Python prints the outermost frame first. */
static void
turn(struct report_stack *s)
{
	for (size_t i = 0; s != NULL && i < s->n / 2; i++) {
		struct frame f = s->v[i];
		s->v[i] = s->v[s->n - 1 - i];
		s->v[s->n - 1 - i] = f;
	}
}

/* "Type: text", "Type", "pkg.Type: text" */
static void
exception(struct reader *r, struct str line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] != ':' && line.p[n] != ' ')
		n++;
	r->now->message = reader_keep(r, line);
	r->now->exception = reader_keep(r, str_of(line.p, n));
}

static bool
python_stack(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	struct frame f;
	uint64_t times;

	if (frame_python(line, &f)) {
		f.number = r->state++ == 0 ? 0 : -1;
		reader_frame(r, &f);
		return true;
	}
	if (pat_match(
		"%s[Previous line repeated %(%N%) more time", line, cap)) {
		frame_number(&cap[0], &times);
		if (last_frame(r) != NULL)
			for (f = *last_frame(r);
			     times > 0 && r->stack->n < REPORT_FRAMES; times--)
				reader_frame(r, &f);
		return true;
	}
	if (line.n > 0 && (*line.p == ' ' || *line.p == '\t'))
		return true;
	turn(r->stack);
	if (line.n > 0 && *line.p != '=' && r->now->message.n == 0)
		exception(r, line);
	return false;
}

static bool
traceback(struct reader *r, struct str line)
{
	bool chained = r->now != NULL &&
		       strcmp(r->now->kind->name, "python-exception") == 0 &&
		       r->now->nstacks > 0;

	if (!pat_match("%sTraceback (most recent call last):", line, NULL))
		return false;
	if (chained)
		for (size_t i = 0; i < r->now->nstacks; i++) {
			r->now->stacks[i].role = REPORT_CAUSE;
			r->now->message.n = 0;
		}
	else if (r->now == NULL || r->now->message.n == 0 ||
		 strcmp(r->now->kind->name, "python-exception") != 0)
		reader_open(r, "python-exception", "python", false);
	reader_heading(r, REPORT_CRASH, STR(""));
	r->more = python_stack;
	r->state = 0;
	return true;
}

/* Atheris prints the exception above the traceback. */
static bool
atheris_title(struct reader *r, struct str line)
{
	exception(r, line);
	return false;
}

static bool
atheris(struct reader *r, struct str line)
{
	if (!pat_match("%s=== Uncaught Python exception: ===", line, NULL))
		return false;
	reader_open(r, "python-exception", "python", true);
	r->more = atheris_title;
	return true;
}

static bool
fault_stack(struct reader *r, struct str line)
{
	struct frame f;

	if (!frame_python(line, &f))
		return r->state == 0;
	f.number = r->state++ == 0 ? 0 : -1;
	reader_frame(r, &f);
	return true;
}

static bool
fatal_python(struct reader *r, struct str line)
{
	static const struct {
		const char *says, *kind;
	} words[] = {
	    {"Segmentation fault", "segv"},
	    {"Aborted", "abort"},
	    {"Bus error", "bus"},
	    {"Illegal instruction", "ill"},
	    {"Floating point exception", "fpe"},
	    {"Floating-point exception", "fpe"},
	};
	struct str cap[PAT_CAPTURES];
	const char *kind = "abort";

	if (!pat_match("Fatal Python error: %(%*%)", line, cap))
		return false;
	for (size_t i = 0; i < N(words); i++)
		if (str_starts(
			cap[0], str_of(words[i].says, strlen(words[i].says))))
			kind = words[i].kind;
	if (memmem(cap[0].p, cap[0].n, "stack overflow", 14) != NULL ||
	    memmem(cap[0].p, cap[0].n, "recover from stack", 18) != NULL)
		kind = "stack-overflow";
	reader_open(r, kind, "python", true);
	r->now->message = reader_keep(r, cap[0]);
	r->more = fault_stack;
	r->state = 0;
	return true;
}

static bool
java_stack(struct reader *r, struct str line)
{
	struct frame f;

	if (frame_java(line, &f)) {
		f.number = r->state++ == 0 ? 0 : -1;
		reader_frame(r, &f);
		return true;
	}
	return line.n > 0 && *line.p == '\t' && r->state > 0;
}

static bool
java_open(struct reader *r, struct str text)
{
	reader_open(r, "java-exception", "java", true);
	exception(r, text);
	r->more = java_stack;
	r->state = 0;
	return true;
}

static bool
exception_in(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	return pat_match("%-Exception in thread \"%-\" %(%*%)", line, cap) &&
	       java_open(r, cap[0]);
}

static bool
java_exception(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	return pat_match("%-== Java Exception: %(%*%)", line, cap) &&
	       java_open(r, cap[0]);
}

static bool
java_cause(struct reader *r, struct str line)
{
	if (r->now == NULL || !pat_match("%sCaused by: ", line, NULL) ||
	    strcmp(r->now->kind->name, "java-exception") != 0)
		return false;
	reader_heading(r, REPORT_CAUSE, STR(""));
	r->more = java_stack;
	r->state = 0;
	return true;
}

static bool
js_stack(struct reader *r, struct str line)
{
	struct frame f;

	if (!frame_js(line, &f))
		return false;
	f.number = r->state++ == 0 ? 0 : -1;
	reader_frame(r, &f);
	return true;
}

static bool
jazzer_js(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match(
		"%s==%N== Uncaught Exception: Jazzer.js: %(%*%)", line, cap))
		return false;
	reader_open(r, "js-exception", "js", true);
	exception(r, cap[0]);
	r->more = js_stack;
	r->state = 0;
	return true;
}

/* The first "    at" below "Error: text". */
static bool
js_at(struct reader *r, struct str line)
{
	struct frame f;

	if (!frame_js(line, &f) || f.col == 0 ||
	    !pat_match("%{Uncaught %|%}%w%{.%w%|%}%{: %|%$%}", r->prev, NULL) ||
	    memmem(r->prev.p, r->prev.n, "rror", 4) == NULL)
		return false;
	reader_open(r, "js-exception", "js", true);
	exception(r, r->prev);
	r->more = js_stack;
	r->state = 0;
	return js_stack(r, line);
}

static bool
lua_stack(struct reader *r, struct str line)
{
	struct frame f;

	if (!frame_lua(line, &f))
		return false;
	f.number = r->state++ == 0 ? 0 : -1;
	if (!str_starts(f.file, STR("[C]")))
		reader_frame(r, &f);
	return true;
}

static bool
lua_trace(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!str_eq(line, STR("stack traceback:")) ||
	    !pat_match("%-: %(%*%)", r->prev, cap))
		return false;
	reader_open(r, "lua-error", "lua", true);
	r->now->message = reader_keep(r, cap[0]);
	r->more = lua_stack;
	r->state = 0;
	return true;
}

static bool
csharp_stack(struct reader *r, struct str line)
{
	struct frame f;

	if (frame_csharp(line, &f)) {
		f.number = r->state++ == 0 ? 0 : -1;
		reader_frame(r, &f);
		return true;
	}
	if (r->now->message.n == 0 && line.n > 0) { /* mono: one line down */
		exception(r, frame_blanks(line));
		return true;
	}
	return r->state == 0 && line.n > 0;
}

static bool
unhandled(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("%{[ERROR] FATAL UNHANDLED EXCEPTION%|Unhandled "
		       "%{E%|e%}xception%}%{.%|:%}%s%(%*%)",
		line, cap))
		return false;
	reader_open(r, "csharp-exception", "csharp", true);
	if (cap[0].n > 0)
		exception(r, cap[0]);
	r->more = csharp_stack;
	r->state = 0;
	return true;
}

bool
readlang_line(struct reader *r, struct str line, const struct words_set *has)
{
	static const struct reader_rule rules[] = {
	    {W_PANICKED, panicked},
	    {W_HAS_OVERFLOWED, has_overflowed},
	    {W_STACK_BACKTRACE, stack_backtrace},
	    {W_PANIC, go_panic},
	    {W_FATAL_ERROR, go_panic},
	    {W_GOROUTINE, goroutine},
	    {W_ATHERIS, atheris},
	    {W_TRACEBACK, traceback},
	    {W_FATAL_PYTHON, fatal_python},
	    {W_EXCEPTION_IN, exception_in},
	    {W_JAVA_EXCEPTION, java_exception},
	    {W_CAUSED_BY, java_cause},
	    {W_JAZZER_JS, jazzer_js},
	    {W_JS_AT, js_at},
	    {W_LUA_TRACE, lua_trace},
	    {W_UNHANDLED, unhandled},
	};

	return reader_rules(r, line, has, rules, N(rules));
}
