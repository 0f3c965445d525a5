/* Sanitizers and fuzzers. */
#include "crash/reader.h"

#include <signal.h>

#include "crash/kinds.h"
#include "crash/pat.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *name, *tool;
} tools[] = {
    {"Address", "asan"},
    {"HWAddress", "hwasan"},
    {"Memory", "msan"},
    {"Thread", "tsan"},
    {"Leak", "lsan"},
    {"UndefinedBehavior", "ubsan"},
};

static const char *
tool_of(struct str name)
{
	for (size_t i = 0; i < N(tools); i++)
		if (str_eq(name, str_of(tools[i].name, strlen(tools[i].name))))
			return tools[i].tool;
	return "other";
}

/* "0x1f" behind the first place of word. */
static bool
hex_behind(struct str s, const char *word, uint64_t *v)
{
	size_t n = strlen(word);
	const char *at = memmem(s.p, s.n, word, n);
	struct str rest;

	if (at == NULL)
		return false;
	rest = str_from(s, (size_t)(at - s.p) + n);
	return frame_hex(&rest, false, v);
}

static const struct {
	const char *kind;
	int signo;
} signals[] = {
    {"segv", SIGSEGV},
    {"bus", SIGBUS},
    {"ill", SIGILL},
    {"trap", SIGTRAP},
    {"fpe", SIGFPE},
    {"abort", SIGABRT},
};

/* Behind "ERROR: AddressSanitizer: ". */
static void
details(struct reader *r, struct report *p, struct str text)
{
	struct str cap[PAT_CAPTURES];

	p->has_pc = hex_behind(text, "pc ", &p->pc);
	p->has_bp = hex_behind(text, "bp ", &p->bp);
	p->has_sp = hex_behind(text, "sp ", &p->sp);
	p->has_address = hex_behind(text, " address ", &p->address) ||
			 hex_behind(text, " on ", &p->address) ||
			 hex_behind(text, "malloc()-ed: ", &p->address) ||
			 hex_behind(text, "not owned: ", &p->address);
	if (pat_match("%* %(T%N%)%{)%|%$%}", text, cap))
		p->thread = reader_keep(r, cap[0]);
	for (size_t i = 0; i < N(signals); i++)
		if (strcmp(p->kind->name, signals[i].kind) == 0)
			p->signal = signals[i].signo;
	/* A signal that was sent has a pid where an address would be. */
	if (p->signal == SIGABRT)
		p->has_address = false;
	if (p->has_address && p->has_pc && p->address == p->pc &&
	    strcmp(p->kind->name, "segv") == 0)
		p->kind = kinds_find("segv-exec");
}

/*   [1] size=8 'name' /src/a.c in /src/a.so */
static bool
odr_variable(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (pat_match("%s[%N] size=%N '%(%-%)'", line, cap))
		r->now->message = reader_keep(r, cap[0]);
	return false;
}

static bool
header(struct reader *r, struct str line)
{
	static const char pattern[] =
	    "%{%-==%N==%s%|%s%}%(%{ERROR%|WARNING%|FATAL%}%): "
	    "%(%a%)Sanitizer%{: %| %}%(%*%)";
	const struct kinds_kind *kind;
	struct str cap[PAT_CAPTURES];
	const char *tool;
	bool warning, tsan;

	if (!pat_match(pattern, line, cap))
		return false;
	warning = cap[0].p[0] == 'W';
	tool = tool_of(cap[1]);
	tsan = strcmp(tool, "tsan") == 0;
	if (warning && !tsan && strcmp(tool, "msan") != 0)
		return false;
	kind = kinds_of_sanitizer(cap[2]);
	if (str_starts(cap[2], STR("detected memory leaks")))
		kind = kinds_find("direct-leak");
	if (str_starts(cap[2], STR("CHECK failed")))
		kind = kinds_find("sanitizer-check");
	/* "AddressSanitizer failed to allocate": no colon, but a report. */
	if (cap[2].p[-2] != ':' && kind != kinds_find("oom"))
		return false;
	if (kind == NULL)
		kind = kinds_find("unknown-crash");
	reader_open(r, kind->name, tool, !(tsan && warning));
	details(r, r->now, cap[2]);
	if (strcmp(kind->name, "odr-violation") == 0)
		r->more = odr_variable;
	if (strcmp(kind->name, "sanitizer-check") == 0 ||
	    strcmp(kind->name, "oom") == 0)
		r->now->message = reader_keep(r, cap[2]);
	return true;
}

/* Without "ERROR": "==1==AddressSanitizer CHECK failed: file:3 ..."
 * "==1==AddressSanitizer: hard rss limit exhausted (2Mb vs 3Mb)" */
static bool
unheaded(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	const char *kind = "sanitizer-check";

	if (!pat_match("%-==%N==%(%a%)Sanitizer%{: CHECK%| CHECK%} failed: "
		       "%(%*%)",
		line, cap)) {
		if (!pat_match("%-==%N==%(%a%)Sanitizer: %(hard rss limit "
			       "exhausted%*%)",
			line, cap))
			return false;
		kind = "oom";
	}
	reader_open(r, kind, tool_of(cap[0]), true);
	r->now->message = reader_keep(r, cap[1]);
	return true;
}

static bool
sanitizer(struct reader *r, struct str line)
{
	return header(r, line) || unheaded(r, line);
}

static bool
is_tool(const struct reader *r, const char *tool)
{
	return r->now != NULL && r->now->tool != NULL &&
	       strcmp(r->now->tool, tool) == 0;
}

/* What HWASan thinks that a tag means. */
static bool
cause(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!is_tool(r, "hwasan") || r->now->message.n > 0 ||
	    !pat_match("%{Potential %|%}%{C%|c%}ause: %(%*%)", line, cap))
		return false;
	r->now->message = reader_keep(r, cap[0]);
	if (str_eq(cap[0], STR("use-after-free")) &&
	    strcmp(r->now->kind->name, "bad-free") == 0)
		r->now->kind = kinds_find("double-free");
	return true;
}

/* READ of size 4 at 0x602000000040 thread T0
 *   Previous atomic write of size 4 at 0x7b04 by main thread: */
static bool
of_size(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES], s;
	enum report_access access;
	struct report *p = r->now;
	bool previous;

	if (p == NULL ||
	    !pat_match("%i%s%{previous %|%}%{atomic %|%}%(%{read%|write%|"
		       "access%}%) of size %(%v%) at %(0x%H%)%(%*%)",
		line, cap))
		return false;
	s = frame_blanks(line);
	previous = s.p[0] == 'P' || s.p[0] == 'p';
	access = cap[0].p[0] == 'R' || cap[0].p[0] == 'r'   ? REPORT_READ
		 : cap[0].p[0] == 'W' || cap[0].p[0] == 'w' ? REPORT_WRITE
							    : REPORT_UNKNOWN;
	if (!previous) {
		p->access = access;
		frame_number(&cap[1], &p->size);
		p->has_address = frame_hex(&cap[2], false, &p->address);
	}
	s = cap[3];
	if (pat_match("%*thread %(T%N%)", cap[3], cap))
		s = cap[0];
	else if (memmem(s.p, s.n, "main thread", 11) != NULL)
		s = STR("main");
	else
		s.n = 0;
	if (!previous)
		p->thread = reader_keep(r, s);
	reader_heading(r, previous ? REPORT_OTHER_ACCESS : REPORT_CRASH, s);
	return true;
}

static bool
caused_by(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (r->now == NULL ||
	    !pat_match(
		"%*The signal is caused by a %(%A%) memory access", line, cap))
		return false;
	if (str_eq(cap[0], STR("READ")))
		r->now->access = REPORT_READ;
	else if (str_eq(cap[0], STR("WRITE")))
		r->now->access = REPORT_WRITE;
	return true;
}

static bool
zero_page(struct reader *r, struct str line)
{
	if (r->now == NULL ||
	    memmem(line.p, line.n, "pc points to the zero page", 26) == NULL)
		return false;
	r->now->kind = kinds_find("segv-exec");
	r->now->access = REPORT_EXEC;
	return true;
}

/* 0x6020 is located 4 bytes to the right of 16-byte region [0x60,0x70)
 * 0x6020 is located 0 bytes after 16-byte region [0x60,0x70)
 * Address 0x7f is located in stack of thread T0 at offset 52 in frame */
static bool
located(struct reader *r, struct str line)
{
	struct report *p = r->now;
	struct str cap[PAT_CAPTURES];
	uint64_t n;

	if (p == NULL)
		return false;
	if (pat_match(
		"%* is located in stack of thread %(T%N%)%*", line, cap)) {
		p->region.kind = "stack";
		reader_heading(r, REPORT_OBJECT, cap[0]);
		return true;
	}
	if (p->region.kind != NULL ||
	    !pat_match("%* is located %(%N%) bytes %(%*%) %(%N%)-byte region",
		line, cap)) {
		if (p->region.kind == NULL &&
		    memmem(line.p, line.n, " global variable ", 17) != NULL)
			p->region.kind = "global";
		return true;
	}
	p->region.kind = "heap";
	frame_number(&cap[2], &p->region.size);
	frame_number(&cap[0], &n);
	if (str_starts(cap[1], STR("to the right")) ||
	    str_starts(cap[1], STR("after"))) {
		p->region.where = "after";
		p->region.offset = (int64_t)(p->region.size + n);
	} else if (str_starts(cap[1], STR("inside"))) {
		p->region.where = "inside";
		p->region.offset = (int64_t)n;
	} else {
		p->region.where = "before";
		p->region.offset = -(int64_t)n;
	}
	return true;
}

static bool
thread_heading(struct reader *r, struct str line, enum report_role role)
{
	struct str cap[PAT_CAPTURES] = {{"", 0}};

	if (r->now == NULL)
		return false;
	if (!pat_match("%-%{ by%|Thread%} %{thread %|%}%(T%N%)", line, cap) &&
	    memmem(line.p, line.n, "main thread", 11) != NULL)
		cap[0] = STR("main");
	reader_heading(r, role, cap[0]);
	return true;
}

static bool
freed_by(struct reader *r, struct str line)
{
	return thread_heading(r, line, REPORT_FREE);
}

/* 0x7f was deallocated by thread 3 here: */
static bool
allocated_by(struct reader *r, struct str line)
{
	bool freed = pat_match("%-deallocated by ", line, NULL);

	return thread_heading(r, line, freed ? REPORT_FREE : REPORT_ALLOC);
}

/* HWASan finds what was written behind a block when it is freed. */
static bool
allocated_here(struct reader *r, struct str line)
{
	if (r->now == NULL)
		return false;
	reader_heading(r,
	    str_starts(line, STR("deallocated")) ? REPORT_CRASH : REPORT_ALLOC,
	    STR(""));
	return true;
}

static bool
created_by(struct reader *r, struct str line)
{
	return thread_heading(r, line, REPORT_THREAD);
}

static bool
uninit(struct reader *r, struct str line)
{
	(void)line;
	if (r->now == NULL)
		return false;
	reader_heading(r, REPORT_ORIGIN, STR(""));
	return true;
}

static bool
mutex(struct reader *r, struct str line)
{
	if (!is_tool(r, "tsan") || !pat_match("%sMutex M", line, NULL))
		return false;
	reader_heading(r, REPORT_MUTEX, STR(""));
	return true;
}

/* Of several leaks the first is the verdict, the others are allocations. */
static bool
leak_of(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match(
		"%s%(%{Direct%|Indirect%}%) leak of %(%N%) byte", line, cap))
		return false;
	if (r->now == NULL || strcmp(r->now->kind->class, "leak") != 0)
		reader_open(r, "direct-leak", "lsan", true);
	if (report_crash_stack(r->now) == NULL) {
		if (cap[0].p[0] == 'I')
			r->now->kind = kinds_find("indirect-leak");
		reader_heading(r, REPORT_CRASH, STR(""));
	} else
		reader_heading(r, REPORT_ALLOC, STR(""));
	return true;
}

static bool
dedup(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (r->now == NULL || !pat_match("%sDEDUP_TOKEN: %(%*%)", line, cap))
		return false;
	r->now->dedup = reader_keep(r, cap[0]);
	return true;
}

static bool
scariness(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (r->now == NULL || !pat_match("%sSCARINESS: %(%*%)", line, cap))
		return false;
	r->now->scariness = reader_keep(r, cap[0]);
	return true;
}

/* All that is left of a report whose head is lost. */
static bool
summary(struct reader *r, struct str line)
{
	const struct kinds_kind *kind;
	struct str cap[PAT_CAPTURES];

	if (!pat_match("SUMMARY: %(%a%)Sanitizer: %(%*%)", line, cap))
		return false;
	if (r->n > 0 || (kind = kinds_of_sanitizer(cap[1])) == NULL)
		return true;
	reader_open(r, kind->name, tool_of(cap[0]), true);
	return true;
}

static bool
libfuzzer(struct reader *r, struct str line)
{
	const struct kinds_kind *kind;
	struct str cap[PAT_CAPTURES];

	if (!pat_match("%{%-==%N==%s%|%s%}ERROR: libFuzzer: %(%*%)", line, cap))
		return false;
	kind = kinds_of_sanitizer(cap[0]);
	reader_open(
	    r, kind != NULL ? kind->name : "unknown-crash", "libfuzzer", true);
	if (strcmp(r->now->kind->name, "oom") == 0)
		r->now->message = reader_keep(r, cap[0]);
	return true;
}

static bool
slowest(struct reader *r, struct str line)
{
	if (!pat_match("Slowest unit: %N s:", line, NULL))
		return false;
	reader_open(r, "slow-unit", "libfuzzer", false);
	return true;
}

/* x.c:3:4: runtime error: ...   Go has the words too, without a place. */
static bool
runtime_error(struct reader *r, struct str line)
{
	const struct kinds_kind *kind;
	struct str cap[PAT_CAPTURES], file;

	if (!pat_match("%{%(%*:%N%)%|%(<unknown>%)%}: runtime error: %(%*%)",
		line, cap))
		return false;
	kind = kinds_of_ubsan(cap[1]);
	reader_open(r, kind->name,
	    strcmp(kind->name, "cfi") == 0 ? "cfi" : "ubsan", false);
	r->now->message = reader_keep(r, cap[1]);
	file = cap[0];
	if (memmem(file.p, file.n, "<unknown>", 9) == NULL)
		reader_place(r, STR(""), file);
	return true;
}

static bool
ubsan_minimal(struct reader *r, struct str line)
{
	const struct kinds_kind *kind;
	struct str cap[PAT_CAPTURES];

	if (!pat_match("ubsan: %(%*%)", line, cap) ||
	    (kind = kinds_of_minimal(cap[0])) == NULL)
		return false;
	reader_open(r, kind->name, "ubsan-minimal", false);
	r->now->message = reader_keep(r, cap[0]);
	return true;
}

static const struct {
	const char *pattern, *kind;
} centipedes[] = {
    {"========= Timeout of %N seconds exceeded", "timeout"},
    {"========= Per-input timeout exceeded:", "timeout"},
    {"========= RSS limit exceeded:", "oom"},
    {"========= Stack limit exceeded:", "stack-overflow"},
};

static bool
centipede(struct reader *r, struct str line)
{
	for (size_t i = 0; i < N(centipedes); i++)
		if (pat_match(centipedes[i].pattern, line, NULL)) {
			reader_open(r, centipedes[i].kind, "centipede", true);
			return true;
		}
	return false;
}

static const struct {
	const char *pattern, *kind;
} bugs[] = {
    {"Shell ", "command-injection"},
    {"Arbitrary file open", "arbitrary-file-open"},
    {"Arbitrary domain name", "dns-resolution"},
};

static bool
bug_detected(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("===BUG DETECTED: %(%*%)", line, cap))
		return false;
	for (size_t i = 0; i < N(bugs); i++)
		if (pat_match(bugs[i].pattern, cap[0], NULL)) {
			reader_open(r, bugs[i].kind, "other", true);
			return true;
		}
	return false;
}

/* The first that fits. */
static const struct {
	const char *pattern, *kind;
} scudo_errors[] = {
    {"%*%{invalid chunk state%|double free%}", "double-free"},
    {"%*mismatch", "alloc-dealloc-mismatch"},
    {"%*invalid sized delete", "new-delete-type-mismatch"},
    {"%*misaligned", "bad-free"},
    {"%*alignment", "invalid-alignment"},
    {"%*reallocarray parameters overflow", "reallocarray-overflow"},
    {"%*pvalloc parameters overflow", "pvalloc-overflow"},
    {"%*calloc parameters overflow", "calloc-overflow"},
    {"%*deallocating address", "bad-free"},
    {"%*corrupted chunk header", "heap-buffer-overflow"},
    {"%*%{allocation size%|out of memory%|exhausted%|map failure%}", "oom"},
    {"CHECK failed ", "sanitizer-check"},
};

/* Scudo ERROR: invalid chunk state when deallocating address 0x... */
static bool
scudo(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES], text;
	const char *kind = "unknown-crash";

	if (!pat_match("%-Scudo ERROR: %(%*%)", line, cap))
		return false;
	text = cap[0];
	for (size_t i = 0; i < N(scudo_errors); i++)
		if (pat_match(scudo_errors[i].pattern, text, NULL)) {
			kind = scudo_errors[i].kind;
			break;
		}
	reader_open(r, kind, "scudo", true);
	r->now->message = reader_keep(r, text);
	r->now->has_address = hex_behind(text, "address ", &r->now->address);
	return true;
}

/* Use After Free at 0x7f (0 bytes into a 8-byte allocation ...) by thread 1 */
static bool
gwp_error(struct reader *r, struct str line)
{
	static const struct {
		const char *says, *kind;
	} words[] = {
	    {"Use After Free", "heap-use-after-free"},
	    {"Double Free", "double-free"},
	    {"Invalid (Wild) Free", "bad-free"},
	    {"Invalid (wild) Free", "bad-free"},
	    {"Buffer Overflow", "heap-buffer-overflow"},
	    {"Buffer Underflow", "heap-buffer-overflow"},
	};
	struct str cap[PAT_CAPTURES];

	for (size_t i = 0; i < N(words); i++)
		if (line.n > strlen(words[i].says) &&
		    memcmp(line.p, words[i].says, strlen(words[i].says)) == 0 &&
		    pat_match("%* at %(0x%H%) %{(%|by %}", line, cap)) {
			reader_open(r, words[i].kind, "scudo", true);
			r->now->has_address =
			    frame_hex(&cap[0], false, &r->now->address);
			return true;
		}
	return false;
}

/* *** GWP-ASan detected a memory error ***   What it is stands below. */
static bool
gwp_asan(struct reader *r, struct str line)
{
	if (!pat_match("%-*** GWP-ASan detected ", line, NULL))
		return false;
	r->more = gwp_error;
	return true;
}

bool
readsan_line(struct reader *r, struct str line, const struct words_set *has)
{
	static const struct reader_rule rules[] = {
	    {W_SUMMARY, summary},
	    {W_SANITIZER, sanitizer},
	    {W_OF_SIZE, of_size},
	    {W_CAUSED_BY_A, caused_by},
	    {W_ZERO_PAGE, zero_page},
	    {W_LOCATED, located},
	    {W_FREED_BY, freed_by},
	    {W_ALLOCATED_BY, allocated_by},
	    {W_ALLOCATED_HERE, allocated_here},
	    {W_CREATED_BY, created_by},
	    {W_UNINIT, uninit},
	    {W_MUTEX, mutex},
	    {W_LEAK_OF, leak_of},
	    {W_DEDUP, dedup},
	    {W_SCARINESS, scariness},
	    {W_LIBFUZZER, libfuzzer},
	    {W_SLOWEST, slowest},
	    {W_RUNTIME_ERROR, runtime_error},
	    {W_UBSAN_MINIMAL, ubsan_minimal},
	    {W_CENTIPEDE, centipede},
	    {W_BUG_DETECTED, bug_detected},
	    {W_SCUDO, scudo},
	    {W_GWP, gwp_asan},
	    {W_CAUSE, cause},
	};

	return reader_rules(r, line, has, rules, N(rules));
}
