/* Inside of compat_line(). */
#ifndef LAGO_CRASH_COMPATIN_H
#define LAGO_CRASH_COMPATIN_H

#include "crash/arena.h"
#include "crash/compat.h"
#include "crash/reader.h"
#include "crash/words.h"

enum { COMPAT_STACK = 65536, COMPAT_LINES = 65536 };

/* Words that a line must hold for a step to be tried.  Letter case does not
 * count, the steps look again. */
enum compat_word {
	C_SKIP_CONSOLE,
	C_SKIP_SUMMARY,
	C_SKIP_WARNING,
	C_SKIP_MPROTECT,
	C_SKIP_TEXT,
	C_SKIP_JAVA,
	C_DEADLY,
	C_SANITIZER,
	C_SANITIZER_SAYS,
	C_ERROR,
	C_ASSERTION,
	C_ASSERT_FAILED,
	C_PANIC,
	C_PANICKED,
	C_NEVER,
	C_RECEIVED,
	C_RIP,
	C_TSAN,
	C_MSAN,
	C_LEAK,
	C_RUNTIME_ERROR,
	C_NOTE,
	C_OFFSET,
	C_CFI,
	C_FATAL_ERROR,
	C_PARAM_OVERLAP,
	C_PYTHON,
	C_JAZZER,
	C_UNKNOWN_ADDRESS,
	C_FREE,
	C_DOUBLE_FREE,
	C_FPE,
	C_SIGNAL_CAUSED,
	C_OF_SIZE,
	C_BUG,
	C_SANITIZER_CHECK,
	C_LIBFUZZER,
	C_CENTIPEDE,
	C_JAVA,
	C_CHECK,
	C_NOT_REACHED,
	C_SIGNAL_11,
	C_SHARED,
	C_LIBRARY,
	C_SYMBOL,
	C_STOP_LEAK,
	C_STOP_STORED,
	C_STOP_ALLOCATED,
	C_STOP_CREATED,
	C_STOP_LOCATED,
	C_STOP_PREVIOUS,
	/* of the whole text */
	C_GO_FILE,
	C_PYTHON_FILE,
	C_KASAN,
	C_MIRACLE,
	C_ISSUE,
	C_PC_NIL,
	C_PC_ZERO,
	C_JNI,
	C_ASSERTION_FAILED,
	C_GSIGNAL,
	C_OOM, /* and all behind it */
	COMPAT_WORDS = C_OOM + 26
};

extern const char *const compat_words[COMPAT_WORDS];

struct ignore;

struct compat_frame {
	struct str text; /* the line; settled: the name */
	bool java, settled;
};

struct compat_state {
	struct compat *c;
	const struct rules *rules;
	const struct verdict_policy *policy;
	struct arena arena;
	struct str text;
	struct lines_frame *known; /* the line is that frame, or NULL */
	struct words_set mine;	   /* enum compat_word, all of them */
	struct words_set has;	   /* of the line */
	struct words_set seen;	   /* of all lines so far */
	struct str *lines;	   /* of Python's report */
	size_t nlines;
	bool titled, ended; /* it has begun, and ended */
	bool signal;	    /* a sanitizer says that a signal came */
	bool golang, python, js, kasan;
	bool java, go_found, py_found, fatal, cast_closed, died, empty;
	int frames; /* lines of the state */
	struct compat_frame *stack;
	size_t nstack;
	struct ignore *ignore; /* the policy's patterns, compiled */
};

static inline bool
compat_seen(const struct compat_state *s, enum compat_word w)
{
	return words_has(&s->seen, READER_WORDS + (unsigned)w);
}

static inline struct str
compat_str(const struct buf *b)
{
	return str_of(buf_str(b), b->len);
}

/* Step t: the line as a frame. */
void compatframe_line(struct compat_state *s, struct str line);
/* Makes a name of the line; false: it is no frame, or one that is skipped. */
bool compatframe_settle(struct compat_state *s, struct compat_frame *f);
/* The function of a frame's text; s.arena holds it. */
struct str compatframe_name(struct compat_state *s, struct str text);
void compatframe_release(struct compat_state *s);

/* After the last line: the final form, then the security flag. */
void compatend_finish(struct compat_state *s);
/* A check's message without its noise; the name of a file. */
struct str compatend_clean(struct str m);
struct str compatend_base(struct compat_state *s, struct str file);

#endif
