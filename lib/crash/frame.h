/*
 * One line of a stack, in any of the forms that sanitizers, debuggers and
 * language runtimes print.
 */
#ifndef LAGO_CRASH_FRAME_H
#define LAGO_CRASH_FRAME_H

#include <stdint.h>

#include "crash/str.h"

/* Whose spelling the function's name is in. */
enum frame_lang {
	FRAME_C, /* C, C++, Swift: what a demangler prints */
	FRAME_RUST,
	FRAME_GO,
	FRAME_JAVA,
	FRAME_PYTHON,
	FRAME_JS,
	FRAME_LUA,
	FRAME_CSHARP
};

struct frame {
	struct str raw;	 /* function as printed or demangled; n = 0: none */
	struct str fn;	 /* the name that is compared: names_clean() */
	struct str file; /* n = 0: none */
	struct str mod;	 /* module path; n = 0: none */
	uint64_t pc, off;
	unsigned line, col; /* 0: none */
	int number;	    /* as printed, -1: this form has none */
	enum frame_lang lang;
	bool has_pc, has_off;
	bool inl;   /* inlined into the next one */
	bool ign;   /* says nothing about the bug: skipped */
	bool entry; /* where the program's or the harness' code begins */
};

#endif
