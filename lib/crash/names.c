#include "crash/names.h"

#include <ctype.h>

/* A name being cleaned: in is what is left, o what came out of it. */
struct work {
	struct str in;
	char *out, *o;
	int depth; /* of Rust's <A as B> */
	enum frame_lang lang;
};

static bool
at(const struct work *w, const char *word)
{
	size_t n = strlen(word);

	return w->in.n >= n && memcmp(w->in.p, word, n) == 0;
}

static bool
is_ident(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static void
skip(struct work *w, size_t n)
{
	w->in = str_from(w->in, n);
}

static void
put(struct work *w, const char *s, size_t n)
{
	memcpy(w->o, s, n);
	w->o += n;
}

static void
copy(struct work *w, size_t n)
{
	put(w, w->in.p, n < w->in.n ? n : w->in.n);
	skip(w, n);
}

static bool
ends_with(const struct work *w, const char *word)
{
	return str_ends(str_of(w->out, (size_t)(w->o - w->out)),
	    str_of(word, strlen(word)));
}

/* Length of the group that begins at s, brackets of all kinds counted. */
static size_t
group(struct str s)
{
	int depth = 0;

	for (size_t i = 0; i < s.n; i++)
		switch (s.p[i]) {
		case '(':
		case '[':
		case '{':
		case '<':
			depth++;
			break;
		case '>':
			if (i > 0 && s.p[i - 1] == '-')
				break;
			/* FALLTHROUGH */
		case ')':
		case ']':
		case '}':
			if (--depth == 0)
				return i + 1;
			break;
		}
	return s.n;
}

/* "operator" and what belongs to its name. */
static void
operator_name(struct work *w)
{
	static const char *const names[] = {"()", "[]", "<=>",
	    "<<=", ">>=", "->*", "<<", ">>", "->", "<=", ">=", "==", "!=", "&&",
	    "||", "++", "--",
	    "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=", " new[]",
	    " delete[]", " new", " delete", "\"\" "};

	copy(w, 8);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (at(w, names[i])) {
			copy(w, strlen(names[i]));
			return;
		}
	if (w->in.n > 0 && ispunct((unsigned char)w->in.p[0])) {
		copy(w, 1);
		return;
	}
	while (w->in.n > 0 && w->in.p[0] != '(') /* a conversion: its type */
		if (w->in.p[0] == '<')
			skip(w, group(w->in));
		else
			copy(w, 1);
}

static void clean_part(struct work *w);

/* '<' where a name may begin: Rust's <A as B>::f, a lambda, <unknown>. */
static void
angle_first(struct work *w)
{
	size_t n = group(w->in);
	struct str rest = str_from(w->in, n), inside;

	if (at(w, "<lambda")) {
		put(w, "{lambda}", 8);
	} else if (rest.n < 2 || rest.p[0] != ':' || w->depth > 8) {
		copy(w, n);
	} else if (!at(w, "<unnamed>") && n > 2) {
		char *as;
		inside = str_of(w->in.p + 1, n - 2);
		as = memmem(inside.p, inside.n, " as ", 4);
		if (as != NULL)
			inside.n = (size_t)(as - inside.p);
		while (inside.n > 0 && memchr("&*<", inside.p[0], 3) != NULL)
			inside = str_from(inside, 1);
		if (inside.n > 0 && *inside.p == '[') /* a slice: [u8]::f */
			put(w, inside.p, group(inside));
		w->in = inside;
		w->depth++;
		clean_part(w);
		w->depth--;
	} else {
		rest = str_from(rest, 2);
	}
	w->in = rest;
}

/* False: the arguments, so the name ends here. */
static bool
round_group(struct work *w)
{
	size_t n = group(w->in);
	struct str rest = str_from(w->in, n);

	if (at(w, "(anonymous namespace)::")) {
		w->in = str_from(rest, 2);
		return true;
	}
	if (w->o == w->out) {
		copy(w, n);
		return true;
	}
	w->in = rest;
	if (ends_with(w, "decltype") || ends_with(w, "decltype ")) {
		w->o = w->out;
		return true;
	}
	if (at(w, " const::"))
		skip(w, 6);
	return at(w, "::");
}

/* {lambda(int)#1} {closure#0} {{closure}} {unnamed type#1}: the word alone. */
static void
curly(struct work *w)
{
	size_t n = group(w->in), i = 0;
	const char *p = w->in.p;

	if (at(w, "{anonymous}::")) {
		skip(w, 13);
		return;
	}
	while (i < n && p[i] == '{')
		i++;
	put(w, "{", 1);
	while (i < n && is_ident(p[i]))
		put(w, &p[i++], 1);
	put(w, "}", 1);
	skip(w, n);
}

/* clang: 'lambda'(int), 'lambda0'(int) */
static void
quoted(struct work *w)
{
	const char *close = memchr(w->in.p + 1, '\'', w->in.n - 1);

	if (!at(w, "'lambda") || close == NULL) {
		copy(w, 1);
		return;
	}
	put(w, "{lambda}", 8);
	skip(w, (size_t)(close - w->in.p) + 1);
	if (w->in.n > 0 && w->in.p[0] == '(')
		skip(w, group(w->in));
}

static bool
name_starts(const struct work *w)
{
	return w->o == w->out || w->o[-1] == ':';
}

static void
angle(struct work *w)
{
	/* C++ has only its own words behind "::". */
	bool turbofish = ends_with(w, "::") &&
			 (w->lang == FRAME_RUST ||
			     (!at(w, "<lambda") && !at(w, "<unnamed")));

	if (turbofish && w->in.n > 1) {
		w->o -= 2;
		skip(w, group(w->in));
	} else if (name_starts(w))
		angle_first(w);
	else
		skip(w, group(w->in));
}

/* One identifier or other run that is copied as it stands. */
static void
plain(struct work *w)
{
	bool first = w->o == w->out || !is_ident(w->o[-1]);
	size_t n = 0;

	if (!is_ident(w->in.p[0]) || !first) {
		copy(w, 1);
		return;
	}
	while (n < w->in.n && is_ident(w->in.p[n]))
		n++;
	if (n == 8 && at(w, "operator")) {
		operator_name(w);
		if (at(w, " <")) /* its template arguments */
			skip(w, 1);
	} else if (at(w, "_GLOBAL__N_1::"))
		skip(w, 14);
	else if (at(w, "$_")) {
		put(w, "{lambda}", 8);
		skip(w, n);
	} else
		copy(w, n);
}

static void
clean_part(struct work *w)
{
	while (w->in.n > 0)
		switch (w->in.p[0]) {
		case '<':
			angle(w);
			break;
		case '(':
			if (!round_group(w))
				return;
			break;
		case '{':
			curly(w);
			break;
		case '[':
			skip(w, group(w->in));
			break;
		case '\'':
			quoted(w);
			break;
		case ' ':
			if (at(w, " [clone") || at(w, " const"))
				return;
			w->o = w->out; /* so far a return type */
			skip(w, 1);
			break;
		default:
			plain(w);
		}
}

/* foo.cold foo.part.0 foo.llvm.123 foo@plt foo$0123abcd.cfi */
static struct str
without_clone(struct str s)
{
	static const char *const words[] = {"cold", "part", "isra", "constprop",
	    "llvm", "lto_priv", "clone", "cfi", "__uniq", "resume", "destroy",
	    "localalias"};
	const char *p = memchr(s.p, '@', s.n);

	if (p != NULL && p > s.p)
		s.n = (size_t)(p - s.p);
	for (size_t i = 1; i + 1 < s.n; i++) {
		if (s.p[i] != '.')
			continue;
		for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
			size_t n = strlen(words[w]);
			if (s.n - i - 1 >= n &&
			    memcmp(s.p + i + 1, words[w], n) == 0 &&
			    (i + 1 + n == s.n || !is_ident(s.p[i + 1 + n]))) {
				s.n = i;
				break;
			}
		}
	}
	if (s.n > 33 && s.p[s.n - 33] == '$') {
		size_t i = s.n - 32;
		while (i < s.n && isxdigit((unsigned char)s.p[i]))
			i++;
		if (i == s.n)
			s.n -= 33;
	}
	return s;
}

static struct str
without_rust_hash(struct str s)
{
	size_t i;

	if (s.n < 20 || memcmp(s.p + s.n - 19, "::h", 3) != 0)
		return s;
	for (i = s.n - 16; i < s.n && isxdigit((unsigned char)s.p[i]); i++)
		;
	if (i == s.n)
		s.n -= 19;
	return s;
}

static struct str
fold(struct str s)
{
	static const char *const prefixes[] = {"___interceptor_trampoline_",
	    "__interceptor_trampoline_", "___interceptor_", "__interceptor_",
	    "__GI_"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n = strlen(prefixes[i]);
		if (s.n > n && memcmp(s.p, prefixes[i], n) == 0)
			s = str_from(s, n);
	}
	if (str_starts(s, STR("__")) && str_ends(s, STR("_impl")))
		s.n -= 5;
	return s;
}

/* Rust's older mangling as a demangler of C++ leaves it. */
static struct str
unescape(struct str raw, char *out)
{
	static const struct {
		const char *escape;
		char c;
	} escapes[] = {{"$LT$", '<'}, {"$GT$", '>'}, {"$LP$", '('},
	    {"$RP$", ')'}, {"$RF$", '&'}, {"$BP$", '*'}, {"$C$", ','},
	    {"$SP$", '@'}, {"$u20$", ' '}, {"$u27$", '\''}, {"$u5b$", '['},
	    {"$u5d$", ']'}, {"$u7b$", '{'}, {"$u7d$", '}'}, {"$u7e$", '~'}};
	char *o = out;
	size_t i, k;

	if (memmem(raw.p, raw.n, "$LT$", 4) == NULL &&
	    memmem(raw.p, raw.n, "$u7b$", 5) == NULL)
		return raw;
	for (i = 0; i < raw.n;) {
		struct str rest = str_from(raw, i), word;
		if (str_starts(rest, STR("_$")) &&
		    (i == 0 || raw.p[i - 1] == ':')) {
			i++; /* a name must not begin with the escape */
			continue;
		}
		if (str_starts(rest, STR(".."))) {
			*o++ = ':';
			*o++ = ':';
			i += 2;
			continue;
		}
		for (k = 0; k < sizeof(escapes) / sizeof(escapes[0]); k++) {
			word = str_of(
			    escapes[k].escape, strlen(escapes[k].escape));
			if (str_starts(rest, word))
				break;
		}
		if (k == sizeof(escapes) / sizeof(escapes[0])) {
			*o++ = raw.p[i++];
			continue;
		}
		*o++ = escapes[k].c;
		i += word.n;
	}
	return str_of(out, (size_t)(o - out));
}

static struct str
clean_c(struct str raw, enum frame_lang lang, char *out)
{
	static const char *const thunks[] = {"non-virtual thunk to ",
	    "virtual thunk to ", "covariant return thunk to "};
	struct work w = {.in = raw, .out = out, .o = out, .lang = lang};
	struct str s;

	w.in = unescape(raw, out + 4 * raw.n + 16);
	for (size_t i = 0; i < sizeof(thunks) / sizeof(thunks[0]); i++)
		if (at(&w, thunks[i]))
			skip(&w, strlen(thunks[i]));
	if (at(&w, "-[") || at(&w, "+[")) /* Objective-C */
		copy(&w, w.in.n);
	clean_part(&w);
	s = without_clone(str_of(out, (size_t)(w.o - out)));
	return fold(without_rust_hash(s));
}

static struct str
clean_java(struct str raw)
{
	const char *slash = memchr(raw.p, '/', raw.n);
	const char *dollar;

	if (slash != NULL &&
	    memchr(raw.p, '$', (size_t)(slash - raw.p)) == NULL)
		raw = str_from(raw, (size_t)(slash - raw.p) + 1);
	dollar = memmem(raw.p, raw.n, "$$Lambda", 8);
	if (dollar != NULL)
		raw.n = (size_t)(dollar - raw.p) + 8;
	while (memmem(raw.p, raw.n, "lambda$", 7) != NULL && raw.n > 0 &&
	       (isdigit((unsigned char)raw.p[raw.n - 1]) ||
		   raw.p[raw.n - 1] == '$'))
		raw.n--;
	return raw;
}

static struct str
clean_js(struct str raw)
{
	const char *as = memmem(raw.p, raw.n, " [as ", 5);

	if (as != NULL)
		raw.n = (size_t)(as - raw.p);
	if (str_starts(raw, STR("async ")))
		raw = str_from(raw, 6);
	if (str_starts(raw, STR("new ")))
		raw = str_from(raw, 4);
	return raw;
}

/* Of "specialized closure #1 in f<A>(_:x:)" is left "f.{closure}". */
static struct str
clean_swift(struct str raw, char *out)
{
	static const char *const words[] = {"specialized ", "static ",
	    "partial apply for ", "@objc ", "@nonobjc ", "merged ", "implicit ",
	    "generic specialization of "};
	struct str closure = STR("closure #");
	char *o = out;
	size_t closures = 0, i = 0;

	while (i < sizeof(words) / sizeof(words[0])) {
		struct str word = str_of(words[i], strlen(words[i]));
		const char *in = str_starts(raw, closure)
				     ? memmem(raw.p, raw.n, " in ", 4)
				     : NULL;
		if (in != NULL) {
			raw = str_from(raw, (size_t)(in - raw.p) + 4);
			closures++;
			i = 0;
		} else if (str_starts(raw, word)) {
			raw = str_from(raw, word.n);
			i = 0;
		} else
			i++;
	}
	for (i = 0; i < raw.n && (raw.p[i] != '(' || i == 0);)
		if (raw.p[i] == '<' && i > 0 && is_ident(raw.p[i - 1]))
			i += group(str_from(raw, i));
		else
			*o++ = raw.p[i++];
	for (; closures > 0; closures--) {
		memcpy(o, ".{closure}", 10);
		o += 10;
	}
	return str_of(out, (size_t)(o - out));
}

/* main.first[...] of gobugs/main: without package path and type arguments. */
static struct str
clean_go(struct str raw, char *out)
{
	const char *slash = memrchr(raw.p, '/', raw.n);
	char *o = out;

	if (slash != NULL)
		raw = str_from(raw, (size_t)(slash - raw.p) + 1);
	while (raw.n > 0) {
		if (str_starts(raw, STR("[...]")))
			raw = str_from(raw, 5);
		else {
			*o++ = *raw.p;
			raw = str_from(raw, 1);
		}
	}
	return str_of(out, (size_t)(o - out));
}

struct str
names_clean(enum frame_lang lang, struct str raw, char *out)
{
	switch (lang) {
	case FRAME_C:
	case FRAME_RUST:
		return clean_c(raw, lang, out);
	case FRAME_GO:
		return clean_go(raw, out);
	case FRAME_JAVA:
		raw = clean_java(raw);
		break;
	case FRAME_JS:
		raw = clean_js(raw);
		break;
	case FRAME_SWIFT:
		return clean_swift(raw, out);
	default:
		break;
	}
	memcpy(out, raw.p, raw.n);
	return str_of(out, raw.n);
}

/* Does a word look like a number, an address, a path or a place (x.lua:3:)? */
static bool
changes(const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n);
	size_t digits = 0;

	if (n > 1 && memchr(p, '/', n) != NULL)
		return true;
	if (colon != NULL && colon > p && colon + 1 < p + n &&
	    isdigit((unsigned char)colon[1]))
		return true;
	for (size_t i = 0; i < n; i++)
		digits += isxdigit((unsigned char)p[i]) || p[i] == 'x' ||
			  p[i] == '.' || p[i] == ':';
	return digits == n && isdigit((unsigned char)p[0]);
}

struct str
names_message(struct str s, char *out)
{
	char *o = out;

	for (size_t i = 0; i < s.n;) {
		size_t n = 0;
		while (
		    i + n < s.n && (is_ident(s.p[i + n]) ||
				       memchr("/.:-", s.p[i + n], 4) != NULL))
			n++;
		if (n > 0) {
			if (changes(s.p + i, n))
				*o++ = '#';
			else {
				memcpy(o, s.p + i, n);
				o += n;
			}
			i += n;
		} else if (isspace((unsigned char)s.p[i])) {
			if (o > out && o[-1] != ' ')
				*o++ = ' ';
			i++;
		} else
			*o++ = s.p[i++];
	}
	while (o > out && o[-1] == ' ')
		o--;
	return str_of(out, (size_t)(o - out));
}
