/* Debuggers: gdb, lldb, valgrind. */
#include "crash/reader.h"

#include <signal.h>

#include "crash/kinds.h"
#include "crash/pat.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static bool
open_signal(struct reader *r, struct str name, const char *tool)
{
	int signo = kinds_signal(name);

	if (signo == 0)
		return false;
	reader_open(r, kinds_of_signal(signo)->name, tool, true);
	r->now->signal = signo;
	return true;
}

/* Program received signal SIGSEGV, Segmentation fault.
 * Thread 2 "x" received signal SIGSEGV, Segmentation fault. */
static bool
received(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	struct str number = STR("1");

	if (pat_match("Thread %(%N%) %*received signal %(%w%)", line, cap)) {
		number = cap[0];
		cap[0] = cap[1];
	} else if (!pat_match("Program received signal %(%w%)", line, cap))
		return false;
	if (!open_signal(r, cap[0], "gdb"))
		return false;
	r->stopped = reader_keep(r, number);
	return true;
}

/* Program terminated with signal SIGSEGV, Segmentation fault. */
static bool
terminated(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("Program terminated with signal %(%w%)", line, cap) ||
	    !open_signal(r, cap[0], "gdb"))
		return false;
	r->stopped = STR("1");
	return true;
}

/* [Current thread is 1 (Thread 0x7f (LWP 12))] */
static bool
current(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("[Current thread is %(%N%) (", line, cap))
		return false;
	r->stopped = reader_keep(r, cap[0]);
	return true;
}

/* Thread 2 (Thread 0x7f (LWP 12) "x"):   Of all threads' stacks one is that of
 * the stop. */
static bool
gdb_thread(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (current(r, line))
		return true;
	if (r->now == NULL || strcmp(r->now->tool, "gdb") != 0 ||
	    !pat_match("Thread %(%N%) (%*):%s%$", line, cap))
		return false;
	if (str_eq(cap[0], r->stopped) && reader_restack(r))
		return true;
	reader_heading(r, REPORT_THREAD, cap[0]);
	return true;
}

/* * thread #1, name = 'x', stop reason = signal SIGSEGV: ... */
static bool
stop_reason(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("%*stop reason = %{signal %|%}%(%w%)", line, cap))
		return false;
	/* lldb says it once at the stop, with one frame, and again in bt. */
	if (r->now != NULL && r->now->signal == kinds_signal(cap[0]) &&
	    strcmp(r->now->tool, "gdb") == 0 && reader_restack(r))
		return true;
	if (!open_signal(r, cap[0], "gdb"))
		return false;
	r->now->has_address =
	    pat_match("%*address%{: %|=%}%(0x%H%)", line, cap) &&
	    frame_hex(&cap[0], false, &r->now->address);
	return true;
}

/* gdb: "rip            0x5555 ..."; lldb: "     rip = 0x5555" */
static bool
debug_register(struct reader *r, struct str line)
{
	struct report *p = r->now;
	struct str cap[PAT_CAPTURES];
	uint64_t v;

	if (p == NULL || strcmp(p->tool, "gdb") != 0 ||
	    !pat_match("%sr%(%{i%|s%|b%}%)p %{= %|%s%}%(0x%H%)", line, cap) ||
	    !frame_hex(&cap[1], false, &v))
		return false;
	switch (cap[0].p[0]) {
	case 'i':
		p->pc = p->has_pc ? p->pc : v;
		p->has_pc = true;
		break;
	case 's':
		p->sp = p->has_sp ? p->sp : v;
		p->has_sp = true;
		break;
	default:
		p->bp = p->has_bp ? p->bp : v;
		p->has_bp = true;
	}
	return true;
}

/* => 0x5555 <f+8>:	movl $0x1,(%rax)   The registers stand above it. */
static bool
arrow(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (r->now == NULL || !pat_match("=> %(0x%H%)", line, cap))
		return false;
	r->now->has_pc = frame_hex(&cap[0], false, &r->now->pc);
	if (pat_match("%*:%sCannot access memory at ", line, NULL)) {
		r->now->has_address = true;
		r->now->address = r->now->pc;
	} else
		r->now->insn = reader_keep(r, line);
	return true;
}

static void
valgrind_open(struct reader *r, const char *kind)
{
	reader_open(r, kind, "valgrind", false);
}

static const struct {
	const char *pattern, *kind;
} vg_heads[] = {
    {"Invalid free()", "bad-free"},
    {"Mismatched free()", "alloc-dealloc-mismatch"},
    {"Mismatched %{new%|delete%|new/delete%} ", "new-delete-type-mismatch"},
    {"Conditional jump or move depends on%*uninitialised",
	"use-of-uninitialized-value"},
    {"Use of%*uninitialised", "use-of-uninitialized-value"},
    {"Syscall param %*uninitialised", "use-of-uninitialized-value"},
    {"Syscall param %*unaddressable", "segv"},
    {"Source and destination overlap", "memcpy-param-overlap"},
    {"Argument '%*' of function %* has a fishy ", "negative-size-param"},
    {"Jump to the invalid address", "segv-exec"},
    {"Thread #%N: lock order \"%*\" violated", "lock-order-inversion"},
    {"Thread #%N unlocked ", "unlock-of-unlocked-mutex"},
    {"Thread #%N: %* of a locked mutex", "destroy-locked-mutex"},
    {"Thread #%N: %*%{invalid%|destroyed%|still holds%}", "mutex-misuse"},
    {"Thread #%N: Attempt to re-lock", "mutex-misuse"},
    {"Thread #%N's call to pthread_%{mutex%|rwlock%|spin%}%* failed",
	"mutex-misuse"},
    {"Mutex not locked:", "unlock-of-unlocked-mutex"},
    {"Mutex not locked by calling thread:", "unlock-of-unlocked-mutex"},
    {"Destroying locked mutex:", "destroy-locked-mutex"},
    {"Recursive locking not allowed:", "mutex-misuse"},
    {"The object at address 0x%H is not a mutex", "mutex-misuse"},
};

/* Invalid read of size 1
 * Possible data race during read of size 4 at 0x10C0C0 by thread #1
 * Conflicting load by thread 1 at 0x0010c0c0 size 4 */
static bool
vg_access(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	struct report *p;

	if (pat_match("Invalid %(%{read%|write%}%) of size %(%N%)", line, cap))
		valgrind_open(r, "segv");
	else if (pat_match("Possible data race during %(%{read%|write%}%) of "
			   "size %(%N%) at %(0x%H%) by thread #%(%N%)",
		     line, cap))
		valgrind_open(r, "data-race");
	else if (pat_match("Conflicting %(%{load%|store%}%) by thread %(%N%) "
			   "at %(0x%H%) size %(%N%)",
		     line, cap)) {
		struct str thread = cap[1];
		valgrind_open(r, "data-race");
		cap[1] = cap[3];
		cap[3] = thread;
	} else
		return false;
	p = r->now;
	p->access = cap[0].p[0] == 'r' || cap[0].p[0] == 'l' ? REPORT_READ
							     : REPORT_WRITE;
	frame_number(&cap[1], &p->size);
	if (strcmp(p->kind->class, "race") != 0)
		return true;
	p->has_address = frame_hex(&cap[2], false, &p->address);
	p->thread = reader_keep(r, cap[3]);
	return true;
}

/* Lines of helgrind and drd that say whose the next stack is. */
static bool
vg_heading(struct reader *r, struct str line)
{
	static const struct {
		const char *pattern;
		enum report_role role;
	} headings[] = {
	    {"This conflicts with a previous %{read%|write%} ",
		REPORT_OTHER_ACCESS},
	    {"Other segment start ", REPORT_OTHER_ACCESS},
	    {"%sfollowed by a later acquisition ", REPORT_MUTEX},
	    {"Required order was established by ", REPORT_MUTEX},
	    {"%sLock at 0x%H was first observed", REPORT_MUTEX},
	    {"mutex 0x%H was first observed at", REPORT_MUTEX},
	    {"Thread #%N was created", REPORT_THREAD},
	    {"%sUninitialised value was created by", REPORT_ORIGIN},
	};

	for (size_t i = 0; i < N(headings); i++)
		if (pat_match(headings[i].pattern, line, NULL)) {
			reader_heading(r, headings[i].role, STR(""));
			return true;
		}
	return false;
}

static bool
vg_line(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES], text;

	if (!pat_match("==%N== %(%*%)", line, cap))
		return false;
	text = cap[0];
	for (size_t i = 0; i < N(vg_heads); i++)
		if (pat_match(vg_heads[i].pattern, text, NULL)) {
			valgrind_open(r, vg_heads[i].kind);
			return true;
		}
	if (vg_access(r, text))
		return true;
	if (r->now == NULL || strcmp(r->now->tool, "valgrind") != 0)
		return false;
	if (r->now->signal == SIGSEGV &&
	    pat_match("Stack overflow in thread #%N:", text, NULL)) {
		r->now->kind = kinds_find("stack-overflow");
		return true;
	}
	return vg_heading(r, text);
}

static bool
vg_lost(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("==%N== %*bytes in %*are %(%{definitely%|indirectly%}%) "
		       "lost in loss record",
		line, cap))
		return false;
	valgrind_open(r, cap[0].p[0] == 'd' ? "direct-leak" : "indirect-leak");
	return true;
}

/* What valgrind says of the address decides what an invalid access is. */
static bool
vg_address(struct reader *r, struct str line)
{
	struct report *p = r->now;
	struct str cap[PAT_CAPTURES], about;
	bool inside, freed;

	if (p == NULL ||
	    !pat_match("==%N==%sAddress %(0x%H%) is %(%*%)", line, cap))
		return false;
	if (strcmp(p->kind->class, "race") == 0)
		return true; /* what the memory or the lock belongs to */
	p->has_address = frame_hex(&cap[0], false, &p->address);
	about = cap[1];
	inside = pat_match("%N bytes inside a block of size", about, NULL);
	freed = str_ends(about, STR("free'd"));
	if (strcmp(p->kind->name, "bad-free") == 0) {
		if (freed)
			p->kind = kinds_find("double-free");
	} else if (strcmp(p->kind->name, "segv") != 0)
		; /* it is known already */
	else if (freed && inside)
		p->kind = kinds_find("heap-use-after-free");
	else if (pat_match("%N bytes %{after%|before%} a block", about, NULL) ||
		 inside)
		p->kind = kinds_find("heap-buffer-overflow");
	else if (memmem(about.p, about.n, "on thread", 9) != NULL &&
		 memmem(about.p, about.n, "stack", 5) != NULL)
		p->kind = kinds_find("stack-buffer-overflow");
	reader_heading(r, freed ? REPORT_FREE : REPORT_ALLOC, STR(""));
	return true;
}

static bool
vg_block(struct reader *r, struct str line)
{
	if (r->now == NULL ||
	    !pat_match("==%N==%sBlock was alloc'd", line, NULL))
		return false;
	reader_heading(r, REPORT_ALLOC, STR(""));
	return true;
}

/* The end of it; the invalid access just before tells its direction. */
static bool
vg_terminating(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	enum report_access access;

	if (!pat_match("==%N== Process terminating with default action of "
		       "signal %N (%(%w%)",
		line, cap))
		return false;
	access = r->now != NULL ? r->now->access : REPORT_UNKNOWN;
	if (!open_signal(r, cap[0], "valgrind"))
		return false;
	if (r->now->signal == SIGSEGV || r->now->signal == SIGBUS)
		r->now->access = access;
	return true;
}

static bool
vg_mapped(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (r->now == NULL ||
	    !pat_match("==%N==%s%{Access not within mapped region%|Bad "
		       "permissions for mapped region%|General Protection "
		       "Fault%|Non-existent physical address%}%*at address "
		       "%(0x%H%)",
		line, cap))
		return false;
	r->now->has_address = frame_hex(&cap[0], false, &r->now->address);
	return true;
}

/* ==1==    at 0x1: f (x.c:3) */
static bool
vg_frame(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	struct frame f;

	if (!pat_match("==%N==%S%(%{at%|by%} 0x%*%)", line, cap) ||
	    !frame_valgrind(cap[0], &f))
		return false;
	reader_frame(r, &f);
	return true;
}

bool
readdbg_line(struct reader *r, struct str line, const struct words_set *has)
{
	static const struct reader_rule rules[] = {
	    {W_RECEIVED_SIGNAL, received},
	    {W_PROGRAM_TERMINATED, terminated},
	    {W_STOP_REASON, stop_reason},
	    {W_ARROW, arrow},
	    {W_VALGRIND_LOST, vg_lost},
	    {W_VALGRIND_ADDRESS, vg_address},
	    {W_VALGRIND_BLOCK, vg_block},
	    {W_VALGRIND_TERM, vg_terminating},
	    {W_VALGRIND_MAPPED, vg_mapped},
	    {W_VALGRIND_AT, vg_frame},
	    {W_VALGRIND_BY, vg_frame},
	    {W_VALGRIND_0, vg_line},
	    {W_VALGRIND_1, vg_line},
	    {W_VALGRIND_2, vg_line},
	    {W_VALGRIND_3, vg_line},
	    {W_VALGRIND_4, vg_line},
	    {W_VALGRIND_5, vg_line},
	    {W_VALGRIND_6, vg_line},
	    {W_VALGRIND_7, vg_line},
	    {W_VALGRIND_8, vg_line},
	    {W_VALGRIND_9, vg_line},
	    {W_LWP, gdb_thread},
	    {W_RIP, debug_register},
	    {W_RSP, debug_register},
	    {W_RBP, debug_register},
	    {W_RIP_LLDB, debug_register},
	    {W_RSP_LLDB, debug_register},
	    {W_RBP_LLDB, debug_register},
	};

	return reader_rules(r, line, has, rules, N(rules));
}
