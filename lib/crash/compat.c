#include "crash/compatin.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crash/lines.h"
#include "crash/pat.h"
#include "crash/verdict.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

enum { LINE = 1 << 20 };

const char *const compat_words[COMPAT_WORDS] = {
    [C_SKIP_CONSOLE] = ":info:console",
    [C_SKIP_SUMMARY] = "summary:",
    [C_SKIP_WARNING] = "warning: addresssanitizer",
    [C_SKIP_MPROTECT] = "failed to mprotect 0x00010000",
    [C_SKIP_TEXT] = "text run at (",
    [C_SKIP_JAVA] = "please include java exception stack in crash report",
    [C_DEADLY] = "sanitizer:deadlysignal",
    [C_SANITIZER] = "sanitizer",
    [C_SANITIZER_SAYS] = "sanitizer: ",
    [C_ERROR] = "error: ",
    [C_ASSERTION] = "assertion ",
    [C_ASSERT_FAILED] = "assert fail",
    [C_PANIC] = "panic: ",
    [C_PANICKED] = "panicked at '",
    [C_NEVER] = "should never be reached",
    [C_RECEIVED] = "program received signal",
    [C_RIP] = "rip ",
    [C_TSAN] = "threadsanitizer:",
    [C_MSAN] = "memorysanitizer:",
    [C_LEAK] = "direct leak of ",
    [C_RUNTIME_ERROR] = ": runtime error: ",
    [C_NOTE] = "note: ",
    [C_OFFSET] = "at offset ",
    [C_CFI] = "cfi: most likely",
    [C_FATAL_ERROR] = "fatal error",
    [C_PARAM_OVERLAP] = "memcpy-param-overlap",
    [C_PYTHON] = "uncaught python exception",
    [C_JAZZER] = "uncaught exception: jazzer.js",
    [C_UNKNOWN_ADDRESS] = " on unknown address ",
    [C_FREE] = "attempting free on address",
    [C_DOUBLE_FREE] = "double-free on ",
    [C_FPE] = "sanitizer: fpe ",
    [C_SIGNAL_CAUSED] = "the signal is caused by a ",
    [C_OF_SIZE] = " of size ",
    [C_BUG] = "===bug detected: ",
    [C_SANITIZER_CHECK] = "sanitizer check failed:",
    [C_LIBFUZZER] = "libfuzzer:",
    [C_CENTIPEDE] = "========= ",
    [C_JAVA] = "== java exception: ",
    [C_CHECK] = "check failed",
    [C_NOT_REACHED] = "notreached hit",
    [C_SIGNAL_11] = "received signal 11",
    [C_SHARED] = "error while loading shared libraries",
    [C_LIBRARY] = ": library ",
    [C_SYMBOL] = "cannot locate symbol ",
    [C_STOP_LEAK] = "direct leak of",
    [C_STOP_STORED] = "uninitialized value was stored to memory at",
    [C_STOP_ALLOCATED] = "allocated by thread",
    [C_STOP_CREATED] = "created by main thread at",
    [C_STOP_LOCATED] = "located in stack of thread",
    [C_STOP_PREVIOUS] = "previously allocated by",
    [C_GO_FILE] = ".go:",
    [C_PYTHON_FILE] = ".py\", line",
    [C_KASAN] = "kasan",
    [C_MIRACLE] = "miracleptr status:",
    [C_ISSUE] = "fuzzersecurityissue",
    [C_PC_NIL] = "pc (nil) ",
    [C_PC_ZERO] = "pc 0x00000000",
    [C_JNI] = "jni detected error",
    [C_ASSERTION_FAILED] = "assertion failed",
    [C_GSIGNAL] = " in gsignal ",
    [C_OOM] =
	/* out of memory; a blank line where letter case or a part between the
     * two words counts: oom_line() looks again */
    "# allocation failed",
    "::onnomemory",
    "sanitizer failed to allocate",
    "fatalprocessoutofmemory",
    "fatal process out of memory:",
    "fatal javascript out of memory:",
    "fatal javascript invalid size error",
    "fx_outofmemoryterminate",
    "out of memory. dying",
    "out of memory. size=",
    "sanitizer: allocation-size-too-big",
    "sanitizer: calloc-overflow",
    "sanitizer: calloc parameters overflow",
    "sanitizer: requested allocation size",
    "sanitizer: out of memory",
    "terminatebecauseoutofmemory",
    "allocator is out of memory trying to allocate",
    "blinkgcoutofmemory",
    "couldnt allocate",
    "libfuzzer: out-of-memory (",
    "rss limit exhausted",
    "in rust_oom",
    "failure description: out-of-memory",
    "========= rss limit exceeded:",
    "a device memory allocation has failed.",
    "__rust_alloc_error_handler",
};

static const char *const ooms[] = {
    "%*# Allocation failed%*out of memory",
    "%*::OnNoMemory",
    "%*ERROR%*Sanitizer failed to allocate",
    "%*FatalProcessOutOfMemory",
    "%*Fatal process out of memory:",
    "%*Fatal JavaScript out of memory:",
    "%*Fatal JavaScript invalid size error",
    "%*FX_OutOfMemoryTerminate",
    "%*Out of memory. Dying%.",
    "%*Out of memory. size=",
    "%*Sanitizer: allocation-size-too-big",
    "%*Sanitizer: calloc-overflow",
    "%*Sanitizer: calloc parameters overflow",
    "%*Sanitizer: requested allocation size%*exceeds maximum supported size",
    "%*Sanitizer: out of memory",
    "%*TerminateBecauseOutOfMemory",
    "%*allocator is out of memory trying to allocate",
    "%*blinkGCOutOfMemory",
    "%*couldnt allocate%*Out of memory",
    "%*libFuzzer: out-of-memory (",
    "%*rss limit exhausted",
    "%*in rust_oom",
    "%*Failure description: out-of-memory",
    "%*========= RSS limit exceeded:",
    "%*A device memory allocation has failed.",
    "%*__rust_alloc_error_handler",
};

/* ---- state ---- */

static bool
has(const struct compat_state *s, enum compat_word w)
{
	return words_has(&s->has, READER_WORDS + (unsigned)w);
}

static bool
contains(struct str s, const char *word)
{
	return memmem(s.p, s.n, word, strlen(word)) != NULL;
}

static bool
type_is(const struct compat_state *s, const char *type)
{
	return strcmp(buf_str(&s->c->type), type) == 0;
}

static bool
type_starts(const struct compat_state *s, const char *with)
{
	return strncmp(buf_str(&s->c->type), with, strlen(with)) == 0;
}

static struct str
strip(struct str s)
{
	while (s.n > 0 && isspace((unsigned char)*s.p))
		s = str_from(s, 1);
	while (s.n > 0 && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

static void
put(struct buf *b, struct str s)
{
	buf_reset(b);
	buf_add(b, s.p, s.n);
}

/* A timeout is not overwritten by what its abort prints. */
static void
set_type(struct compat_state *s, struct str type)
{
	if (type_is(s, "Timeout") && !str_eq(type, STR("Timeout")))
		return;
	put(&s->c->type, strip(type));
}

static void
set(struct compat_state *s, const char *type)
{
	set_type(s, str_of(type, strlen(type)));
}

static void
address(struct compat_state *s, struct str a)
{
	put(&s->c->address, strip(a));
}

static void
no_state(struct compat_state *s)
{
	buf_reset(&s->c->state);
	s->frames = 0;
}

static void
reset(struct compat_state *s)
{
	no_state(s);
	buf_reset(&s->c->address);
}

static void
state_line(struct compat_state *s, struct str text)
{
	put(&s->c->state, text);
	buf_addc(&s->c->state, '\n');
}

/* Small letters, '-' for '_', a capital first. */
static void
set_norm(struct compat_state *s, struct str t)
{
	struct buf b = BUF_INIT;

	t = strip(t);
	for (size_t i = 0; i < t.n; i++) {
		int c = tolower((unsigned char)t.p[i]);
		buf_addc(&b, (char)(c == '_' ? '-' : c));
	}
	if (b.len > 0)
		b.p[0] = (char)toupper((unsigned char)b.p[0]);
	if (b.len > 0 && strcmp(b.p, "Int-divide-by-zero") == 0)
		set(s, "Divide-by-zero");
	else
		set_type(s, compat_str(&b));
	buf_release(&b);
}

/* ---- steps a to c ---- */

static bool
is_deadly(struct str line)
{
	return pat_match("%{Address%|Leak%|Memory%|UndefinedBehavior%|Thread%}"
			 "Sanitizer:DEADLYSIGNAL",
	    line, NULL);
}

static bool
meaningless(const struct compat_state *s, struct str line)
{
	if (s->died || line.n > LINE)
		return true;
	return (has(s, C_SKIP_CONSOLE) && contains(line, ":INFO:CONSOLE")) ||
	       (has(s, C_SKIP_SUMMARY) && contains(line, "SUMMARY:")) ||
	       (has(s, C_SKIP_WARNING) &&
		   contains(line, "WARNING: AddressSanitizer")) ||
	       has(s, C_SKIP_MPROTECT) ||
	       (has(s, C_SKIP_TEXT) && contains(line, "text run at (")) ||
	       (has(s, C_SKIP_JAVA) &&
		   contains(line, "Please include Java exception stack in "
				  "crash report")) ||
	       (has(s, C_DEADLY) && is_deadly(line));
}

static bool
oom_line(const struct compat_state *s, struct str line)
{
	for (size_t i = 0; i < N(ooms); i++)
		if (has(s, (enum compat_word)(C_OOM + i)) &&
		    pat_match(ooms[i], line, NULL))
			return true;
	return false;
}

static bool
signal_after_better(const struct compat_state *s, struct str line)
{
	static const char *const better[] = {"Arbitrary file open", "ASSERT",
	    "CHECK failure", "Command injection", "DCHECK failure",
	    "Fatal error", "Security CHECK failure", "Security DCHECK failure",
	    "Stack-overflow", "Out-of-memory", "Timeout", "Unreachable code",
	    "V8 API error", "V8 sandbox violation"};

	if (!has(s, C_SANITIZER_SAYS))
		return false;
	for (size_t i = 0; i < N(better); i++)
		if (type_is(s, better[i]))
			return pat_match("%*S%lanitizer: %{ABRT %|breakpoint "
					 "%|ILL %|TRAP %}",
			    line, NULL);
	return false;
}

/* ---- steps d and e ---- */

#define GLOG "F%N%S%N:%N:%N.%N%S%N%S%(%*%):%N]"

static void
assertion(struct compat_state *s, struct str message)
{
	set(s, "ASSERT");
	s->frames = 1;
	if (message.n > 0)
		state_line(s, message);
}

static void
assertions(struct compat_state *s, struct str line)
{
	static const char d1[] =
	    "%i%{%{[%-]%|%*.%{c%|cc%|cpp%|cxx%|h%|hh%|hpp%|hxx%}:%*%}%|%}%s%{%{"
	    "ASSERT%|ASSERTION%} %{FAILURE%|FAILED%}%|panic%}: %(%*%)";
	static const char d2[] =
	    GLOG "%*assertion failed at%S%*%Sin%s%*: %(%*%)";
	static const char d3[] =
	    "%i%*:%sassertion %{`%|'%|\"%|%}%(%-%)%{`%|'%|\"%|%} "
	    "failed%{.%|%}%$";
	static const char d4[] =
	    "%*%v%*/%*:%N:%sassertion %* failed:%s%(%v%*%)";
	struct str cap[PAT_CAPTURES];
	const char *quote;

	if ((has(s, C_ASSERTION) || has(s, C_ASSERT_FAILED) ||
		has(s, C_PANIC)) &&
	    pat_match(d1, line, cap))
		assertion(s, cap[0]);
	if (has(s, C_ASSERTION)) {
		if (pat_match(d2, line, cap))
			assertion(s, cap[1]);
		if (pat_match(d3, line, cap))
			assertion(s, cap[0]);
		if (contains(line, "assertion ") && pat_match(d4, line, cap))
			assertion(s, cap[0]);
	}
	if (has(s, C_PANICKED) &&
	    pat_match("%ithread%S%*%Spanicked at '%(%*%)", line, cap)) {
		quote = memchr(cap[0].p, '\'', cap[0].n);
		if (quote != NULL)
			cap[0].n = (size_t)(quote - cap[0].p);
		assertion(s, cap[0]);
	}
	if (has(s, C_NEVER) &&
	    pat_match("%sSHOULD NEVER BE REACHED%s%$", line, NULL)) {
		reset(s);
		set(s, "ASSERT_NOT_REACHED");
	}
}

static void
debugger(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (has(s, C_RECEIVED) &&
	    pat_match("Program received signal %(%a%),", line, cap)) {
		struct buf b = BUF_INIT;
		for (size_t i = 0; i < cap[0].n; i++)
			buf_addc(&b, (char)toupper((unsigned char)cap[0].p[i]));
		set_type(s, compat_str(&b));
		buf_release(&b);
	}
	if (has(s, C_RIP) && pat_match("rip%S%(%H%)", line, cap))
		address(s, cap[0]);
	if (line.n > 2 && line.p[0] == '0' &&
	    pat_match("%(0x%H%)%Sin%S", line, cap))
		address(s, cap[0]);
}

/* ---- steps f to j ---- */

static void
msan_tsan(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];
	struct buf b = BUF_INIT;

	if ((!has(s, C_TSAN) && !has(s, C_MSAN)) ||
	    contains(line, " suppressions") || contains(line, " warnings") ||
	    !pat_match("%*%{ThreadSanitizer%|MemorySanitizer%}:%S%(%^(:^%)",
		line, cap) ||
	    str_starts(cap[0], STR("ABRT")) || str_starts(cap[0], STR("ILL")))
		return;
	cap[0] = strip(cap[0]);
	for (size_t i = 0; i < cap[0].n; i++)
		buf_addc(
		    &b, (char)(i == 0 ? toupper((unsigned char)cap[0].p[i])
				      : tolower((unsigned char)cap[0].p[i])));
	reset(s);
	set_type(s, compat_str(&b));
	buf_release(&b);
}

static void
leaks(struct compat_state *s, struct str line)
{
	bool none = s->c->type.len == 0;
	bool open = none || type_is(s, "Indirect-leak");

	if (!has(s, C_LEAK) || !open)
		return;
	if (str_starts(line, STR("Direct leak of "))) {
		reset(s);
		set(s, "Direct-leak");
	} else if (none && str_starts(line, STR("Indirect leak of "))) {
		reset(s);
		set(s, "Indirect-leak");
	}
}

static struct str
unquoted(struct str s)
{
	s = strip(s);
	while (s.n > 0 && *s.p == '\'')
		s = str_from(s, 1);
	while (s.n > 0 && s.p[s.n - 1] == '\'')
		s.n--;
	return s;
}

static void
cast_open(struct compat_state *s, struct str type)
{
	set(s, "Bad-cast");
	s->frames = 0;
	put(&s->c->state, STR("Bad-cast to "));
	type = unquoted(type);
	buf_add(&s->c->state, type.p, type.n);
	s->cast_closed = false;
}

static void
cast_close(struct compat_state *s, const char *text, struct str more)
{
	buf_adds(&s->c->state, text);
	buf_add(&s->c->state, more.p, more.n);
	buf_addc(&s->c->state, '\n');
	s->frames++;
	s->cast_closed = true;
}

static void
cast_note(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!type_is(s, "Bad-cast") || s->cast_closed)
		return;
	if (pat_match("%*note: object is of type %(%*%)", line, cap) ||
	    pat_match("%*note: vtable is of type %(%*%)", line, cap))
		cast_close(s, " from ", unquoted(cap[0]));
	else if (pat_match("%*note: object has invalid vptr", line, NULL) ||
		 pat_match("%*note: object has a possibly invalid vptr", line,
		     NULL) ||
		 pat_match("%*note: invalid vtable%$", line, NULL))
		cast_close(s, " from invalid vptr", STR(""));
	else if (pat_match("%*note: %* defined here%$", line, NULL))
		cast_close(s, "", STR(""));
	else if (pat_match(
		     "%*at offset %(%N%) within object of type ", line, cap))
		cast_close(s, " from base class subobject at offset ", cap[0]);
}

static void
bad_casts(struct compat_state *s, struct str line)
{
	static const char vptr[] =
	    "%*: runtime error: %{member access within%|member call "
	    "on%|downcast of%} address %(%H%) %* of type %(%*%)";
	static const char cfi[] =
	    "%*: runtime error: control flow integrity check for type "
	    "%(%*%) failed during %(%*%)";
	struct str cap[PAT_CAPTURES], a[PAT_CAPTURES];

	if (has(s, C_RUNTIME_ERROR) && s->c->type.len == 0 &&
	    pat_match(vptr, line, cap)) {
		cast_open(s, cap[1]);
		address(s, cap[0]);
	}
	if (has(s, C_NOTE) || has(s, C_OFFSET))
		cast_note(s, line);
	if (s->c->type.len > 0)
		return;
	if (has(s, C_RUNTIME_ERROR) && pat_match(cfi, line, cap)) {
		cast_open(s, cap[0]);
		if (pat_match("%*vtable address %(%H%)", cap[1], a))
			address(s, a[0]);
	}
	if (has(s, C_CFI) &&
	    str_starts(line,
		STR("CFI: Most likely a control flow integrity violation;"))) {
		set(s, "Bad-cast");
		s->frames = 0;
	}
}

static const struct {
	const char *pattern, *type;
} go_types[] = {
    {"integer divide by zero", "Integer divide by zero"},
    {"index out of range", "Index out of range"},
    {"invalid memory address", "Invalid memory address"},
    {"makeslice: len out of range", "Makeslice: len out of range"},
    {"slice bounds out of range", "Slice bounds out of range"},
};

static void
go_found(struct compat_state *s, const char *type)
{
	set(s, type);
	s->go_found = true;
	no_state(s);
}

static void
go_panics(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!s->golang)
		return;
	if (has(s, C_RUNTIME_ERROR) &&
	    pat_match("%i%{panic%|%* panic%}%{ in %*%|%}: runtime error: "
		      "%(%*%)",
		line, cap))
		for (size_t i = 0; i < N(go_types); i++) {
			size_t n = strlen(go_types[i].pattern);
			if (cap[0].n >= n &&
			    strncasecmp(cap[0].p, go_types[i].pattern, n) == 0)
				go_found(s, go_types[i].type);
		}
	if (has(s, C_FATAL_ERROR) &&
	    str_starts(line, STR("fatal error: stack overflow")))
		go_found(s, "Stack overflow");
}

static const struct {
	const char *pattern, *type;
} ubsan_types[] = {
    {"%*division by zero", "Divide-by-zero"},
    {"%*outside the range of representable values", "Float-cast-overflow"},
    {"%*implicit conversion from type", "Implicit-conversion"},
    {"%*call to function %v through pointer to incorrect function type",
	"Incorrect-function-pointer-type"},
    {"%*out of bounds for type", "Index-out-of-bounds"},
    {"%*not a valid value for type '%{bool%|BOOL%}'", "Invalid-bool-value"},
    {"%*, which is not a valid argument", "Invalid-builtin-use"},
    {"%*misaligned address", "Misaligned-address"},
    {"%*reached the end of a value-returning function", "No-return-value"},
    {"%*null pointer passed as %*, which is declared to never be null",
	"Invalid-null-argument"},
    {"%*load of null pointer", "Null-dereference READ"},
    {"%*binding to null pointer", "Null-dereference"},
    {"%*access within null pointer", "Null-dereference"},
    {"%*call on null pointer", "Null-dereference"},
    {"%*store to null pointer", "Null-dereference WRITE"},
    {"%*address %* with insufficient space for an object of type",
	"Object-size"},
    {"%*addition of unsigned offset ", "Pointer-overflow"},
    {"%*subtraction of unsigned offset ", "Pointer-overflow"},
    {"%*pointer index expression with base ", "Pointer-overflow"},
    {"%*applying non-zero offset %N to null pointer", "Pointer-overflow"},
    {"%*applying zero offset to null pointer", "Pointer-overflow"},
    {"%*null pointer returned from function declared to never return null",
	"Invalid-null-return"},
    {"%*shift", "Undefined-shift"},
    {"%*execution reached an unreachable program point", "Unreachable code"},
    {"%*unsigned integer overflow", "Unsigned-integer-overflow"},
    {"%*upcast of null pointer of type", "Upcast-of-null-pointer"},
    {"%*variable length array bound evaluates to non-positive value",
	"Non-positive-vla-bound-value"},
    {"%*not a valid value for type", "Invalid-enum-value"},
    {"%*integer overflow", "Integer-overflow"},
    {"%*negation of%*cannot be represented in type", "Integer-overflow"},
    {"%*division of%*cannot be represented in type", "Integer-overflow"},
    {"%*assumption is violated during execution", "Assumption-violation"},
};

static void
ubsan(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];
	const char *type = "UNKNOWN";

	if (!has(s, C_RUNTIME_ERROR) || s->c->type.len > 0 ||
	    !pat_match("%*: runtime error: %(%*%)", line, cap))
		return;
	for (size_t i = 0; i < N(ubsan_types); i++)
		if (pat_match(ubsan_types[i].pattern, cap[0], NULL)) {
			type = ubsan_types[i].type;
			break;
		}
	set(s, type);
	buf_reset(&s->c->address);
	no_state(s);
}

/* ---- steps k to n ---- */

static bool
is_assert_address(struct str a)
{
	static const unsigned long known[] = {
	    0xbbadbeef, 0xfbadbeef, 0x1f75b7dd, 0x977537dd, 0x9f7537dd};
	char text[32];
	unsigned long v;

	if (a.n >= sizeof(text))
		return false;
	memcpy(text, a.p, a.n);
	text[a.n] = '\0';
	v = strtoul(text, NULL, 16);
	for (size_t i = 0; i < N(known); i++)
		if (v == known[i])
			return true;
	return false;
}

static bool
scary_signal(struct str text)
{
	const char *at;

	while ((at = memmem(text.p, text.n, "SCARINESS: ", 11)) != NULL) {
		text = str_from(text, (size_t)(at - text.p));
		if (pat_match("SCARINESS: %N (signal)", text, NULL))
			return true;
		text = str_from(text, 1);
	}
	return false;
}

/* True: on to the next line. */
static bool
memory_fault(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!has(s, C_SANITIZER) || !has(s, C_UNKNOWN_ADDRESS) ||
	    !pat_match("%*S%lanitizer%*%{SEGV%|access-violation%} on unknown "
		       "address %(%H%)",
		line, cap))
		return false;
	if (contains(compat_str(&s->c->type), "ASSERT") &&
	    (is_assert_address(cap[0]) || scary_signal(s->text)))
		return true;
	set(s, "UNKNOWN");
	address(s, cap[0]);
	no_state(s);
	return true;
}

static bool
py_found(struct compat_state *s, const char *type)
{
	set(s, type);
	s->py_found = true;
	no_state(s);
	return false;
}

static bool
step_k(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (has(s, C_PARAM_OVERLAP) &&
	    pat_match("%*AddressSanitizer%*memcpy-param-overlap%^[^%([%*)%)",
		line, cap)) {
		reset(s);
		set(s, "Memcpy-param-overlap");
		address(s, cap[0]);
	}
	if (s->python && has(s, C_PYTHON) &&
	    pat_match("%s=== Uncaught Python exception: ===%$", line, NULL))
		py_found(s, "Uncaught exception");
	if (s->python && has(s, C_BUG) &&
	    str_starts(line, STR("===BUG DETECTED: PySecSan:")))
		py_found(s, "PySecSan");
	if (s->js && has(s, C_JAZZER) &&
	    pat_match("%s==%N== Uncaught Exception: Jazzer.js: ", line, NULL)) {
		py_found(s, "Uncaught exception");
		return true;
	}
	return memory_fault(s, line);
}

static bool
bad_free(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (has(s, C_FREE) &&
	    pat_match("%*AddressSanitizer: attempting free on address which "
		      "was not malloc()-ed: %(%H%)",
		line, cap)) {
		reset(s);
		set(s, "Invalid-free");
	} else if (has(s, C_DOUBLE_FREE) &&
		   pat_match("%*AddressSanitizer%*double-free on %{unknown "
			     "address %|address %|%}%(%H%)",
		       line, cap)) {
		reset(s);
		set(s, "Heap-double-free");
	} else
		return false;
	address(s, cap[0]);
	return true;
}

static bool
step_l(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (has(s, C_SANITIZER)) {
		if (bad_free(s, line))
			return true;
		if (has(s, C_FPE) &&
		    pat_match("%*S%lanitizer: FPE ", line, NULL)) {
			reset(s);
			set(s, "Floating-point-exception");
			return true;
		}
		if (has(s, C_ERROR) && !s->go_found && !s->py_found &&
		    !type_starts(s, "Kernel failure") &&
		    pat_match("%*ERROR: %aSanitizer%c%(%*%) on %{unknown "
			      "address %|address %|%}%(%H%)",
			line, cap)) {
			reset(s);
			set_norm(s, cap[0]);
			address(s, cap[1]);
		}
	}
	if (type_is(s, "Unknown-crash"))
		put(&s->c->type, STR("UNKNOWN"));
	return false;
}

static void
access_line(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (has(s, C_SIGNAL_CAUSED) && type_is(s, "UNKNOWN") &&
	    pat_match("%*The signal is caused by a %(%A%) memory access%.",
		line, cap) &&
	    !str_eq(cap[0], STR("UNKNOWN"))) {
		buf_addc(&s->c->type, ' ');
		buf_add(&s->c->type, cap[0].p, cap[0].n);
	}
	if (!has(s, C_OF_SIZE) || s->kasan ||
	    !pat_match("%s%{%(%v%)%|%(Atomic %v%)%} of size %(%v%) at %(%v%)",
		line, cap))
		return;
	address(s, cap[2]);
	if (type_starts(s, "UNKNOWN"))
		return;
	buf_addc(&s->c->type, '\n');
	for (size_t i = 0; i < cap[0].n; i++)
		buf_addc(
		    &s->c->type, (char)toupper((unsigned char)cap[0].p[i]));
	buf_addc(&s->c->type, ' ');
	buf_add(&s->c->type, cap[1].p, cap[1].n);
}

/* ---- steps o and p ---- */

static const struct {
	const char *begins, *type;
} extra[] = {
    {"===BUG DETECTED: Shell corruption===", "Command injection"},
    {"===BUG DETECTED: Shell injection===", "Command injection"},
    {"===BUG DETECTED: Arbitrary file open===", "Arbitrary file open"},
    {"===BUG DETECTED: Arbitrary domain name resolution===",
	"Arbitrary DNS resolution"},
    {"===BUG DETECTED: PySecSan:", "PySecSan"},
};

static bool
step_o(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	for (size_t i = 0; has(s, C_BUG) && i < N(extra); i++)
		if (str_starts(
			line, str_of(extra[i].begins, strlen(extra[i].begins))))
			set(s, extra[i].type);
	if (!has(s, C_SANITIZER_CHECK) ||
	    !pat_match(
		"%*Sanitizer CHECK failed:%s%{%v%|%}%s%(%*%)", line, cap))
		return false;
	set(s, "Sanitizer CHECK failure");
	buf_reset(&s->c->address);
	s->frames = 3;
	state_line(s, cap[0]);
	s->died = true;
	return true;
}

static void
limits(struct compat_state *s, struct str line)
{
	if (s->policy->report_ooms) {
		if ((has(s, C_LIBFUZZER) &&
			pat_match(
			    "%*ERROR:%slibFuzzer:%stimeout", line, NULL)) ||
		    (has(s, C_CENTIPEDE) &&
			(pat_match("========= Timeout of %N seconds exceeded; "
				   "exiting",
			     line, NULL) ||
			    pat_match("========= Per-input timeout exceeded:",
				line, NULL)))) {
			reset(s);
			set(s, "Timeout");
		}
		if (oom_line(s, line)) {
			reset(s);
			set(s, "Out-of-memory");
		}
	}
	if (has(s, C_CENTIPEDE) &&
	    pat_match("========= Stack limit exceeded: %N > %N (byte); "
		      "aborting%$",
		line, NULL))
		set(s, "Stack-overflow");
}

/* ---- step q ---- */

static void
check_failure(
    struct compat_state *s, const char *type, struct str m, struct str file)
{
	reset(s);
	s->frames = 1;
	set(s, type);
	m = compatend_clean(m);
	put(&s->c->state, m);
	buf_adds(&s->c->state, " in ");
	file = compatend_base(s, file);
	buf_add(&s->c->state, file.p, file.n);
	buf_addc(&s->c->state, '\n');
}

static void
q_sanitizers(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (pat_match("%*ERROR: %{HWAddressSanitizer%|AddressSanitizer%}%c%("
		      "%^(:;^%)",
		line, cap)) {
		reset(s);
		set_norm(s, cap[0]);
	}
	if (pat_match("%*ERROR: HWAddressSanitizer: "
		      "allocation-tail-overwritten; heap object [%(%H%),%*of "
		      "size",
		line, cap))
		address(s, cap[0]);
}

static void
q_checks(struct compat_state *s, struct str line)
{
	static const char chromium[] = "%s[%^]^:%{%(%^](^%)(%N)%|%(%^]:^%):%N%}"
				       "%*]%*%{Check failed:%|DCHECK "
				       "failed:%|NOTREACHED hit%.%}%s%(%^;^%)";
	struct str cap[PAT_CAPTURES];
	bool glog = line.n > 0 && *line.p == 'F';

	if (glog && pat_match(GLOG "%s%(%*%)", line, cap))
		check_failure(s, "Fatal error", cap[1], cap[0]);
	if ((has(s, C_CHECK) || has(s, C_NOT_REACHED)) &&
	    pat_match(chromium, line, cap))
		check_failure(s, "CHECK failure", cap[1], cap[0]);
	if (glog && pat_match(GLOG "%sCheck failed:%s%(%*%)", line, cap))
		check_failure(s, "CHECK failure", cap[1], cap[0]);
}

static void
q_fatal(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (pat_match("#%sFatal error%{ in %(%*%)%|%}%$", line, cap)) {
		struct str m = contains(line, "Fatal error in ")
				   ? compatframe_name(s, cap[0])
				   : STR("");
		reset(s);
		set(s, "Fatal error");
		s->fatal = true;
		put(&s->c->state, m);
	}
	if (s->golang && pat_match("fatal error: %(%*%)", line, cap)) {
		reset(s);
		set(s, "Fatal error");
		state_line(s, cap[0]);
	}
}

static void
q_libfuzzer(struct compat_state *s, struct str line)
{
	static const struct {
		const char *pattern, *type;
	} rows[] = {
	    {"%*ERROR:%slibFuzzer:%sdeadly signal", "Fatal-signal"},
	    {"%*ERROR:%slibFuzzer:%sfuzz target exited", "Unexpected-exit"},
	    {"%*ERROR:%slibFuzzer:%sfuzz target overwrites its const input",
		"Overwrites-const-input"},
	};

	for (size_t i = 0; i < N(rows); i++)
		if (pat_match(rows[i].pattern, line, NULL)) {
			reset(s);
			set(s, rows[i].type);
		}
}

static void
q_library(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (pat_match(
		"%*error while loading shared libraries: %(%^:^%): cannot "
		"open shared object file",
		line, cap) ||
	    pat_match("%*: library '%(%*%)' not found", line, cap) ||
	    pat_match("%*: library \"%(%*%)\" not found", line, cap) ||
	    pat_match(
		"%*: cannot locate symbol '%(%*%)' referenced by", line, cap) ||
	    pat_match("%*: cannot locate symbol \"%(%*%)\" referenced by", line,
		cap)) {
		reset(s);
		set(s, "Missing-library");
		put(&s->c->state, cap[0]);
	}
}

static void
step_q(struct compat_state *s, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (has(s, C_SANITIZER) && has(s, C_ERROR))
		q_sanitizers(s, line);
	if (has(s, C_JAVA) && str_starts(line, STR("== Java Exception: "))) {
		set(s, contains(line, "FuzzerSecurityIssue")
			   ? "Security exception"
			   : "Uncaught exception");
		s->java = true;
	}
	q_checks(s, line);
	if (has(s, C_FATAL_ERROR))
		q_fatal(s, line);
	if (has(s, C_SIGNAL_11) &&
	    pat_match("Received signal 11 %{SEGV_%A%|<unknown>%} %(%H%)", line,
		cap)) {
		reset(s);
		set(s, "UNKNOWN");
		put(&s->c->address, STR("0x"));
		buf_add(&s->c->address, cap[0].p, cap[0].n);
	}
	if (has(s, C_LIBFUZZER))
		q_libfuzzer(s, line);
	if (has(s, C_SHARED) || has(s, C_LIBRARY) || has(s, C_SYMBOL))
		q_library(s, line);
}

static bool
stop_word(struct compat_state *s, struct str line)
{
	static const char *const stops[] = {"Direct leak of",
	    "Uninitialized value was stored to memory at",
	    "allocated by thread", "created by main thread at",
	    "located in stack of thread", "previously allocated by"};

	if (s->c->state.len == 0)
		return false;
	for (size_t i = 0; i < N(stops); i++)
		if (has(s, (enum compat_word)(C_STOP_LEAK + i)) &&
		    contains(line, stops[i])) {
			s->frames = 3;
			return true;
		}
	return false;
}

/* ---- the pass ---- */

/* A step may want it: one of its words, or how patterns without a word begin. */
static bool
telling(const struct compat_state *s, struct str line)
{
	return words_both(&s->has, &s->mine) ||
	       (line.n > 0 && (*line.p == '0' || *line.p == 'F'));
}

/* Steps c to s; true: no frame either. */
static bool
steps(struct compat_state *s, struct str line)
{
	if (signal_after_better(s, line))
		return true;
	assertions(s, line);
	debugger(s, line);
	msan_tsan(s, line);
	leaks(s, line);
	bad_casts(s, line);
	go_panics(s, line);
	ubsan(s, line);
	if (step_k(s, line) || step_l(s, line))
		return true;
	access_line(s, line);
	if (step_o(s, line))
		return true;
	limits(s, line);
	if (s->c->type.len == 0)
		step_q(s, line);
	return stop_word(s, line);
}

static void
one_line(struct compat_state *s, struct str line)
{
	if (s->empty || meaningless(s, line))
		return;
	if (telling(s, line)) {
		if (!s->policy->report_ooms && oom_line(s, line)) {
			s->empty = true;
			return;
		}
		if (steps(s, line))
			return;
	}
	if (s->c->type.len > 0)
		compatframe_line(s, line);
}

/* Two processes wrote without a newline between: the second begins a line. */
static void
maybe_split(struct compat_state *s, struct str line)
{
	static const char *const heads[] = {
	    "Address", "Leak", "Memory", "UndefinedBehavior", "Thread"};
	struct words_set all = s->has;
	struct str rest;

	if (has(s, C_DEADLY) && str_ends(line, STR("Sanitizer:DEADLYSIGNAL")))
		for (size_t i = 0; i < N(heads); i++) {
			size_t n = strlen(heads[i]) + 22;
			if (line.n <= n)
				continue;
			rest = str_from(line, line.n - n);
			if (!is_deadly(rest))
				continue;
			line.n -= n;
			one_line(s, line);
			s->has = all;
			line = rest;
			break;
		}
	one_line(s, line);
}

static bool
python_title(struct str line)
{
	return pat_match(
		   "%s=== Uncaught Python exception: ===%$", line, NULL) ||
	       str_starts(line, STR("===BUG DETECTED: PySecSan:"));
}

/* The outermost frame is printed first: the lines behind the title are read
 * backwards, at the end. */
static void
python_line(struct compat_state *s, struct str line)
{
	if (s->ended || (!s->titled && !python_title(line)))
		return;
	if (s->titled &&
	    (contains(line, "=========") || contains(line, "== ERROR: "))) {
		s->ended = true;
		return;
	}
	s->titled = true;
	if (line.n == 0 || s->nlines == COMPAT_LINES)
		return;
	if (s->lines == NULL)
		s->lines = mem_array(COMPAT_LINES, sizeof(*s->lines));
	s->lines[s->nlines++] = line;
}

static void
python_lines(struct compat_state *s)
{
	struct lines_line line;
	struct str text;

	for (size_t i = 0; i < s->nlines; i++) {
		text = s->lines[i == 0 ? 0 : s->nlines - i];
		lines_next(NULL, &text, &line);
		s->has = line.has;
		s->known = NULL;
		maybe_split(s, line.s);
	}
}

static struct compat_state *
new_state(void)
{
	struct compat_state *s = mem_alloc(sizeof(*s));

	s->stack = mem_array(COMPAT_STACK, sizeof(*s->stack));
	for (unsigned i = 0; i < COMPAT_WORDS; i++)
		words_put(&s->mine, READER_WORDS + i);
	return s;
}

void
compat_begin(struct compat *c, struct str text, unsigned flags,
    const struct rules *rules, const struct verdict_policy *policy)
{
	struct compat_state *s = c->inner;

	if (s == NULL)
		s = c->inner = new_state();
	*s = (struct compat_state){.c = c,
	    .rules = rules,
	    .policy = policy,
	    .arena = s->arena,
	    .stack = s->stack,
	    .lines = s->lines,
	    .ignore = s->ignore,
	    .mine = s->mine,
	    .text = text,
	    .golang = flags & LINES_GO,
	    .python = flags & LINES_PYTHON,
	    .js = flags & LINES_JS,
	    .kasan = flags & LINES_KASAN};
	arena_reset(&s->arena);
	buf_reset(&c->type);
	buf_reset(&c->address);
	buf_reset(&c->state);
}

/* What the security flag is decided by, whichever step takes the line. */
static void
note(struct compat_state *s, struct str line)
{
	static const struct str says = {"Sanitizer: ", 11},
				words[] = {{"ABRT", 4}, {"BUS", 3}, {"FPE", 3},
				    {"ILL", 3}, {"breakpoint", 10}};
	const char *at;

	for (size_t i = 0; i < WORDS_MAX / 64; i++)
		s->seen.bits[i] |= s->has.bits[i];
	if (!has(s, C_SANITIZER_SAYS))
		return;
	while ((at = memmem(line.p, line.n, says.p, says.n)) != NULL) {
		line = str_from(line, (size_t)(at - line.p) + says.n);
		for (size_t i = 0; i < N(words); i++)
			s->signal |= str_starts(line, words[i]);
	}
}

void
compat_line(struct compat *c, const struct lines_line *line)
{
	struct compat_state *s = c->inner;
	struct str text = line->s;

	if (str_starts(text, STR("CRASH LOG: ")))
		text = str_from(text, 11);
	s->has = line->has;
	/* It may be split at that word. */
	s->known = has(s, C_DEADLY) ? NULL : line->frame;
	if (!words_none(&s->has))
		note(s, text);
	if (s->python)
		python_line(s, text);
	else
		maybe_split(s, text);
}

void
compat_end(struct compat *c)
{
	if (c->inner->python)
		python_lines(c->inner);
	compatend_finish(c->inner);
}

void
compat_release(struct compat *c)
{
	if (c->inner != NULL) {
		arena_release(&c->inner->arena);
		compatframe_release(c->inner);
		free(c->inner->stack);
		free(c->inner->lines);
		free(c->inner);
	}
	buf_release(&c->type);
	buf_release(&c->address);
	buf_release(&c->state);
}
