/* Languages that are compiled, and some small ones: Rust, Go, Swift, Lua, C#. */
#include "crash/reader.h"

#include <signal.h>

#include "crash/kinds.h"
#include "crash/pat.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* The place that a line below a frame adds to it. */
static void
add_place(struct reader *r, const struct frame *at)
{
	struct frame *f = reader_last(r);

	if (f == NULL || f->file.n > 0)
		return;
	f->file = reader_keep(r, at->file);
	f->line = at->line;
	f->col = at->col;
	f->known = NULL;
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

/* A message goes on for some lines, until one that is not its. */
static bool
rust_message(struct reader *r, struct str line)
{
	static const char *const ends[] = {"stack backtrace:", "note: ",
	    "thread ", "==", "fatal runtime error"};

	if (r->state > 0 && line.n == 0)
		return false;
	for (size_t i = 0; i < N(ends); i++)
		if (str_starts(line, str_of(ends[i], strlen(ends[i]))))
			return false;
	return reader_message(r, line);
}

/* Until Rust 1.72: 'message, in quotes and
 * maybe in lines', src/main.rs:3:4 */
static bool
rust_quoted(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("%(%*%)', %(%*:%N:%N%)%$", line, cap))
		return reader_message(r, line);
	reader_message(r, cap[0]);
	reader_place(r, STR(""), cap[1]);
	r->more = NULL;
	return true;
}

/* thread 'main' (12) panicked at src/main.rs:3:4:
 * thread 'main' panicked at 'message', src/main.rs:3:4 */
static bool
panicked(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES], name[PAT_CAPTURES];
	bool quoted = pat_match("%-thread %-panicked at '%(%*%)", line, cap);

	if (!quoted &&
	    !pat_match("%-thread %-panicked at %(%*:%N:%N%):%$", line, cap))
		return false;
	reader_open(r, "rust-panic", "rust", true);
	if (pat_match("%-thread '%(%-%)' ", line, name))
		r->now->thread = reader_keep(r, name[0]);
	r->state = 0;
	if (!quoted) {
		reader_place(r, STR(""), cap[0]);
		r->more = rust_message;
		return true;
	}
	r->more = rust_quoted;
	return rust_quoted(r, cap[0]);
}

/* memory allocation of 123 bytes failed */
static bool
rust_alloc(struct reader *r, struct str line)
{
	if (!pat_match("memory allocation of %N bytes failed", line, NULL))
		return false;
	reader_open(r, "oom", "rust", true);
	r->now->message = reader_keep(r, line);
	return true;
}

static bool
has_overflowed(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("%sthread %* has overflowed its stack", line, NULL))
		return false;
	reader_open(r, "stack-overflow", "rust", true);
	if (pat_match("%sthread '%(%-%)' ", line, cap))
		r->now->thread = reader_keep(r, cap[0]);
	return true;
}

/* go test -fuzz indents what it reports. */
static struct str
go_indent(struct reader *r, struct str line)
{
	size_t n = 0;

	while (n < r->indent && n < line.n && line.p[n] == ' ')
		n++;
	return str_from(line, n);
}

static bool
go_stack(struct reader *r, struct str line)
{
	struct frame f;

	line = go_indent(r, line);
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

static bool
is_go(const struct reader *r)
{
	return r->now != NULL && r->now->tool != NULL &&
	       strcmp(r->now->tool, "go") == 0;
}

/* goroutine 1 [running]: */
static bool
goroutine(struct reader *r, struct str line)
{
	if (!is_go(r) || !pat_match("%sgoroutine %N%*[%*]:", line, NULL))
		return false;
	r->indent = line.n - frame_blanks(line).n;
	reader_heading(r,
	    report_crash_stack(r->now) == NULL ? REPORT_CRASH : REPORT_THREAD,
	    STR(""));
	r->more = go_stack;
	r->state = 0;
	return true;
}

static void
set_address(struct reader *r, struct str hex)
{
	r->now->has_address = frame_hex(&hex, false, &r->now->address);
}

/* [signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x49e282] */
static bool
go_signal(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	int signo;

	if (!is_go(r) ||
	    !pat_match("%s[signal %(%w%)%*addr=%(%H%) pc=%(%H%)", line, cap))
		return false;
	signo = kinds_signal(cap[0]);
	r->now->signal = signo;
	set_address(r, cap[1]);
	r->now->has_pc = frame_hex(&cap[2], false, &r->now->pc);
	/* What the runtime cannot make a panic of. */
	if (signo != 0 && str_eq(r->now->message, STR("fault")))
		r->now->kind = kinds_of_signal(signo);
	return true;
}

/* SIGSEGV: segmentation violation
 * PC=0x4a1060 m=0 sigcode=1 addr=0x0 */
static bool
go_sigcode(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES], name[PAT_CAPTURES];

	if (!pat_match(
		"PC=%(%H%) m=%N sigcode=%N%{ addr=%(%H%)%|%(%)%}", line, cap) ||
	    !pat_match("%(%A%): ", r->prev, name) || kinds_signal(name[0]) == 0)
		return false;
	reader_open(
	    r, kinds_of_signal(kinds_signal(name[0]))->name, "go", true);
	r->now->signal = kinds_signal(name[0]);
	r->now->message = reader_keep(r, r->prev);
	r->now->has_pc = frame_hex(&cap[0], false, &r->now->pc);
	if (cap[1].n > 0)
		set_address(r, cap[1]);
	return true;
}

/* More lines of the message; panics that followed while it was handled. */
static bool
go_message(struct reader *r, struct str line)
{
	if (line.n == 0 || str_starts(frame_blanks(line), STR("goroutine ")) ||
	    str_starts(line, STR("runtime stack:")))
		return false;
	if (pat_match("%S%{panic%|fatal error%}: ", line, NULL) ||
	    go_signal(r, line))
		return true;
	if (*line.p == '\t')
		line = str_from(line, 1);
	return reader_message(r, line);
}

/*
 * Read at 0x00c000094028 by goroutine 7:
 *   main.f()
 *       /src/x.go:3 +0x33
 * Previous write at 0x00c000094028 by main goroutine:
 * Goroutine 7 (running) created at:
 */
static bool
go_race_stack(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	struct frame f;

	if (pat_match("%{Read%|Write%} at %(%H%) by %(%*%):%$", line, cap)) {
		reader_heading(r, REPORT_CRASH, cap[1]);
		r->now->thread = reader_keep(r, cap[1]);
		r->now->access = *line.p == 'R' ? REPORT_READ : REPORT_WRITE;
		set_address(r, cap[0]);
		r->state = 0;
	} else if (pat_match("Previous %w at %H by %(%*%):%$", line, cap)) {
		reader_heading(r, REPORT_OTHER_ACCESS, cap[0]);
		r->state = 0;
	} else if (pat_match("%(Goroutine %N%) %*created at:%$", line, cap)) {
		reader_heading(r, REPORT_THREAD, cap[0]);
		r->state = 0;
	} else if (frame_go_at(line, &f)) {
		add_place(r, &f);
	} else if (frame_go(frame_blanks(line), &f)) {
		f.number = r->state++ == 0 ? 0 : -1;
		reader_frame(r, &f);
	} else
		return line.n == 0;
	return true;
}

static bool
go_race(struct reader *r, struct str line)
{
	if (!str_eq(line, STR("WARNING: DATA RACE")))
		return false;
	reader_open(r, "data-race", "go", false);
	r->more = go_race_stack;
	r->state = 0;
	return true;
}

static const char *
go_kind(struct str message)
{
	static const struct {
		const char *says, *kind;
	} kinds[] = {
	    {"stack overflow", "stack-overflow"},
	    {"out of memory", "oom"},
	    {"runtime: out of memory", "oom"},
	    {"runtime: cannot allocate memory", "oom"},
	};

	for (size_t i = 0; i < N(kinds); i++)
		if (str_starts(
			message, str_of(kinds[i].says, strlen(kinds[i].says))))
			return kinds[i].kind;
	return "go-panic";
}

static bool
go_panic(struct reader *r, struct str line)
{
	static const char *const notes[] = {
	    " [recovered, repanicked]", " [recovered]"};
	struct str cap[PAT_CAPTURES];

	if (!r->golang && !str_starts(line, STR("panic: runtime error: ")))
		return false;
	if (!pat_match("%{%-: %|%}%{panic%|fatal error%}: %(%*%)", line, cap))
		return false;
	for (size_t i = 0; i < N(notes); i++)
		if (str_ends(cap[0], str_of(notes[i], strlen(notes[i]))))
			cap[0].n -= strlen(notes[i]);
	reader_open(r, go_kind(cap[0]), "go", true);
	r->state = 0;
	r->more = go_message;
	return reader_message(r, cap[0]);
}

static bool
lua_stack(struct reader *r, struct str line)
{
	struct frame f;

	if (str_starts(line, STR("\t...")) || str_starts(line, STR("\t(...")))
		return true;
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

/* "Outer: text ---> Inner: text" */
static void
csharp_exception(struct reader *r, struct str text)
{
	struct str cap[PAT_CAPTURES];

	if (pat_match("%(%-%) ---> ", text, cap))
		text = cap[0];
	reader_exception(r, text);
}

static bool
csharp_stack(struct reader *r, struct str line)
{
	struct report_stack *inner = r->stack;
	struct frame f;

	if (frame_csharp(line, &f)) {
		f.number = r->state++ == 0 ? 0 : -1;
		reader_frame(r, &f);
		return true;
	}
	if (str_starts(frame_blanks(line), STR("--- End of "))) {
		if (inner != NULL)
			inner->role = REPORT_CAUSE;
		reader_heading(r, REPORT_CRASH, STR(""));
		r->state = 0;
		return true;
	}
	if (r->now->message.n == 0 && line.n > 0) { /* mono: one line down */
		csharp_exception(r, frame_blanks(line));
		return true;
	}
	return r->state == 0 && line.n > 0;
}

/* mono says it a second time, behind "[ERROR] FATAL". */
static bool
csharp_again(struct reader *r, struct str line)
{
	struct frame f;

	(void)r;
	return frame_csharp(line, &f) ||
	       str_starts(frame_blanks(line), STR("--- End of "));
}

static bool
unhandled(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	bool again = r->now != NULL &&
		     strcmp(r->now->kind->name, "csharp-exception") == 0;

	if (!pat_match("%{[ERROR] FATAL UNHANDLED EXCEPTION%|Unhandled "
		       "%{E%|e%}xception%}%{.%|:%}%s%(%*%)",
		line, cap))
		return false;
	if (again && str_starts(line, STR("[ERROR]"))) {
		r->more = csharp_again;
		return true;
	}
	reader_open(r, "csharp-exception", "csharp", true);
	if (cap[0].n > 0)
		csharp_exception(r, cap[0]);
	r->more = csharp_stack;
	r->state = 0;
	return true;
}

static bool
is_swift(const struct reader *r)
{
	return r->now != NULL && r->now->tool != NULL &&
	       strcmp(r->now->tool, "swift") == 0;
}

/* bugs/bugs.swift:26: Fatal error: text
 * Fatal error: text: file bugs.swift, line 26	(until 5.3) */
static bool
swift_fatal(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	struct frame f = {0};

	if (pat_match("%(%-.swift:%N%): %(%{Fatal error%|Precondition failed%|"
		      "Assertion failed%}%{: %|%$%}%*%)",
		line, cap))
		f.file = cap[0];
	else if (pat_match("%(%{Fatal error%|Precondition failed%|Assertion "
			   "failed%}: %*%): file %(%-.swift%), line %N%$",
		     line, cap)) {
		f.file = cap[1];
		cap[1] = cap[0];
	} else
		return false;
	reader_open(r,
	    str_starts(cap[1], STR("Assertion")) ? "assert"
						 : "swift-fatal-error",
	    "swift", true);
	/* Where the standard library found it says nothing. */
	if (!str_starts(f.file, STR("Swift/")))
		reader_place(r, STR(""), f.file);
	if (pat_match("%-: %(%*%)", cap[1], cap))
		r->now->message = reader_keep(r, cap[0]);
	return true;
}

/* Could not cast value of type 'Swift.String' (0x1) to 'Swift.Int' (0x2). */
static bool
swift_cast(struct reader *r, struct str line)
{
	if (!pat_match(
		"Could not cast value of type '%*' (%H) to ", line, NULL))
		return false;
	reader_open(r, "swift-fatal-error", "swift", true);
	r->now->message = reader_keep(r, line);
	return true;
}

/* *** Swift runtime failure: arithmetic overflow *** */
static bool
swift_failure(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("*** Swift runtime failure: %(%*%) ***%$", line, cap))
		return false;
	reader_open(r, "swift-fatal-error", "swift", true);
	r->now->message = reader_keep(r, cap[0]);
	return true;
}

static bool
swift_stack(struct reader *r, struct str line)
{
	struct frame f;

	if (!frame_swift(line, &f))
		return line.n == 0 && r->state == 0;
	f.number = r->state++ == 0 ? 0 : -1;
	reader_frame(r, &f);
	return true;
}

static bool
swift_heading(struct reader *r, struct str line)
{
	if (!is_swift(r) ||
	    !pat_match("%{Thread %N %*crashed:%$%|Current stack trace:%$%}",
		line, NULL))
		return false;
	reader_heading(r, REPORT_CRASH, STR(""));
	r->more = swift_stack;
	r->state = 0;
	return true;
}

/* *** Program crashed: Bad pointer dereference at 0x00000000dead0000 *** */
static bool
swift_crashed(struct reader *r, struct str line)
{
	static const struct {
		const char *says;
		int signo;
	} words[] = {
	    {"Bad pointer dereference", SIGSEGV},
	    {"Bus error", SIGBUS},
	    {"Illegal instruction", SIGILL},
	    {"System trap", SIGTRAP},
	    {"Floating point exception", SIGFPE},
	    {"Arithmetic exception", SIGFPE},
	    {"Aborted", SIGABRT},
	};
	struct str cap[PAT_CAPTURES];
	int signo = 0;

	if (!pat_match("*** Program crashed: %(%-%) at %(%H%) ***", line, cap))
		return false;
	for (size_t i = 0; i < N(words); i++)
		if (str_eq(
			cap[0], str_of(words[i].says, strlen(words[i].says))))
			signo = words[i].signo;
	if (!is_swift(r)) {
		reader_open(r,
		    signo != 0 ? kinds_of_signal(signo)->name : "unknown-crash",
		    "swift", true);
		r->now->message = reader_keep(r, cap[0]);
		if (signo == SIGSEGV || signo == SIGBUS)
			set_address(r, cap[1]);
	}
	r->now->signal = signo;
	return true;
}

/* rsp 0x00007fffff7ff000  ...: a fault just below it is a full stack */
static bool
swift_sp(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	struct report *p = r->now;

	if (!is_swift(r) || !pat_match("%{rsp%| sp%} %(%H%) ", line, cap))
		return false;
	p->has_sp = frame_hex(&cap[0], false, &p->sp);
	if (p->has_sp && p->has_address && p->signal == SIGSEGV &&
	    p->address < p->sp + 4096 && p->address + (64 << 10) > p->sp)
		p->kind = kinds_find("stack-overflow");
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
	    {W_FATAL_ERROR, swift_fatal},
	    {W_FATAL_ERROR, go_panic},
	    {W_GOROUTINE, goroutine},
	    {W_GO_SIGNAL, go_signal},
	    {W_GO_RACE, go_race},
	    {W_GO_SIGCODE, go_sigcode},
	    {W_LUA_TRACE, lua_trace},
	    {W_UNHANDLED, unhandled},
	    {W_RUST_ALLOC, rust_alloc},
	    {W_ASSERTION, swift_fatal},
	    {W_PRECONDITION, swift_fatal},
	    {W_COULD_NOT_CAST, swift_cast},
	    {W_SWIFT_FAILURE, swift_failure},
	    {W_PROGRAM_CRASHED, swift_crashed},
	    {W_CRASHED, swift_heading},
	    {W_CURRENT_STACK, swift_heading},
	    {W_RSP_SWIFT, swift_sp},
	};

	return reader_rules(r, line, has, rules, N(rules)) ||
	       readvm_line(r, line, has);
}
