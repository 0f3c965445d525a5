/*
 * Inside of report_line(): the line readers share this.  Each of read*.c knows
 * the lines of some tools; a table in each says which word a line must hold to
 * be worth its look.
 */
#ifndef LAGO_CRASH_READER_H
#define LAGO_CRASH_READER_H

#include "crash/arena.h"
#include "crash/report.h"
#include "crash/words.h"

struct reader {
	const struct rules *rules;
	struct arena arena;
	struct report reports[REPORT_REPORTS];
	size_t n, seen;		    /* kept, and seen in all */
	struct report *now;	    /* the one that lines belong to, or NULL */
	struct report_stack *stack; /* the one that frames go to, or NULL */
	struct report_stack spill;  /* frames that are not kept */
	enum report_role role;	    /* of the next stack */
	struct str thread;	    /* of the next stack */
	bool heading; /* a line named the role of the next stack */
	/* What gets the next line first, until it returns false. */
	bool (*more)(struct reader *r, struct str line);
	unsigned state;	     /* its */
	struct str prev;     /* the line before this one */
	struct str stopped;  /* number of the thread that a debugger stopped */
	bool golang;	     /* the text has Go's file names */
	size_t indent;	     /* of a Go stack */
	bool chained;	     /* Python: the next exception is due to this one */
	bool ignored;	     /* Python: the next exception was ignored */
	unsigned lines_more; /* of a Java message */
	/* JavaScript: the last line that may be an exception, and how many
	 * lines ago it was. */
	char said[1024];
	size_t nsaid;
	unsigned since_said;
};

struct reader_rule {
	unsigned word; /* of reader_word */
	/* False: not its line, the next rule may look. */
	bool (*read)(struct reader *r, struct str line);
};

/* Words that lines are chosen by: four bytes at least, the rarer the better.
 * Letter case does not count. */
enum reader_word {
	W_SANITIZER,
	W_OF_SIZE,
	W_CAUSED_BY_A,
	W_ZERO_PAGE,
	W_LOCATED,
	W_FREED_BY,
	W_ALLOCATED_BY,
	W_ALLOCATED_HERE,
	W_CREATED_BY,
	W_UNINIT,
	W_MUTEX,
	W_LOCATION,
	W_LEAK_OF,
	W_DEDUP,
	W_SCARINESS,
	W_SUMMARY,
	W_LIBFUZZER,
	W_SLOWEST,
	W_RUNTIME_ERROR,
	W_UBSAN_MINIMAL,
	W_CENTIPEDE,
	W_ASSERTION,
	W_ASSERT_FAILED,
	W_CHECK_FAILED,
	W_GLIBC_FREE,
	W_GLIBC_MALLOC,
	W_GLIBC_REALLOC,
	W_MUNMAP_CHUNK,
	W_CORRUPTED,
	W_DOUBLE_FREE,
	W_STARS,
	W_TERMINATE,
	W_TERMINATING,
	W_WHAT,
	W_SHARED_LIB,
	W_RECEIVED_SIGNAL,
	W_PROGRAM_TERMINATED,
	W_ARROW,
	W_STOP_REASON,
	W_VALGRIND_AT,
	W_VALGRIND_BY,
	W_VALGRIND_ADDRESS,
	W_VALGRIND_BLOCK,
	W_VALGRIND_TERM,
	W_VALGRIND_MAPPED,
	W_VALGRIND_LOST,
	W_VALGRIND_0, /* a process number's last digit, and its "== " */
	W_VALGRIND_1,
	W_VALGRIND_2,
	W_VALGRIND_3,
	W_VALGRIND_4,
	W_VALGRIND_5,
	W_VALGRIND_6,
	W_VALGRIND_7,
	W_VALGRIND_8,
	W_VALGRIND_9,
	W_LWP,
	W_PANICKED,
	W_HAS_OVERFLOWED,
	W_STACK_BACKTRACE,
	W_PANIC,
	W_FATAL_ERROR,
	W_GOROUTINE,
	W_TRACEBACK,
	W_ATHERIS,
	W_FATAL_PYTHON,
	W_EXCEPTION_IN,
	W_JAVA_EXCEPTION,
	W_CAUSED_BY,
	W_JAZZER_JS,
	W_JS_AT,
	W_BUG_DETECTED,
	W_UNHANDLED,
	W_LUA_TRACE,
	W_SCUDO,
	W_GWP,
	W_CAUSE,
	W_PURE,
	W_KILLED_BY,
	W_HONGGFUZZ,
	W_COREDUMP_SIGNAL,
	W_COREDUMP_THREAD,
	W_RIP,
	W_RSP,
	W_RBP,
	W_RIP_LLDB,
	W_RSP_LLDB,
	W_RBP_LLDB,
	W_RUST_ALLOC,
	W_GO_SIGNAL,
	W_GO_RACE,
	W_GO_SIGCODE,
	W_PRECONDITION,
	W_COULD_NOT_CAST,
	W_SWIFT_FAILURE,
	W_PROGRAM_CRASHED,
	W_CRASHED,
	W_CURRENT_STACK,
	W_RSP_SWIFT,
	W_ABOVE_EXCEPTION,
	W_IGNORED,
	W_TIMEOUT,
	W_JAVA_CRASH,
	W_NODE,
	W_JS_TRACE,
	W_RROR,
	READER_WORDS
};

extern const char *const report_words[READER_WORDS];

/* A new report; lines and stacks from here on are its. */
struct report *reader_open(
    struct reader *r, const char *kind, const char *tool, bool fatal);
/* The next stack has that role; thread may be empty. */
void reader_heading(struct reader *r, enum report_role role, struct str thread);
/* A frame of the stack that is open; number 0 begins a new one.  Its strings are
 * copied, unless it is known: then they stay. */
void reader_frame(struct reader *r, const struct frame *f);
/* The next stack is the crash stack anew, if no more than one frame of it is
 * known: a debugger shows where it stopped, then the whole of it. */
bool reader_restack(struct reader *r);
/* The frame added last to the stack that is open; NULL: none. */
struct frame *reader_last(struct reader *r);
/* The frame a message names where no stack is printed. */
void reader_place(struct reader *r, struct str function, struct str file);
struct str reader_keep(struct reader *r, struct str s);
/* One more line of the message; false: enough of it.  state counts them. */
bool reader_message(struct reader *r, struct str line);
/* "Type: text": exception and message. */
void reader_exception(struct reader *r, struct str line);
/* Text up to a closing word, or all of it. */
struct str reader_until(struct str s, const char *word);

bool readsan_line(
    struct reader *r, struct str line, const struct words_set *has);
bool readnote_line(
    struct reader *r, struct str line, const struct words_set *has);
bool readfuzz_line(
    struct reader *r, struct str line, const struct words_set *has);
bool readdbg_line(
    struct reader *r, struct str line, const struct words_set *has);
bool readlang_line(
    struct reader *r, struct str line, const struct words_set *has);
bool readvm_line(
    struct reader *r, struct str line, const struct words_set *has);
/* Runs the table over a line; true when a rule took it. */
bool reader_rules(struct reader *r, struct str line,
    const struct words_set *has, const struct reader_rule *rules, size_t n);

#endif
