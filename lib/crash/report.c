#include "crash/report.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crash/kinds.h"
#include "crash/lines.h"
#include "crash/names.h"
#include "crash/pat.h"
#include "crash/reader.h"
#include "crash/rules.h"

/* So many calls within each other, and then a fault: the stack was full. */
enum { DEEP = 1000 };

#define N(a) (sizeof(a) / sizeof((a)[0]))

const char *const report_words[READER_WORDS] = {
    [W_SANITIZER] = "sanitizer",
    [W_OF_SIZE] = " of size ",
    [W_CAUSED_BY_A] = "signal is caused by a",
    [W_ZERO_PAGE] = "points to the zero page",
    [W_LOCATED] = " is located ",
    [W_FREED_BY] = "freed by thread",
    [W_ALLOCATED_BY] = "allocated by ",
    [W_ALLOCATED_HERE] = "allocated here:",
    [W_CREATED_BY] = "created by ",
    [W_UNINIT] = "uninitialized value was ",
    [W_MUTEX] = "mutex m",
    [W_LOCATION] = "location is ",
    [W_LEAK_OF] = "direct leak of",
    [W_DEDUP] = "dedup_token: ",
    [W_SCARINESS] = "scariness: ",
    [W_SUMMARY] = "summary: ",
    [W_LIBFUZZER] = "error: libfuzzer: ",
    [W_SLOWEST] = "slowest unit: ",
    [W_RUNTIME_ERROR] = ": runtime error: ",
    [W_UBSAN_MINIMAL] = "ubsan: ",
    [W_CENTIPEDE] = "========= ",
    [W_ASSERTION] = "assertion ",
    [W_ASSERT_FAILED] = "assert",
    [W_CHECK_FAILED] = "check failed: ",
    [W_GLIBC_FREE] = "free(): ",
    [W_GLIBC_MALLOC] = "malloc",
    [W_GLIBC_REALLOC] = "realloc(): ",
    [W_MUNMAP_CHUNK] = "munmap_chunk(): ",
    [W_CORRUPTED] = "corrupted ",
    [W_DOUBLE_FREE] = "double free or corruption",
    [W_STARS] = "*** ",
    [W_TERMINATE] = "terminate called ",
    [W_TERMINATING] = "terminating",
    [W_WHAT] = "what():",
    [W_SHARED_LIB] = "error while loading shared libraries",
    [W_RECEIVED_SIGNAL] = "received signal ",
    [W_PROGRAM_TERMINATED] = "program terminated with signal ",
    [W_ARROW] = "=> 0x",
    [W_STOP_REASON] = "stop reason = ",
    [W_VALGRIND_AT] = " at 0x",
    [W_VALGRIND_BY] = " by 0x",
    [W_VALGRIND_ADDRESS] = "  address 0x",
    [W_VALGRIND_BLOCK] = "block was alloc'd",
    [W_VALGRIND_TERM] = "process terminating with default action",
    [W_VALGRIND_MAPPED] = "at address 0x",
    [W_VALGRIND_LOST] = " lost in loss record",
    [W_VALGRIND_0] = "0== ",
    [W_VALGRIND_1] = "1== ",
    [W_VALGRIND_2] = "2== ",
    [W_VALGRIND_3] = "3== ",
    [W_VALGRIND_4] = "4== ",
    [W_VALGRIND_5] = "5== ",
    [W_VALGRIND_6] = "6== ",
    [W_VALGRIND_7] = "7== ",
    [W_VALGRIND_8] = "8== ",
    [W_VALGRIND_9] = "9== ",
    [W_LWP] = "(lwp ",
    [W_PANICKED] = "panicked at ",
    [W_HAS_OVERFLOWED] = "has overflowed its stack",
    [W_STACK_BACKTRACE] = "stack backtrace:",
    [W_PANIC] = "panic: ",
    [W_FATAL_ERROR] = "fatal error: ",
    [W_GOROUTINE] = "goroutine ",
    [W_TRACEBACK] = "traceback (most recent call last):",
    [W_ATHERIS] = "uncaught python exception",
    [W_FATAL_PYTHON] = "fatal python error: ",
    [W_EXCEPTION_IN] = "exception in thread ",
    [W_JAVA_EXCEPTION] = "== java exception: ",
    [W_CAUSED_BY] = "caused by: ",
    [W_JAZZER_JS] = "uncaught exception: jazzer.js",
    [W_JS_AT] = "    at ",
    [W_BUG_DETECTED] = "===bug detected: ",
    [W_UNHANDLED] = "unhandled exception",
    [W_LUA_TRACE] = "stack traceback:",
    [W_SCUDO] = "scudo error: ",
    [W_GWP] = "gwp-asan detected",
    [W_CAUSE] = "cause: ",
    [W_PURE] = "pure virtual ",
    [W_KILLED_BY] = "+++ program ",
    [W_HONGGFUZZ] = "signal: sig",
    [W_COREDUMP_SIGNAL] = "signal: ",
    [W_COREDUMP_THREAD] = "stack trace of thread ",
    [W_RIP] = "rip            0x",
    [W_RSP] = "rsp            0x",
    [W_RBP] = "rbp            0x",
    [W_RIP_LLDB] = " rip = 0x",
    [W_RSP_LLDB] = " rsp = 0x",
    [W_RBP_LLDB] = " rbp = 0x",
    [W_RUST_ALLOC] = "memory allocation of ",
    [W_GO_RACE] = "warning: data race",
    [W_GO_SIGNAL] = "[signal sig",
    [W_GO_SIGCODE] = " sigcode=",
    [W_PRECONDITION] = "precondition failed",
    [W_COULD_NOT_CAST] = "could not cast value of type",
    [W_SWIFT_FAILURE] = "*** swift runtime failure: ",
    [W_PROGRAM_CRASHED] = "*** program crashed: ",
    [W_CRASHED] = " crashed:",
    [W_CURRENT_STACK] = "current stack trace:",
    [W_RSP_SWIFT] = "rsp 0x",
    [W_ABOVE_EXCEPTION] = "above exception",
    [W_IGNORED] = "exception ignored ",
    [W_TIMEOUT] = "timeout (",
    [W_JAVA_CRASH] = "java runtime environment",
    [W_NODE] = "node",
    [W_JS_TRACE] = "javascript stack trace",
    [W_RROR] = "rror",
};

const char *
report_role_name(enum report_role role)
{
	static const char *const names[REPORT_ROLES] = {"crash", "other-access",
	    "free", "alloc", "stack-object", "origin", "thread", "mutex",
	    "cause"};

	return names[role];
}

const char *
report_access_name(enum report_access a)
{
	static const char *const names[] = {NULL, "READ", "WRITE", "EXEC"};

	return names[a];
}

const struct report_stack *
report_crash_stack(const struct report *r)
{
	for (size_t i = 0; i < r->nstacks; i++)
		if (r->stacks[i].role == REPORT_CRASH)
			return &r->stacks[i];
	return NULL;
}

struct reader *
report_reader(const struct rules *rules)
{
	struct reader *r = mem_alloc(sizeof(*r));

	r->rules = rules;
	return r;
}

void
report_free(struct reader *r)
{
	if (r == NULL)
		return;
	arena_release(&r->arena);
	free(r);
}

/* Is it the one frame that a debugger showed when it stopped? */
static bool
shown_before(const struct reader *r, const struct frame *f)
{
	const struct report_stack *s = report_crash_stack(r->now);

	return s != NULL && s->n == 1 && s->v[0].dbg &&
	       str_eq(s->v[0].raw, f->raw) && s->v[0].line == f->line;
}

/* A debugger's backtrace alone, without the stop that it belongs to. */
static void
numbered(struct reader *r, const struct frame *f)
{
	if (r->now == NULL) {
		if (!f->dbg || f->number != 0)
			return;
		reader_open(r, "unknown-crash", "gdb", false);
	}
	if (f->dbg && f->number == 0 && shown_before(r, f))
		reader_restack(r);
	reader_frame(r, f);
}

/* Colours off: ESC [ ... letter. */
static struct str
plain(struct reader *r, struct str line)
{
	char *out, *o;

	out = o = arena_alloc(&r->arena, line.n);
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] != '\033' || i + 1 >= line.n ||
		    line.p[i + 1] != '[') {
			*o++ = line.p[i];
			continue;
		}
		for (i += 2;
		     i < line.n && (line.p[i] < '@' || line.p[i] > '~');)
			i++;
	}
	return str_of(out, (size_t)(o - out));
}

static bool
begins_with_number_sign(struct str s)
{
	size_t i = 0;

	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '*'))
		i++;
	return (i + 1 < s.n && s.p[i] == '#' && s.p[i + 1] >= '0' &&
		   s.p[i + 1] <= '9') ||
	       (s.n - i > 8 && memcmp(s.p + i, "frame #", 7) == 0);
}

static void
one_line(struct reader *r, struct str line, const struct words_set *has)
{
	struct frame f;

	if (begins_with_number_sign(line)) {
		if (frame_numbered(line, r->now != NULL, &f))
			numbered(r, &f);
		return;
	}
	if (r->more != NULL) {
		if (r->more(r, line))
			return;
		r->more = NULL;
	}
	if (words_none(has))
		return;
	if (!readsan_line(r, line, has) && !readnote_line(r, line, has) &&
	    !readlang_line(r, line, has) && !readfuzz_line(r, line, has))
		readdbg_line(r, line, has);
}

static bool
is(const struct report *p, const char *kind)
{
	return strcmp(p->kind->name, kind) == 0;
}

/* Frames of a sanitizer that ends the process: the end is its doing. */
static bool
ended_by_sanitizer(const struct report *p)
{
	const struct report_stack *s = report_crash_stack(p);

	for (size_t i = 0; s != NULL && i < s->n; i++)
		if (str_starts(s->v[i].raw, STR("__ubsan")) ||
		    str_starts(s->v[i].raw, STR("__sanitizer::Die")))
			return true;
	return false;
}

/* What was printed before says why it ended; the end adds stack and signal. */
static void
explain(struct report *why, const struct report *end)
{
	why->fatal = true;
	why->signal = end->signal;
	if (report_crash_stack(why) == NULL &&
	    why->nstacks + end->nstacks <= REPORT_STACKS) {
		memcpy(why->stacks + why->nstacks, end->stacks,
		    end->nstacks * sizeof(why->stacks[0]));
		why->nstacks += end->nstacks;
	}
	if (why->thread.n == 0)
		why->thread = end->thread;
	if (!why->has_pc) {
		why->pc = end->pc;
		why->sp = end->sp;
		why->bp = end->bp;
		why->has_pc = end->has_pc;
		why->has_sp = end->has_sp;
		why->has_bp = end->has_bp;
	}
	if (why->tool == NULL || strcmp(why->tool, "glibc") == 0 ||
	    strcmp(why->tool, "other") == 0)
		why->tool = end->tool;
}

static bool
explains(const struct report *why, const struct report *end)
{
	if (why->kind->flags & (KINDS_END | KINDS_QUIET))
		return false;
	if (strcmp(why->tool, "ubsan") == 0 || strcmp(why->tool, "cfi") == 0)
		return ended_by_sanitizer(end);
	return why->fatal || strcmp(why->tool, "python") == 0;
}

/* Drops the reports that only say how it ended, where another says why. */
static void
merge_ends(struct reader *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct report *p = &r->reports[i];
		struct report *before = kept > 0 ? &r->reports[kept - 1] : NULL;
		if ((p->kind->flags & KINDS_END) && before != NULL &&
		    explains(before, p)) {
			explain(before, p);
			r->seen--;
			continue;
		}
		/* A message and the report of what it led to, as UBSan's
		 * null pointer and the fault after it, stay two reports. */
		r->reports[kept++] = *p;
	}
	r->n = kept;
}

static bool
is_quiet(const struct report *p)
{
	return p->quiet || (p->kind->flags & KINDS_QUIET);
}

static struct report *
choose(struct reader *r)
{
	struct report *best = NULL;

	for (size_t i = 0; i < r->n; i++) {
		struct report *p = &r->reports[i];
		bool quiet = is_quiet(p);
		if (p->fatal)
			return p;
		if (best == NULL || (is_quiet(best) && !quiet))
			best = p;
	}
	return best;
}

/* The value of a register that gdb printed: "rax            0x10    16". */
static bool
gdb_register(struct str name, struct str text, uint64_t *v)
{
	enum { COLUMN = 15 };
	char want[COLUMN + 2];
	const char *at;

	if (name.n >= COLUMN)
		return false;
	memset(want, ' ', COLUMN);
	memcpy(want, name.p, name.n);
	memcpy(want + COLUMN, "0x", 2);
	at = memmem(text.p, text.n, want, sizeof(want));
	if (at == NULL || (at > text.p && isalnum((unsigned char)at[-1]) &&
			      at[-1] != 'm')) /* of a colour */
		return false;
	text = str_from(text, (size_t)(at - text.p) + COLUMN);
	return frame_hex(&text, false, v);
}

/* The address in gdb's "mov 0x8(%rax),%eax", from the registers printed above;
 * with an index, "(%rax,%rdx,4)", only that of the array, and false. */
static bool
operand(const struct report *p, struct str text, uint64_t *v)
{
	struct str cap[PAT_CAPTURES];
	uint64_t base, offset = 0;
	bool minus;

	*v = UINT64_MAX;
	if (!pat_match("%*:%*%{ %|,%|\t%|*%}%(%{-%|%}%{0x%H%|%}%)(%%%(%w%)%("
		       "%*%)",
		p->insn, cap) ||
	    !gdb_register(cap[1], text, &base))
		return false;
	minus = cap[0].n > 0 && cap[0].p[0] == '-';
	cap[0] = str_from(cap[0], minus);
	frame_hex(&cap[0], false, &offset);
	*v = minus ? base - offset : base + offset;
	return str_starts(cap[2], STR(")"));
}

/* A backtrace without the stop: an abort shows in its first frames. */
static void
settle_backtrace(struct report *p)
{
	static const char *const aborts[] = {"abort", "__GI_abort", "raise",
	    "__GI_raise", "__pthread_kill_implementation"};
	const struct report_stack *s = report_crash_stack(p);

	for (size_t i = 0; s != NULL && i < s->n && i < 4; i++)
		for (size_t k = 0; k < N(aborts); k++)
			if (str_eq(s->v[i].raw,
				str_of(aborts[k], strlen(aborts[k]))))
				p->kind = kinds_find("abort");
}

/* What the registers and the stack of a debugger's stop tell. */
static void
settle_stop(struct report *p, const struct frame *first)
{
	bool nowhere = first->has_pc && first->raw.n == 0;

	if (nowhere && (first->pc < 65536 ||
			   (p->has_address && p->address == first->pc))) {
		p->kind = kinds_find("segv-exec");
		p->has_address = true;
		p->address = first->pc;
	} else if (p->deepest >= DEEP)
		p->kind = kinds_find("stack-overflow");
}

static bool
holds(struct str s, const char *word)
{
	return memmem(s.p, s.n, word, strlen(word)) != NULL;
}

/* GWP-ASan's stacks without names begin with its signal handler, and the place
 * in libc that the handler returns to. */
static void
settle_handler(const struct report_stack *s)
{
	enum { HANDLER = 4 };

	for (size_t i = 0; i < s->n && i < HANDLER; i++)
		if (s->v[i].raw.n == 0 && holds(s->v[i].mod, "/libc.so")) {
			for (size_t k = 0; k <= i; k++)
				s->v[k].passing = true;
			return;
		}
}

/* A sanitizer that prints no stack before the first heading means that one. */
static void
settle_first_stack(struct report *p)
{
	if (p->nstacks > 0 && report_crash_stack(p) == NULL &&
	    strcmp(p->kind->class, "race") == 0)
		p->stacks[0].role = REPORT_CRASH;
}

/* The kinds that need more than the line they were found by. */
static void
settle(struct report *p, struct str text)
{
	const struct report_stack *s = report_crash_stack(p);
	bool fault = is(p, "segv") || is(p, "bus");
	uint64_t v = UINT64_MAX;

	if (fault && !p->has_address && p->insn.n > 0) {
		p->has_address = operand(p, text, &v);
		p->address = v;
	}
	if (fault && s != NULL && s->n > 0 &&
	    (strcmp(p->tool, "gdb") == 0 || strcmp(p->tool, "valgrind") == 0))
		settle_stop(p, &s->v[0]);
	if ((is(p, "segv") || is(p, "bus")) &&
	    (p->has_address ? p->address : v) < 65536)
		p->kind = kinds_find("null-dereference");
	if (is(p, "segv-exec"))
		p->access = REPORT_EXEC;
	if (is(p, "unknown-crash") && strcmp(p->tool, "gdb") == 0)
		settle_backtrace(p);
	settle_first_stack(p);
	if (strcmp(p->tool, "scudo") == 0 && s != NULL)
		settle_handler(s);
}

/* Where a message names its place and no stack was printed. */
static void
place_as_stack(struct reader *r, struct report *p)
{
	struct frame f = {.number = 0, .raw = p->place_fn, .file = p->place};

	if (p->place.n == 0 || report_crash_stack(p) != NULL)
		return;
	if (strcmp(p->tool, "rust") == 0)
		f.lang = FRAME_RUST;
	frame_position(&f.file, &f.line, &f.col);
	r->now = p;
	reader_heading(r, REPORT_CRASH, STR(""));
	reader_frame(r, &f);
}

struct report *
report_make(struct reader *r, const char *kind, const char *tool)
{
	if (r->n == REPORT_REPORTS)
		r->n--;
	return reader_open(r, kind, tool, true);
}

void
report_add_stack(struct reader *reader, struct report *r, enum report_role role,
    const struct frame *v, size_t n)
{
	reader->now = r;
	reader_heading(reader, role, STR(""));
	for (size_t i = 0; i < n; i++) {
		struct frame f = v[i];
		f.number = i == 0 ? 0 : (int)i;
		reader_frame(reader, &f);
	}
}

struct frame *
report_keep_frames(struct reader *r, const struct frame *v, size_t n)
{
	struct frame *kept = arena_alloc(&r->arena, (n + 1) * sizeof(*kept));

	for (size_t i = 0; i < n; i++) {
		kept[i] = v[i];
		kept[i].raw = reader_keep(r, v[i].raw);
		kept[i].file = reader_keep(r, v[i].file);
		kept[i].mod = reader_keep(r, v[i].mod);
	}
	return kept;
}

void
report_begin(struct reader *r, unsigned flags)
{
	arena_reset(&r->arena);
	r->n = r->seen = 0;
	r->now = NULL;
	r->stack = NULL;
	r->more = NULL;
	r->prev = r->stopped = STR("");
	r->golang = flags & LINES_GO;
	r->chained = r->ignored = false;
	r->nsaid = 0;
}

static void
known_frame(struct reader *r, const struct lines_line *line)
{
	struct frame f = line->frame->frame;

	f.number = line->number;
	f.pc = line->pc;
	numbered(r, &f);
}

static void
any_line(struct reader *r, const struct lines_line *line)
{
	const struct words_set *has = &line->has;
	struct str s = line->s, text;
	struct lines_line bare;

	if (s.n > REPORT_LINE)
		s.n = REPORT_LINE;
	if (memchr(s.p, '\033', s.n) != NULL) {
		text = s = plain(r, s);
		if (lines_next(NULL, &text, &bare))
			has = &bare.has; /* words were cut by colours */
	}
	if (str_starts(s, STR("CRASH LOG: ")))
		s = str_from(s, 11);
	one_line(r, s, has);
	r->prev = s;
}

void
report_line(struct reader *r, const struct lines_line *line)
{
	if (line->frame != NULL) {
		known_frame(r, line);
		r->prev = line->s;
	} else
		any_line(r, line);
	r->since_said++;
}

struct report *
report_end(struct reader *r, struct str text, size_t *reports)
{
	static struct report none;
	struct report *p;

	if (r->more != NULL)
		r->more(r, STR(""));
	merge_ends(r);
	*reports = r->seen;
	p = choose(r);
	if (p == NULL) {
		memset(&none, 0, sizeof(none));
		return &none;
	}
	for (size_t i = 0; i < r->n; i++) {
		settle(&r->reports[i], text);
		place_as_stack(r, &r->reports[i]);
	}
	return p;
}

struct report *
report_other(struct reader *r, const struct report *chosen, size_t i)
{
	for (size_t k = 0; k < r->n; k++)
		if (&r->reports[k] != chosen && i-- == 0)
			return &r->reports[k];
	return NULL;
}
