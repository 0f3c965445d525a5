/* What libraries say before they abort: assertions, checks, glibc, C++. */
#include "crash/reader.h"

#include "crash/kinds.h"
#include "crash/pat.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/*
 * prog: x.c:3: int f(int): Assertion `a == b' failed.
 * Assertion failed: a == b (x.c: f: 3)			musl
 * Assertion failed: (a == b), function f, file x.c, line 3.
 * x.cc:3: assertion a == b failed: text			libc++
 */
static bool
assertion(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (pat_match("%i%{%-: %|%}%(%v:%N%): %(%*%): assertion "
		      "%{`%|'%|\"%|%}%(%-%)%{'%|\"%|%} failed%{.%|%}%s%$",
		line, cap)) {
		reader_open(r, "assert", "glibc", true);
		r->now->message = reader_keep(r, cap[2]);
		reader_place(r, cap[1], cap[0]);
		return true;
	}
	if (pat_match(
		"Assertion failed: %(%*%) (%(%v%): %(%v%): %N)", line, cap) ||
	    pat_match("Assertion failed: (%(%*%)), function %(%^,^%), file %("
		      "%^,^%), line %N",
		line, cap)) {
		reader_open(r, "assert", "glibc", true);
		r->now->message = reader_keep(r, cap[0]);
		return true;
	}
	if (pat_match("%i%{%*: %|%}%(%v%):%N: assertion %(%*%) failed%{:%|%} "
		      "%(%*%)",
		line, cap) ||
	    pat_match("%i%{%*:%|%}%s%(assertion %)%{`%|'%|\"%|%}%(%-%)%{'%|\""
		      "%|%} failed%{.%|%}%s%$",
		line, cap)) {
		reader_open(r, "assert", "other", true);
		r->now->message = reader_keep(r, cap[1]);
		return true;
	}
	return false;
}

/* ASSERTION FAILED: text */
static bool
assert_failed(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("%{%-%{ASSERT%|ASSERTION%} %{FAILURE%|FAILED%}%|%-"
		       "Assert failure%}: %(%*%)",
		line, cap))
		return false;
	reader_open(r, "assert", "other", true);
	r->now->message = reader_keep(r, cap[0]);
	return true;
}

/* F0102 03:04:05.678 9 x.cc:3] Check failed: a == b (1 vs. 2)
 * [1:2:0102/030405:FATAL:x.cc(3)] Check failed: a. */
static bool
check_failed(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match(
		"%*] %{D%|%}%{Check%|CHECK%} failed: %(%*%)", line, cap) &&
	    !pat_match("%s%{#%s%|%}%{D%|%}Check failed: %(%*%)", line, cap))
		return false;
	reader_open(r, "check-failure", "other", true);
	r->now->message = reader_keep(r, frame_strip(cap[0]));
	return true;
}

/* free(): invalid pointer, corrupted size vs. prev_size ... */
static bool
glibc_malloc(struct reader *r, struct str line)
{
	static const char *const begins[] = {
	    "free(): ", "malloc(): ", "realloc(): ", "munmap_chunk(): ",
	    "malloc_consolidate(): ", "corrupted size vs. prev_size",
	    "corrupted double-linked list", "double free or corruption ("};

	for (size_t i = 0; i < N(begins); i++)
		if (str_starts(line, str_of(begins[i], strlen(begins[i])))) {
			reader_open(r, "glibc-malloc-abort", "glibc", true);
			r->now->message = reader_keep(r, frame_strip(line));
			return true;
		}
	return false;
}

/* *** stack smashing detected ***: terminated */
static bool
stars(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];
	const char *kind = "fortify";

	if (pat_match("*** Error in %*': %(%*%): 0x", line, cap))
		kind = "glibc-malloc-abort";
	else if (pat_match(
		     "%(*** stack smashing detected ***%*%)%$", line, cap))
		kind = "stack-smashing";
	else if (!pat_match("%(*** %* ***: %*terminated%)%s%$", line, cap) &&
		 !pat_match("%(*** %* detected ***%)%s%$", line, cap))
		return false;
	reader_open(r, kind, "glibc", true);
	r->now->message = reader_keep(r, cap[0]);
	return true;
}

static bool
pure_virtual(struct str line)
{
	return pat_match("%{libc++abi: %|%}%{pure virtual method called%|Pure "
			 "virtual function called!%}%s%$",
	    line, NULL);
}

static bool
pure(struct reader *r, struct str line)
{
	if (!pure_virtual(line))
		return false;
	reader_open(r, "pure-virtual-call", "other", true);
	r->now->message = reader_keep(r, frame_strip(line));
	return true;
}

static bool
terminate(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (pat_match("%-terminate called after throwing an instance of "
		      "'%(%*%)'",
		line, cap)) {
		reader_open(r, "uncaught-exception", "other", true);
		r->now->exception = reader_keep(r, cap[0]);
		return true;
	}
	if (pure_virtual(r->prev))
		return true; /* it ended so */
	if (!pat_match("%-%(terminate called without an active exception%)",
		line, cap) &&
	    !pat_match("%-%(terminate called recursively%)", line, cap))
		return false;
	reader_open(r, "uncaught-exception", "other", true);
	r->now->message = reader_keep(r, cap[0]);
	return true;
}

/* libc++abi: terminating with uncaught exception of type T: text */
static bool
terminating(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (pat_match("libc++abi: %(terminating%)%s%$", line, cap) ||
	    pat_match("libc++abi: %(terminating %{with%|due to%} uncaught "
		      "foreign exception%)",
		line, cap)) {
		reader_open(r, "uncaught-exception", "other", true);
		r->now->message = reader_keep(r, cap[0]);
		return true;
	}
	if (!pat_match("%-terminating %{with%|due to%} uncaught exception of "
		       "type %(%-%)%{: %(%*%)%|%$%}",
		line, cap))
		return false;
	reader_open(r, "uncaught-exception", "other", true);
	r->now->exception = reader_keep(r, cap[0]);
	if (cap[0].p + cap[0].n < line.p + line.n)
		r->now->message = reader_keep(r, cap[1]);
	return true;
}

static bool
what(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (r->now == NULL || r->now->message.n > 0 ||
	    strcmp(r->now->kind->name, "uncaught-exception") != 0 ||
	    !pat_match("%-what():%s%(%*%)", line, cap))
		return false;
	r->now->message = reader_keep(r, cap[0]);
	return true;
}

static bool
shared_library(struct reader *r, struct str line)
{
	struct str cap[PAT_CAPTURES];

	if (!pat_match("%*error while loading shared libraries: %(%^:^%): "
		       "cannot open shared object file",
		line, cap))
		return false;
	reader_open(r, "missing-library", "other", true);
	r->now->message = reader_keep(r, cap[0]);
	return true;
}

bool
readnote_line(struct reader *r, struct str line, const struct words_set *has)
{
	static const struct reader_rule rules[] = {
	    {W_ASSERTION, assertion},
	    {W_ASSERT_FAILED, assert_failed},
	    {W_CHECK_FAILED, check_failed},
	    {W_GLIBC_FREE, glibc_malloc},
	    {W_GLIBC_MALLOC, glibc_malloc},
	    {W_GLIBC_REALLOC, glibc_malloc},
	    {W_MUNMAP_CHUNK, glibc_malloc},
	    {W_CORRUPTED, glibc_malloc},
	    {W_DOUBLE_FREE, glibc_malloc},
	    {W_STARS, stars},
	    {W_TERMINATE, terminate},
	    {W_TERMINATING, terminating},
	    {W_PURE, pure},
	    {W_WHAT, what},
	    {W_SHARED_LIB, shared_library},
	};

	return reader_rules(r, line, has, rules, N(rules));
}
