/* Languages on a virtual machine: Python, Java, JavaScript. */
#include "crash/reader.h"

#include <ctype.h>
#include <signal.h>

#include "crash/kinds.h"
#include "crash/pat.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* What a state says beside the number of frames so far. */
enum {
	NOISE = 1 << 16,
	NOISES = 4 * NOISE,
	GROUP = 1 << 20,
	COUNT = NOISE - 1
};

static void
add(struct reader *r, struct frame *f)
{
	f->number = (r->state++ & COUNT) == 0 ? 0 : -1;
	reader_frame(r, f);
}

static bool
is(const struct reader *r, const char *kind)
{
	return r->now != NULL && strcmp(r->now->kind->name, kind) == 0;
}

/* "pkg.Type: text", "Type", "Type [CODE]: text" */
static bool
is_exception(struct str line)
{
	size_t n = 0;

	if (line.n == 0 || isdigit((unsigned char)*line.p))
		return false;
	while (n < line.n && (isalnum((unsigned char)line.p[n]) ||
				 memchr("._$", line.p[n], 3) != NULL))
		n++;
	line = str_from(line, n);
	return n > 0 && (line.n == 0 || *line.p == ':' ||
			    pat_match(" [%^]^]%{:%|%$%}", line, NULL));
}

/* Python prints the outermost frame first. */
static void
turn(struct reader *r)
{
	struct report_stack *s = r->stack;

	for (size_t i = 0; s != NULL && i < s->n / 2; i++) {
		struct frame f = s->v[i];
		s->v[i] = s->v[s->n - 1 - i];
		s->v[s->n - 1 - i] = f;
	}
	r->stack = NULL;
}

static void
repeat(struct reader *r, struct str number)
{
	struct frame *last = reader_last(r), f;
	uint64_t times;

	if (last == NULL)
		return;
	f = *last;
	f.number = -1;
	frame_number(&number, &times);
	for (; times > 0 && r->stack != NULL && r->stack->n < REPORT_FRAMES;
	     times--)
		reader_frame(r, &f);
}

/* A line of an exception group without the bars that show its depth; n = 0 for
 * a line between two exceptions. */
static struct str
without_bars(struct str line)
{
	struct str s = frame_blanks(line);

	if (s.n == 0 || (*s.p != '|' && *s.p != '+'))
		return line;
	if (str_starts(s, STR("+-")))
		return STR("");
	return str_from(s, 2);
}

static bool python_stack(struct reader *r, struct str line);

/* A part of an exception group: a cause of it. */
static bool
python_group(struct reader *r, struct str line)
{
	struct str s = without_bars(line);

	if (s.p == line.p) { /* no bars: it is over */
		turn(r);
		return false;
	}
	if (pat_match(
		"%{Exception Group %|%}Traceback (most recent", s, NULL)) {
		turn(r);
		reader_heading(r, REPORT_CAUSE, STR(""));
		r->state = GROUP;
		return true;
	}
	if (s.n > 0 && *s.p == ' ' && python_stack(r, s))
		return true;
	if (r->now->message.n == 0 && is_exception(s))
		reader_exception(r, s);
	return true;
}

static bool
python_stack(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	struct frame f;

	if (frame_python(line, &f)) {
		add(r, &f);
		return true;
	}
	if (pat_match(
		"%s[Previous line repeated %(%N%) more time", line, cap)) {
		repeat(r, cap[0]);
		return true;
	}
	if (line.n > 0 && (*line.p == ' ' || *line.p == '\t'))
		return true;
	if (r->state & GROUP)
		return false;
	/* Something else that was printed in between. */
	if (line.n > 0 && *line.p != '=' && !is_exception(line) &&
	    (r->state += NOISE) < NOISES)
		return true;
	turn(r);
	if (is_exception(line) && r->now->message.n == 0)
		reader_exception(r, line);
	return false;
}

/* During handling of the above exception, another exception occurred: */
static bool
above_exception(struct reader *r, struct str line)
{
	r->chained = is(r, "python-exception") && line.n < 100;
	return r->chained;
}

/* Exception ignored in: <function C.__del__ at 0x1> */
static bool
ignored(struct reader *r, struct str line)
{
	r->ignored = str_starts(line, STR("Exception ignored "));
	return r->ignored;
}

static void
python_open(struct reader *r)
{
	struct report *p = r->now;

	if (r->chained && is(r, "python-exception")) {
		for (size_t i = 0; i < p->nstacks; i++)
			p->stacks[i].role = REPORT_CAUSE;
		p->message = p->exception = STR("");
	} else if (!is(r, "python-exception") || p->nstacks > 0)
		reader_open(r, "python-exception", "python", false)->quiet =
		    r->ignored;
	r->chained = r->ignored = false;
}

static bool
traceback(struct reader *r, struct str line)
{
	bool group = pat_match(
	    "%s+ Exception Group Traceback (most recent call last):", line,
	    NULL);

	if (!group &&
	    !pat_match("%sTraceback (most recent call last):", line, NULL))
		return false;
	python_open(r);
	reader_heading(r, REPORT_CRASH, STR(""));
	r->more = group ? python_group : python_stack;
	r->state = group ? GROUP : 0;
	return true;
}

/* Atheris prints the exception above the traceback. */
static bool
atheris_title(struct reader *r, struct str line)
{
	reader_exception(r, line);
	return false;
}

static bool
atheris(struct reader *r, struct str line)
{
	if (!pat_match("%s=== Uncaught Python exception: ===", line, NULL))
		return false;
	reader_open(r, "python-exception", "python", true);
	r->more = atheris_title;
	return true;
}

/* faulthandler: a stack for each thread.  Where none is the current one it is
 * the last, the main thread. */
static bool
fault_stack(struct reader *r, struct str line)
{
	struct frame f;
	bool current = str_starts(line, STR("Current thread 0x"));
	bool timeout = is(r, "timeout");

	if (current || str_starts(line, STR("Thread 0x"))) {
		for (size_t i = 0; timeout && i < r->now->nstacks; i++)
			r->now->stacks[i].role = REPORT_THREAD;
		reader_heading(r,
		    current || timeout ? REPORT_CRASH : REPORT_THREAD, STR(""));
		r->state = 0;
		return true;
	}
	if (frame_python(line, &f))
		add(r, &f);
	else
		return line.n == 0 || *line.p == ' ' ||
		       str_starts(line, STR("Current thread's C stack"));
	return true;
}

static bool
fatal_python(struct reader *r, struct str line)
{
	static const struct {
		const char *says;
		int signo;
	} words[] = {
	    {"Segmentation fault", SIGSEGV},
	    {"Aborted", SIGABRT},
	    {"Bus error", SIGBUS},
	    {"Illegal instruction", SIGILL},
	    {"Floating point exception", SIGFPE},
	    {"Floating-point exception", SIGFPE},
	};
	struct str cap[PAT_CAPTURES];
	int signo = 0;

	if (!pat_match("Fatal Python error: %(%*%)", line, cap))
		return false;
	for (size_t i = 0; i < N(words); i++)
		if (str_starts(
			cap[0], str_of(words[i].says, strlen(words[i].says))))
			signo = words[i].signo;
	reader_open(r, kinds_of_signal(signo != 0 ? signo : SIGABRT)->name,
	    "python", true);
	if (memmem(cap[0].p, cap[0].n, "stack overflow", 14) != NULL ||
	    memmem(cap[0].p, cap[0].n, "recover from stack", 18) != NULL)
		r->now->kind = kinds_find("stack-overflow");
	r->now->signal = signo;
	r->now->message = reader_keep(r, cap[0]);
	r->more = fault_stack;
	r->state = 0;
	return true;
}

/* Timeout (0:00:03)! */
static bool
fault_timeout(struct reader *r, struct str line)
{
	if (!pat_match("Timeout (%-)!%$", line, NULL))
		return false;
	reader_open(r, "timeout", "python", true);
	r->now->message = reader_keep(r, line);
	r->more = fault_stack;
	r->state = 0;
	return true;
}

static bool
java_stack(struct reader *r, struct str line)
{
	struct frame f;

	if (frame_java(line, &f)) {
		add(r, &f);
		return true;
	}
	if (pat_match("%SSuppressed: ", line, NULL)) {
		reader_heading(r, REPORT_CAUSE, STR(""));
		r->state = 0;
		return true;
	}
	if (r->state == 0) /* more lines of the message */
		return line.n > 0 && *line.p != '=' &&
		       (r->lines_more = r->lines_more + 1) < 16;
	return line.n > 0 && *line.p == '\t';
}

static bool
java_open(struct reader *r, struct str text)
{
	reader_open(r, "java-exception", "java", true);
	reader_exception(r, text);
	r->more = java_stack;
	r->state = r->lines_more = 0;
	return true;
}

static bool
exception_in(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("%-Exception in thread \"%(%-%)\" %(%*%)", line, cap))
		return false;
	java_open(r, cap[1]);
	r->now->thread = reader_keep(r, cap[0]);
	return true;
}

static bool
java_exception(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	return pat_match("%-== Java Exception: %(%*%)", line, cap) &&
	       java_open(r, cap[0]);
}

static bool
java_cause(struct reader *r, struct str line)
{
	if (!is(r, "java-exception") || !pat_match("%sCaused by: ", line, NULL))
		return false;
	/* Jazzer's stack overflow has no frames of its own. */
	reader_heading(r,
	    report_crash_stack(r->now) != NULL ? REPORT_CAUSE : REPORT_CRASH,
	    STR(""));
	r->more = java_stack;
	r->state = r->lines_more = 0;
	return true;
}

/*
 * #  SIGSEGV (0xb) at pc=0x00007ffff76c1384, pid=3514, tid=3515
 * #  Internal Error (x.cpp:12), pid=3514, tid=3515
 * # Problematic frame:
 * # V  [libjvm.so+0x12c1384]  Unsafe_PutInt+0xb4
 */
static bool
java_crash(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES], name[PAT_CAPTURES];
	struct frame f = {.number = 0};
	struct report *p = r->now;

	if (line.n == 0 || *line.p != '#')
		return false;
	if (pat_match("#%SSIG%(%A%) (0x%(%H%)) at pc=%(%H%)", line, cap)) {
		uint64_t signo;
		p->has_pc = frame_hex(&cap[2], false, &p->pc);
		if (frame_hex(&cap[1], true, &signo) && signo < 65) {
			p->signal = (int)signo;
			p->kind = kinds_of_signal((int)signo);
		}
		p->message = reader_keep(r, frame_blanks(str_from(line, 1)));
	} else if (pat_match("#%S%(Internal Error (%(%-%))%*%)", line, cap))
		p->message = reader_keep(r, cap[0]);
	else if (pat_match(
		     "# %{V%|C%|A%}  [%(%-%)+%(%H%)]%s%(%*%)", line, cap)) {
		f.mod = cap[0];
		f.has_off = frame_hex(&cap[1], false, &f.off);
		f.raw = cap[2];
		if (pat_match("%(%*%)+0x%H%$", cap[2], name))
			f.raw = name[0];
		reader_frame(r, &f);
	} else if (pat_match("# %{j%|J %N%*%}  %(%^(^%)(", line, cap)) {
		f.raw = cap[0];
		f.lang = FRAME_JAVA;
		reader_frame(r, &f);
	}
	return true;
}

static bool
hs_err(struct reader *r, struct str line)
{
	bool memory = pat_match("# There is insufficient memory for the Java "
				"Runtime Environment",
	    line, NULL);

	if (!memory && !pat_match("# A fatal error has been detected by the "
				  "Java Runtime Environment",
			   line, NULL))
		return false;
	reader_open(r, memory ? "oom" : "abort", "java", true);
	r->more = java_crash;
	return true;
}

/* Error: text, and what stands below it until the first frame. */
static bool
js_said(struct reader *r, struct str line)
{
	if (!is_exception(line) || line.n > sizeof(r->said))
		return false;
	memcpy(r->said, line.p, line.n);
	r->nsaid = line.n;
	r->since_said = 0;
	return true;
}

static bool
js_stack(struct reader *r, struct str line)
{
	struct frame f;

	if (frame_js(line, &f)) {
		add(r, &f);
		return true;
	}
	if (pat_match("%S%{[cause]: %|[errors]: %|%w: %|%w%$%}", line, NULL) &&
	    memmem(line.p, line.n, "rror", 4) != NULL) {
		reader_heading(r, REPORT_CAUSE, STR(""));
		r->state = 0;
		return true;
	}
	return line.n > 0 && (*line.p == ' ' || *line.p == '}');
}

static bool
js_open(struct reader *r, struct str text)
{
	reader_open(r, "js-exception", "js", true);
	reader_exception(r, text);
	r->more = js_stack;
	r->state = 0;
	return true;
}

/* The exception's own first line. */
static bool
js_title(struct reader *r, struct str line)
{
	r->more = js_stack;
	if (!is_exception(line))
		return js_stack(r, line);
	reader_exception(r, line);
	return true;
}

static bool
jazzer_js(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match(
		"%s==%N== Uncaught Exception: Jazzer.js: %(%*%)", line, cap))
		return false;
	js_open(r, cap[0]);
	r->now->exception = STR("");
	r->more = js_title;
	return true;
}

/* The first "    at" below "Error: text". */
static bool
js_at(struct reader *r, struct str line)
{
	struct str said = str_of(r->said, r->nsaid), cap[PAT_CAPTURES];
	struct frame f;

	if (!frame_js(line, &f) || f.col == 0)
		return false;
	if (pat_match(
		"%{Uncaught %|%}%(%w%{.%w%|%}%{: %*%|%$%}%)", r->prev, cap) &&
	    memmem(r->prev.p, r->prev.n, "rror", 4) != NULL)
		said = cap[0];
	else if (said.n == 0 || r->since_said > 16)
		return false;
	js_open(r, said);
	r->nsaid = 0;
	return js_stack(r, line);
}

/* Where something that is no Error was thrown, node prints it and its own
 * version at the end. */
static bool
js_end(struct reader *r, struct str line)
{
	bool thrown = pat_match("(Use `node --trace-uncaught", line, NULL);

	if (r->n > 0 ||
	    (!thrown && !pat_match("Node.js v%N.%N.%N%$", line, NULL)))
		return false;
	reader_open(r, "js-exception", "js", true);
	if (thrown)
		r->now->message = reader_keep(r, r->prev);
	return true;
}

/* FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of
 * memory */
static bool
js_fatal(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	bool memory = memmem(line.p, line.n, "out of memory", 13) != NULL;

	if (!pat_match("FATAL ERROR: %(%*%)", line, cap))
		return false;
	reader_open(r, memory ? "oom" : "abort", "js", true);
	r->now->message = reader_keep(r, cap[0]);
	return true;
}

/* "1: f (x.js:3:4)", "2: x.js:3:4" */
static bool
js_numbered(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	struct frame f;

	if (line.n == 0)
		return (r->state & COUNT) == 0;
	if (!pat_match("%s%N: %(%*%)", line, cap) ||
	    !frame_js_place(cap[0], &f))
		return false;
	add(r, &f);
	return true;
}

/* ----- JavaScript stack trace -----: of an abort, or what is to come */
static bool
js_trace(struct reader *r, struct str line)
{
	if (!pat_match("----- JavaScript stack trace -----", line, NULL))
		return false;
	if (r->now == NULL)
		reader_open(r, "abort", "js", true);
	if (report_crash_stack(r->now) == NULL)
		reader_heading(r, REPORT_CRASH, STR(""));
	r->more = js_numbered;
	r->state = 0;
	return true;
}

bool
readvm_line(struct reader *r, struct str line, const struct words_set *has)
{
	static const struct reader_rule rules[] = {
	    {W_ATHERIS, atheris},
	    {W_TRACEBACK, traceback},
	    {W_ABOVE_EXCEPTION, above_exception},
	    {W_IGNORED, ignored},
	    {W_FATAL_PYTHON, fatal_python},
	    {W_TIMEOUT, fault_timeout},
	    {W_EXCEPTION_IN, exception_in},
	    {W_JAVA_EXCEPTION, java_exception},
	    {W_CAUSED_BY, java_cause},
	    {W_JAVA_CRASH, hs_err},
	    {W_JAZZER_JS, jazzer_js},
	    {W_JS_AT, js_at},
	    {W_NODE, js_end},
	    {W_FATAL_ERROR, js_fatal},
	    {W_JS_TRACE, js_trace},
	    {W_RROR, js_said},
	};

	return reader_rules(r, line, has, rules, N(rules));
}
