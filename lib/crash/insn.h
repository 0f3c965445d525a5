/*
 * What the instruction at which a process stopped was about to do with memory.
 * x86-64 only; nothing is known of other machines' code.
 */
#ifndef LAGO_CRASH_INSN_H
#define LAGO_CRASH_INSN_H

#include "crash/report.h"

enum report_access insn_access(const unsigned char *p, size_t n);
/* "call" "jump" "return" "move" "other"; NULL not known. */
const char *insn_what(const unsigned char *p, size_t n);

#endif
