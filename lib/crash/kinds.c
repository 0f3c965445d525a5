#include "crash/kinds.h"

#include <signal.h>

#include "crash/pat.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct kinds_kind kinds[] = {
    {"heap-buffer-overflow", "memory", 0},
    {"stack-buffer-overflow", "memory", 0},
    {"stack-buffer-underflow", "memory", 0},
    {"dynamic-stack-buffer-overflow", "memory", 0},
    {"global-buffer-overflow", "memory", 0},
    {"heap-use-after-free", "memory", 0},
    {"stack-use-after-return", "memory", 0},
    {"stack-use-after-scope", "memory", 0},
    {"container-overflow", "memory", 0},
    {"use-after-poison", "memory", 0},
    {"intra-object-overflow", "memory", 0},
    {"double-free", "memory", 0},
    {"bad-free", "memory", 0},
    {"alloc-dealloc-mismatch", "memory", 0},
    {"new-delete-type-mismatch", "memory", 0},
    {"negative-size-param", "memory", 0},
    {"calloc-overflow", "memory", 0},
    {"reallocarray-overflow", "memory", 0},
    {"pvalloc-overflow", "memory", 0},
    {"invalid-alignment", "memory", 0},
    {"invalid-pointer-pair", "memory", 0},
    {"odr-violation", "other", 0},
    {"initialization-order-fiasco", "memory", 0},
    {"bad-malloc_usable_size", "memory", 0},
    {"unknown-crash", "memory", 0},
    {"memcpy-param-overlap", "memory", 0},
    {"null-dereference", "memory", 0},
    {"segv", "memory", 0},
    {"segv-exec", "memory", 0},
    {"bus", "memory", 0},
    {"ill", "other", KINDS_END},
    {"trap", "other", KINDS_END},
    {"fpe", "other", 0},
    {"sys", "other", 0},
    {"abort", "abort", KINDS_END},
    {"assert", "abort", KINDS_MESSAGE},
    {"check-failure", "abort", KINDS_MESSAGE},
    {"glibc-malloc-abort", "memory", 0},
    {"stack-smashing", "memory", 0},
    {"fortify", "memory", 0},
    {"uncaught-exception", "abort", KINDS_TYPE},
    {"pure-virtual-call", "abort", 0},
    {"stack-overflow", "stack", 0},
    {"use-of-uninitialized-value", "uninit", 0},
    {"data-race", "race", 0},
    {"lock-order-inversion", "race", 0},
    {"thread-leak", "race", 0},
    {"destroy-locked-mutex", "race", 0},
    {"unlock-of-unlocked-mutex", "race", 0},
    {"mutex-misuse", "race", 0},
    {"signal-unsafe-call", "race", 0},
    {"direct-leak", "leak", 0},
    {"indirect-leak", "leak", 0},
    {"integer-overflow", "ub", 0},
    {"unsigned-integer-overflow", "ub", 0},
    {"divide-by-zero", "ub", 0},
    {"undefined-shift", "ub", 0},
    {"index-out-of-bounds", "ub", 0},
    {"misaligned-address", "ub", 0},
    {"invalid-bool-value", "ub", 0},
    {"invalid-enum-value", "ub", 0},
    {"unreachable", "ub", 0},
    {"missing-return", "ub", 0},
    {"vla-bound", "ub", 0},
    {"float-cast-overflow", "ub", 0},
    {"implicit-conversion", "ub", 0},
    {"pointer-overflow", "ub", 0},
    {"invalid-null-argument", "ub", 0},
    {"invalid-null-return", "ub", 0},
    {"invalid-builtin-use", "ub", 0},
    {"object-size", "ub", 0},
    {"function-type-mismatch", "ub", 0},
    {"upcast-of-null", "ub", 0},
    {"assumption", "ub", 0},
    {"undefined-behavior", "ub", 0},
    {"bad-cast", "memory", 0},
    {"cfi", "memory", 0},
    {"oom", "oom", KINDS_TARGET},
    {"timeout", "timeout", KINDS_TARGET},
    {"slow-unit", "other", KINDS_QUIET | KINDS_TARGET},
    {"unexpected-exit", "other", KINDS_END},
    {"overwrites-const-input", "other", KINDS_TARGET},
    {"go-panic", "abort", KINDS_MESSAGE},
    {"rust-panic", "abort", KINDS_MESSAGE},
    {"python-exception", "abort", KINDS_TYPE},
    {"java-exception", "abort", KINDS_TYPE},
    {"js-exception", "abort", KINDS_TYPE},
    {"swift-fatal-error", "abort", KINDS_MESSAGE},
    {"lua-error", "abort", KINDS_MESSAGE},
    {"csharp-exception", "abort", KINDS_TYPE},
    {"command-injection", "other", 0},
    {"arbitrary-file-open", "other", 0},
    {"dns-resolution", "other", 0},
    {"missing-library", "other", KINDS_MESSAGE},
    {"hwasan-tag-mismatch", "memory", 0},
    {"allocation-tail-overwritten", "memory", 0},
    {"sanitizer-check", "other", KINDS_MESSAGE},
};

/* What sanitizers say, where it is not the kind's own name.  The first that
 * fits; longer ones stand before what they begin with. */
static const struct alias {
	const char *says, *kind;
} aliases[] = {
    {"SEGV", "segv"},
    {"BUS", "bus"},
    {"ILL", "ill"},
    {"TRAP", "trap"},
    {"FPE", "fpe"},
    {"ABRT", "abort"},
    {"deadly signal", "abort"},
    {"access-violation", "segv"},
    {"attempting double-free", "double-free"},
    {"attempting free on address which was not malloc()-ed", "bad-free"},
    {"attempting free", "bad-free"},
    {"attempting to call malloc_usable_size()", "bad-malloc_usable_size"},
    {"heap-double-free", "double-free"},
    {"invalid-free", "bad-free"},
    {"wild-free", "bad-free"},
    {"use-after-return", "stack-use-after-return"},
    {"calloc parameters overflow", "calloc-overflow"},
    {"reallocarray parameters overflow", "reallocarray-overflow"},
    {"pvalloc parameters overflow", "pvalloc-overflow"},
    {"invalid alignment requested", "invalid-alignment"},
    {"invalid-allocation-alignment", "invalid-alignment"},
    {"invalid allocation alignment", "invalid-alignment"},
    {"invalid-aligned-alloc-alignment", "invalid-alignment"},
    {"invalid aligned_alloc", "invalid-alignment"},
    {"invalid-posix-memalign-alignment", "invalid-alignment"},
    {"invalid posix_memalign", "invalid-alignment"},
    {"tag-mismatch", "hwasan-tag-mismatch"},
    {"requested allocation size", "oom"},
    {"allocation-size-too-big", "oom"},
    {"allocator is out of memory", "oom"},
    {"out of memory", "oom"},
    {"out-of-memory", "oom"},
    {"hard rss limit exhausted", "oom"},
    {"soft rss limit exhausted", "oom"},
    {"rss-limit-exceeded", "oom"},
    {"failed to allocate", "oom"},
    {"timeout", "timeout"},
    {"fuzz target exited", "unexpected-exit"},
    {"fuzz target overwrites its const input", "overwrites-const-input"},
    {"overwrites-const-input", "overwrites-const-input"},
    {"data race", "data-race"},
    {"race on", "data-race"},
    {"heap-use-after-free", "heap-use-after-free"},
    {"lock-order-inversion", "lock-order-inversion"},
    {"thread leak", "thread-leak"},
    {"destroy of a locked mutex", "destroy-locked-mutex"},
    {"unlock of an unlocked mutex", "unlock-of-unlocked-mutex"},
    {"unlock of unlocked mutex", "unlock-of-unlocked-mutex"},
    {"double lock of a mutex", "mutex-misuse"},
    {"use of an invalid mutex", "mutex-misuse"},
    {"read lock of a write locked mutex", "mutex-misuse"},
    {"read unlock of a write locked mutex", "mutex-misuse"},
    {"signal-unsafe call", "signal-unsafe-call"},
    {"signal handler spoils errno", "signal-unsafe-call"},
    {"use-of-uninitialized-value", "use-of-uninitialized-value"},
};

/* In this order: special before general. */
static const struct alias ubsan[] = {
    {"%*division by zero", "divide-by-zero"},
    {"%*outside the range of representable values", "float-cast-overflow"},
    {"%*implicit conversion from type", "implicit-conversion"},
    {"%*through pointer to incorrect function type", "function-type-mismatch"},
    {"%*control flow integrity check", "cfi"},
    {"%*out of bounds for type", "index-out-of-bounds"},
    {"%*not a valid value for type '%{bool%|BOOL%|_Bool%}'",
	"invalid-bool-value"},
    {"%*, which is not a valid argument", "invalid-builtin-use"},
    {"%*misaligned address", "misaligned-address"},
    {"%*which requires %N byte alignment", "misaligned-address"},
    {"%*assumption of %N byte alignment", "misaligned-address"},
    {"%*reached the end of a value-returning function", "missing-return"},
    {"%*null pointer passed as %*, which is declared to never be null",
	"invalid-null-argument"},
    {"%{member access within%|member call on%|downcast of%} address "
     "%*which does not point to an object of type",
	"bad-cast"},
    {"%*load of null pointer", "null-dereference"},
    {"%*store to null pointer", "null-dereference"},
    {"%*binding to null pointer", "null-dereference"},
    {"%*access within null pointer", "null-dereference"},
    {"%*call on null pointer", "null-dereference"},
    {"%*with insufficient space for an object of type", "object-size"},
    {"%*unsigned offset ", "pointer-overflow"},
    {"%*pointer index expression with base ", "pointer-overflow"},
    {"%*applying %{non-zero%|zero%} offset ", "pointer-overflow"},
    {"%*null pointer returned from function", "invalid-null-return"},
    {"%*shift", "undefined-shift"},
    {"%*unreachable program point", "unreachable"},
    {"%*unsigned integer overflow", "unsigned-integer-overflow"},
    {"%*upcast of null pointer", "upcast-of-null"},
    {"%*cast %*of null pointer of type", "upcast-of-null"},
    {"%*variable length array bound", "vla-bound"},
    {"%*not a valid value for type", "invalid-enum-value"},
    {"%*integer overflow", "integer-overflow"},
    {"%*cannot be represented in type", "integer-overflow"},
    {"%*assumption is violated", "assumption"},
};

static const struct alias minimal[] = {
    {"type-mismatch", "null-dereference"},
    {"alignment-assumption", "misaligned-address"},
    {"add-overflow", "integer-overflow"},
    {"sub-overflow", "integer-overflow"},
    {"mul-overflow", "integer-overflow"},
    {"negate-overflow", "integer-overflow"},
    {"divrem-overflow", "divide-by-zero"},
    {"shift-out-of-bounds", "undefined-shift"},
    {"local-out-of-bounds", "index-out-of-bounds"},
    {"out-of-bounds", "index-out-of-bounds"},
    {"builtin-unreachable", "unreachable"},
    {"missing-return", "missing-return"},
    {"vla-bound-not-positive", "vla-bound"},
    {"float-cast-overflow", "float-cast-overflow"},
    {"load-invalid-value", "invalid-enum-value"},
    {"invalid-builtin", "invalid-builtin-use"},
    {"function-type-mismatch", "function-type-mismatch"},
    {"implicit-conversion", "implicit-conversion"},
    {"nonnull-arg", "invalid-null-argument"},
    {"nonnull-return", "invalid-null-return"},
    {"nullability-arg", "invalid-null-argument"},
    {"nullability-return", "invalid-null-return"},
    {"pointer-overflow", "pointer-overflow"},
    {"cfi-check-fail", "cfi"},
};

static const struct {
	int signo;
	const char *kind;
} signals[] = {
    {SIGSEGV, "segv"},
    {SIGBUS, "bus"},
    {SIGILL, "ill"},
    {SIGTRAP, "trap"},
    {SIGFPE, "fpe"},
    {SIGSYS, "sys"},
    {SIGABRT, "abort"},
};

static const struct kinds_kind *
find(struct str name)
{
	for (size_t i = 0; i < N(kinds); i++)
		if (name.n > 0 && kinds[i].name[0] == *name.p &&
		    str_eq(name, str_of(kinds[i].name, strlen(kinds[i].name))))
			return &kinds[i];
	return NULL;
}

const struct kinds_kind *
kinds_find(const char *name)
{
	return find(str_of(name, strlen(name)));
}

const struct kinds_kind *
kinds_of_sanitizer(struct str word)
{
	size_t n = 0;

	for (size_t i = 0; i < N(aliases); i++)
		if (word.n > 0 && aliases[i].says[0] == *word.p &&
		    str_starts(
			word, str_of(aliases[i].says, strlen(aliases[i].says))))
			return kinds_find(aliases[i].kind);
	while (n < word.n && memchr(" :;(\t", word.p[n], 5) == NULL)
		n++;
	word.n = n;
	if (str_ends(word, STR("-param-overlap")))
		return kinds_find("memcpy-param-overlap");
	return find(word);
}

const struct kinds_kind *
kinds_of_ubsan(struct str reason)
{
	for (size_t i = 0; i < N(ubsan); i++)
		if (pat_match(ubsan[i].says, reason, NULL))
			return kinds_find(ubsan[i].kind);
	return kinds_find("undefined-behavior");
}

const struct kinds_kind *
kinds_of_minimal(struct str word)
{
	for (size_t i = 0; i < N(minimal); i++)
		if (str_starts(
			word, str_of(minimal[i].says, strlen(minimal[i].says))))
			return kinds_find(minimal[i].kind);
	return NULL;
}

const struct kinds_kind *
kinds_of_signal(int signo)
{
	for (size_t i = 0; i < N(signals); i++)
		if (signals[i].signo == signo)
			return kinds_find(signals[i].kind);
	return kinds_find("abort");
}

static const struct {
	const char *name;
	int signo;
} signal_names[] = {
    {"SIGSEGV", SIGSEGV},
    {"SIGBUS", SIGBUS},
    {"SIGILL", SIGILL},
    {"SIGTRAP", SIGTRAP},
    {"SIGFPE", SIGFPE},
    {"SIGSYS", SIGSYS},
    {"SIGABRT", SIGABRT},
    {"EXC_BAD_ACCESS", SIGSEGV}, /* lldb on macOS */
    {"EXC_BAD_INSTRUCTION", SIGILL},
    {"EXC_BREAKPOINT", SIGTRAP},
    {"EXC_ARITHMETIC", SIGFPE},
};

int
kinds_signal(struct str name)
{
	for (size_t i = 0; i < N(signal_names); i++)
		if (str_eq(name, str_of(signal_names[i].name,
				     strlen(signal_names[i].name))))
			return signal_names[i].signo;
	return 0;
}
