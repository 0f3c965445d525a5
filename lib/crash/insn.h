/*
 * What the instruction at which a process stopped was about to do with memory:
 * x86-64 and aarch64; nothing is known of other machines' code.
 */
#ifndef LAGO_CRASH_INSN_H
#define LAGO_CRASH_INSN_H

#include <stdbool.h>

#include "crash/report.h"

enum insn_machine { INSN_OTHER, INSN_X86_64, INSN_AARCH64 };

/* What this program runs on. */
#if defined(__x86_64__)
#define INSN_HERE INSN_X86_64
#elif defined(__aarch64__)
#define INSN_HERE INSN_AARCH64
#else
#define INSN_HERE INSN_OTHER
#endif

/* What a fault at it says: an instruction that reads and writes the same place
 * is a write on x86-64 and a read on aarch64, as the machines tell it. */
enum report_access insn_access(
    enum insn_machine machine, const unsigned char *p, size_t n);
/* "call" "jump" "return" "move" "other"; NULL not known. */
const char *insn_what(
    enum insn_machine machine, const unsigned char *p, size_t n);
/* Does it copy from [rsi] to [rdi]? */
bool insn_copies(const unsigned char *p, size_t n);
/* Do the n bytes end with a call of x86-64? */
bool insn_call_before(const unsigned char *p, size_t n);

#endif
