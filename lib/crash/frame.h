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
	FRAME_C, /* C, C++: what a demangler prints */
	FRAME_RUST,
	FRAME_GO,
	FRAME_JAVA,
	FRAME_PYTHON,
	FRAME_JS,
	FRAME_LUA,
	FRAME_SWIFT,
	FRAME_CSHARP
};

struct lines_frame;

struct frame {
	struct str raw;	 /* function as printed or demangled; n = 0: none */
	struct str fn;	 /* the name that is compared: names_clean() */
	struct str file; /* n = 0: none */
	struct str mod;	 /* module path; n = 0: none */
	uint64_t pc, off;
	unsigned line, col; /* 0: none */
	size_t dir; /* bytes of file that are the compilation directory */
	int number; /* as printed, -1: this form has none */
	enum frame_lang lang;
	bool has_pc, has_off;
	bool dbg;     /* as a debugger prints it */
	bool passing; /* where a hanging process happened to be */
	bool inl;     /* inlined into the next one */
	bool ign;     /* says nothing about the bug: skipped */
	bool entry;   /* where the program's or the harness' code begins */
	struct lines_frame
	    *known; /* the same, but for number and pc; or NULL */
};

/*
 * Each reads one form; false: the line is none.  The slices point into the
 * line, fn is not set.  loose: inside a report a numbered line is a frame even
 * if its text cannot be taken apart.
 */
/* "#1 0x2a in f /x.c:3:4 (mod+0x2a)", "#1 f x.c:3 (mod+0x2a)", "#1  0x2a in f
 * (a=1) at x.c:3", "frame #1: 0x2a mod`f at x.c:3:4" */
bool frame_numbered(struct str line, bool loose, struct frame *f);
/* Is the line a numbered frame with an address, then " in " or " ("?  rest is what
 * follows the address. */
bool frame_addressed(
    struct str line, int *number, uint64_t *pc, struct str *rest);
/* "at 0x2a: f (x.c:3)", "by 0x2a: f (in /lib/x.so)", without "==1== " */
bool frame_valgrind(struct str line, struct frame *f);
/* "  1: f", "  1: 0x2a - f"; frame_rust_at: "      at x.rs:3:4" below it */
bool frame_rust(struct str line, struct frame *f);
bool frame_rust_at(struct str line, struct frame *f);
/* "  File "x.py", line 3, in f" (faulthandler: without the comma) */
bool frame_python(struct str line, struct frame *f);
/* "\tat p.C.f(C.java:3)" */
bool frame_java(struct str line, struct frame *f);
/* "    at f (x.js:3:4)", "    at x.js:3:4" */
bool frame_js(struct str line, struct frame *f);
/* The same without "    at ". */
bool frame_js_place(struct str s, struct frame *f);
/* "pkg.f(0x1, ...)"; frame_go_at: "\tx.go:3 +0x2a" below it, or six blanks */
bool frame_go(struct str line, struct frame *f);
bool frame_go_at(struct str line, struct frame *f);
/* "1 [ra] 0x2a f(_:) + 3 in mod at /x.swift:3:4", "2  mod  0x2a f(_:) + 3" */
bool frame_swift(struct str line, struct frame *f);
/* "\tx.lua:3: in function 'f'" */
bool frame_lua(struct str line, struct frame *f);
/* "  at N.C.f (T a) [0x0] in x.cs:3", "   at N.C.f(T a) in x.cs:line 3" */
bool frame_csharp(struct str line, struct frame *f);

/* Takes ":line" and ":line:col" off the end of s. */
void frame_position(struct str *s, unsigned *line, unsigned *col);
/* Hex digits after "0x", or with bare also without. Moves s behind them. */
bool frame_hex(struct str *s, bool bare, uint64_t *v);
bool frame_number(struct str *s, uint64_t *v);
struct str frame_blanks(struct str s); /* without those it begins with */
struct str frame_strip(struct str s);  /* without those at both ends */

#endif
