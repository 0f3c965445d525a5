/*
 * verdict-test: TAP of the readers of names, frames and patterns.
 * verdict-test severity CHROME GESTURES TYPE <log: ClusterFuzz's severity.
 * verdict-test similar A B: "true" or "false".
 */
#include <stdio.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/file.h"
#include "crash/compatrate.h"
#include "crash/frame.h"
#include "crash/names.h"
#include "crash/pat.h"
#include "crash/words.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static int tests, failed;

static struct str
str_c(const char *s)
{
	return str_of(s, strlen(s));
}

static void
same(const char *what, struct str is, const char *want)
{
	bool ok = str_eq(is, str_c(want));

	printf("%sok %d - %s\n", ok ? "" : "not ", ++tests, what);
	if (!ok) {
		printf("# is '%.*s', not '%s'\n", (int)is.n, is.p, want);
		failed++;
	}
}

static const struct {
	enum frame_lang lang;
	const char *raw, *clean;
} names[] = {
    {FRAME_C, "main_loop", "main_loop"},
    {FRAME_C, "ns::Foo<int, std::vector<a<b>>>::bar(int, char (*)(int)) const",
	"ns::Foo::bar"},
    {FRAME_C, "void ns::f<int>(int)", "ns::f"},
    {FRAME_C, "std::vector<int, x>& ns::g[abi:cxx11](int)", "ns::g"},
    {FRAME_C, "(anonymous namespace)::f(int)", "f"},
    {FRAME_C, "ns::(anonymous namespace)::C::f()", "ns::C::f"},
    {FRAME_C, "f(int)::{lambda(int)#2}::operator()(int) const",
	"f::{lambda}::operator()"},
    {FRAME_C, "f(int)::'lambda0'(int)::operator()(int) const",
	"f::{lambda}::operator()"},
    {FRAME_C, "f(int)::$_3::operator()(int) const", "f::{lambda}::operator()"},
    {FRAME_C, "operator new[](unsigned long)", "operator new[]"},
    {FRAME_C, "ns::C::operator<<(int)", "ns::C::operator<<"},
    {FRAME_C, "bool ns::operator< <int>(C<int> const&)", "ns::operator<"},
    {FRAME_C, "ns::C::operator bool() const", "ns::C::operator bool"},
    {FRAME_C, "non-virtual thunk to ns::C::f()", "ns::C::f"},
    {FRAME_C, "decltype(auto) ns::f<int>(int)", "ns::f"},
    {FRAME_C, "crash_here.part.0", "crash_here"},
    {FRAME_C, "crash_here.isra.0.cold", "crash_here"},
    {FRAME_C, "crash_here.llvm.123456", "crash_here"},
    {FRAME_C, "f(int) [clone .constprop.0]", "f"},
    {FRAME_C, "__interceptor_memcpy", "memcpy"},
    {FRAME_C, "__GI_raise", "raise"},
    {FRAME_C, "__libc_start_main_impl", "__libc_start_main"},
    {FRAME_C, "strlen@plt", "strlen"},
    {FRAME_RUST, "a::b::crash_here::h0123456789abcdef", "a::b::crash_here"},
    {FRAME_RUST, "std[e28293b1aa0f68bd]::panicking::default_hook::{closure#0}",
	"std::panicking::default_hook::{closure}"},
    {FRAME_RUST, "<a::T as core::fmt::Display>::fmt", "a::T::fmt"},
    {FRAME_RUST, "a::f::<u8, alloc::vec::Vec<u8>>", "a::f"},
    {FRAME_GO, "github.com/x/y.(*T).f", "y.(*T).f"},
    {FRAME_JAVA, "java.base/java.util.List.get", "java.util.List.get"},
    {FRAME_JS, "async Object.f [as g]", "Object.f"},
};

static void
test_names(void)
{
	char out[1024];

	for (size_t i = 0; i < N(names); i++)
		same(names[i].raw,
		    names_clean(names[i].lang, str_c(names[i].raw), out),
		    names[i].clean);
	same("a message without what changes",
	    names_message(
		str_c("/src/x.c:12: a == 42,  p 0x7f00aa is bad b2"), out),
	    "# a == #, p # is bad b2");
}

static const struct {
	const char *line, *is;
} frames[] = {
    {"    #0 0x55b6 in crash_here /src/a b/x.c:12:97",
	"crash_here|/src/a b/x.c|12|97||0"},
    {"    #1 0x55b6 in f(int, char) x.cc:12", "f(int, char)|x.cc|12|0||0"},
    {"    #2 0x7f in f (/lib/l.so.6+0x3c04f) (BuildId: 93ac)",
	"f||0|0|/lib/l.so.6|3c04f"},
    {"    #3 0x7f  (/lib/l.so.6+0x3c04f)", "||0|0|/lib/l.so.6|3c04f"},
    {"    #0 crash_here /x.c:1:2 (t+0xd0) (BuildId: 62)",
	"crash_here|/x.c|1|2|t|d0"},
    {"    #0 free <null> (t+0x501e4)", "free||0|0|t|501e4"},
    {"#0  crash_here (a=1, b=\"x (y\") at x.c:12", "crash_here|x.c|12|0||0"},
    {"#1  0x0000555555555156 in f<int> (a=<optimized out>) from /l.so",
	"f<int>||0|0|/l.so|0"},
    {"#2  0x00007f in ?? ()", "||0|0||0"},
    {"  * frame #0: 0x0001 t`f(a=1) at x.c:3:5", "f(a=1)|x.c|3|5|t|0"},
    {"#0  0x7f raise (libc.so.6 + 0x3c51b)", "raise||0|0|libc.so.6|3c51b"},
    {"#0 is the first element", NULL},
    {"#2\tINITED cov: 4 ft: 5 corp: 1/1b exec/s: 0 rss: 30Mb", NULL},
    {"# 1", NULL},
    {"#", NULL},
};

static void
test_frames(void)
{
	char text[512];
	struct frame f;

	for (size_t i = 0; i < N(frames); i++) {
		strcpy(text, "none");
		if (frame_numbered(str_c(frames[i].line), false, &f))
			snprintf(text, sizeof(text),
			    "%.*s|%.*s|%u|%u|%.*s|%llx", (int)f.raw.n, f.raw.p,
			    (int)f.file.n, f.file.p, f.line, f.col,
			    (int)f.mod.n, f.mod.p, (unsigned long long)f.off);
		same(frames[i].line, str_c(text),
		    frames[i].is != NULL ? frames[i].is : "none");
	}
}

static void
test_pat(void)
{
	struct str cap[PAT_CAPTURES];
	char *hard = malloc(100001);

	same("the last place wins",
	    pat_match("%*: %(%*%)", str_c("a: b: c"), cap) ? cap[0] : STR(""),
	    "c");
	same("the first place wins",
	    pat_match("%-: %(%*%)", str_c("a: b: c"), cap) ? cap[0] : STR(""),
	    "b: c");
	same("alternatives, classes",
	    pat_match("%{x%|%{y%|ab%}%}%s%(%N%)%$", str_c("ab 12"), cap)
		? cap[0]
		: STR(""),
	    "12");
	memset(hard, 'a', 100000);
	hard[100000] = '\0';
	same("what would take for ever does not match",
	    pat_match("%*a%*a%*a%*a%*b", str_c(hard), NULL) ? STR("yes")
							    : STR("no"),
	    "no");
	same("nor does it keep an alternative from being tried",
	    pat_match("%{%*a%*a%*a%-b%|%(%*%)%}%$", str_c(hard), cap)
		? str_of(cap[0].p, 3)
		: STR(""),
	    "aaa");
	free(hard);
}

static struct str
words_line(const struct words *w, struct str text, struct words_set *set)
{
	struct str line = words_first_line(text);

	words_in(w, line, text.n - line.n, set);
	return line;
}

static void
test_words(void)
{
	static const char *const list[] = {"he", "she", "HERS"};
	struct words *w = words_new(list, 3, true);
	struct words_set set;
	struct str text = STR("uShers\r\nhe\xe2\x80\xa8x");
	struct str line = words_line(w, text, &set);

	same("a line", line, "uShers");
	same("its words",
	    words_has(&set, 0) && words_has(&set, 1) && words_has(&set, 2)
		? STR("all")
		: STR(""),
	    "all");
	text = str_from(text, line.n);
	text = str_from(text, words_break(text));
	line = words_line(w, text, &set);
	same("LS ends a line", line, "he");
	same("and has its words",
	    words_has(&set, 0) && !words_has(&set, 1) ? STR("he") : STR(""),
	    "he");
	words_free(w);
}

/* Any text and any words: as if each were looked for by itself. */
static void
test_words_all(void)
{
	static const char *const list[] = {"a", "ab", "aba", "abab", "bbaa",
	    "a b a", "aabba", "ababab ", "baaaaaab", " abba "};
	enum { WORDS = sizeof(list) / sizeof(list[0]), TEXT = 40 };
	struct words *w = words_new(list, WORDS, true);
	char text[TEXT + 1], small[TEXT + 1];
	struct words_set set;
	unsigned wrong = 0;

	srand(1);
	for (int round = 0; round < 20000; round++) {
		size_t n = (size_t)rand() % TEXT;
		for (size_t i = 0; i < n; i++) {
			text[i] = "abAB \t"[rand() % 6];
			small[i] = (char)tolower((unsigned char)text[i]);
		}
		text[n] = small[n] = '\0';
		words_line(w, str_of(text, n), &set);
		for (unsigned i = 0; i < WORDS; i++)
			wrong += words_has(&set, i) !=
				 (strstr(small, list[i]) != NULL);
	}
	same("words in any text", wrong == 0 ? STR("all") : STR(""), "all");
	words_free(w);
}

static int
severity(char **argv)
{
	struct buf text = BUF_INIT;
	struct fail f;
	const char *s;

	if (file_read_fd(0, "stdin", 1 << 26, &text, NULL, &f) == -1)
		return 1;
	s = compatrate_severity(str_c(argv[2]), str_of(text.p, text.len),
	    argv[1][0] == '1', argv[0][0] == '1');
	puts(s != NULL ? s : "null");
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "severity") == 0)
		return severity(argv + 2);
	if (argc == 4 && strcmp(argv[1], "similar") == 0) {
		puts(compatrate_similar(str_c(argv[2]), str_c(argv[3]))
			 ? "true"
			 : "false");
		return 0;
	}
	test_names();
	test_frames();
	test_pat();
	test_words();
	test_words_all();
	printf("1..%d\n", tests);
	return failed > 0;
}
