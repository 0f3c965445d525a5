/* What fuzzers write down of a crash: honggfuzz's report, afl-showmap. */
#include "crash/reader.h"

#include <signal.h>

#include "crash/kinds.h"
#include "crash/pat.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/*  <0x0000555555555174> [func:f file:/src/x.c line:12 module:/src/target]
 * The address comes first, what is not known is left empty. */
static bool
honggfuzz_frame(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	struct frame f = {.number = r->state == 0 ? 0 : -1};
	uint64_t v;

	if (!pat_match(" <%(0x%H%)> [func:%(%*%) module:%(%*%)]", line, cap))
		return false;
	r->state++;
	f.has_pc = frame_hex(&cap[0], false, &f.pc);
	f.mod = cap[2];
	if (!pat_match("%(%*%) file:%(%*%) line:%(%N%)", cap[1], cap))
		return true;
	f.raw = cap[0];
	f.file = cap[1];
	frame_number(&cap[2], &v);
	f.line = (unsigned)v;
	if (str_eq(f.raw, STR("UNKNOWN")))
		f.raw.n = 0;
	reader_frame(r, &f);
	return true;
}

static bool
honggfuzz_line(struct reader *r, struct str line)
{
	struct report *p = r->now;
	struct str cap[PAT_CAPTURES];

	if (pat_match("PC: %(0x%H%)%$", line, cap))
		p->has_pc = frame_hex(&cap[0], false, &p->pc);
	else if (pat_match("FAULT ADDRESS: %(%v%)%$", line, cap)) {
		/* (nil) is no address too: an abort has none. */
		p->has_address = p->signal != SIGABRT;
		if (!frame_hex(&cap[0], false, &p->address))
			p->address = 0;
	}
	if (pat_match("%{PC%|FAULT ADDRESS%|INSTRUCTION%|STACK HASH%|STACK%}:",
		line, NULL))
		return true;
	return honggfuzz_frame(r, line);
}

/* A report of the signal with that number. */
static void
open_signal(struct reader *r, struct str number)
{
	uint64_t n = 0;

	frame_number(&number, &n);
	reader_open(r, kinds_of_signal((int)n)->name, "signal", true);
	r->now->signal = (int)n;
}

/* PID: 12
 * SIGNAL: SIGSEGV (11) */
static bool
honggfuzz(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("SIGNAL: SIG%w (%(%N%))", line, cap) ||
	    !str_starts(r->prev, STR("PID: ")))
		return false;
	open_signal(r, cap[0]);
	r->more = honggfuzz_line;
	r->state = 0;
	return true;
}

/* +++ Program killed by signal 6 +++ */
static bool
killed_by(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (pat_match("%s+++ Program timed off +++", line, NULL)) {
		reader_open(r, "timeout", "signal", true);
		return true;
	}
	if (!pat_match("%s+++ Program killed by signal %(%N%) +++", line, cap))
		return false;
	open_signal(r, cap[0]);
	return true;
}

/* systemd-coredump:         Signal: 11 (SEGV) */
static bool
coredump(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("%s%{Signal%|COREDUMP_SIGNAL%}: %(%N%) (%a)", line, cap))
		return false;
	open_signal(r, cap[0]);
	return true;
}

/*  Stack trace of thread 12:   The first is that of the crash. */
static bool
coredump_thread(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("%-Stack trace of thread %(%N%):", line, cap))
		return false;
	if (r->now == NULL)
		reader_open(r, "unknown-crash", "gdb", true);
	reader_heading(r,
	    report_crash_stack(r->now) == NULL ? REPORT_CRASH : REPORT_THREAD,
	    cap[0]);
	return true;
}

bool
readfuzz_line(struct reader *r, struct str line, const struct words_set *has)
{
	static const struct reader_rule rules[] = {
	    {W_HONGGFUZZ, honggfuzz},
	    {W_KILLED_BY, killed_by},
	    {W_COREDUMP_SIGNAL, coredump},
	    {W_COREDUMP_THREAD, coredump_thread},
	};

	return reader_rules(r, line, has, rules, N(rules));
}
