#include "crash/frame.h"

#include <ctype.h>
#include <limits.h>

static inline bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

struct str
frame_blanks(struct str s)
{
	size_t i = 0;

	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
		i++;
	return str_of(s.p + i, s.n - i);
}

struct str
frame_strip(struct str s)
{
	s = frame_blanks(s);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

bool
frame_number(struct str *s, uint64_t *v)
{
	size_t i = 0;

	*v = 0;
	for (; i < s->n && digit(s->p[i]); i++)
		if (*v < UINT64_MAX / 16)
			*v = *v * 10 + (unsigned)(s->p[i] - '0');
	*s = str_from(*s, i);
	return i > 0;
}

/* One more than the value of a hex digit, 0: it is none. */
static const unsigned char hex_digit[256] = {['0'] = 1,
    ['1'] = 2,
    ['2'] = 3,
    ['3'] = 4,
    ['4'] = 5,
    ['5'] = 6,
    ['6'] = 7,
    ['7'] = 8,
    ['8'] = 9,
    ['9'] = 10,
    ['a'] = 11,
    ['b'] = 12,
    ['c'] = 13,
    ['d'] = 14,
    ['e'] = 15,
    ['f'] = 16,
    ['A'] = 11,
    ['B'] = 12,
    ['C'] = 13,
    ['D'] = 14,
    ['E'] = 15,
    ['F'] = 16};

bool
frame_hex(struct str *s, bool bare, uint64_t *v)
{
	bool prefix = str_starts(*s, STR("0x"));
	size_t from = prefix ? 2 : 0, i;
	uint64_t sum = 0;
	unsigned one;

	if (!prefix && !bare)
		return false;
	for (i = from; i < s->n; i++) {
		one = hex_digit[(unsigned char)s->p[i]];
		if (one == 0)
			break;
		sum = sum << 4 | (one - 1);
	}
	*v = sum;
	if (i == from)
		return false;
	*s = str_from(*s, i);
	return true;
}

/* ":12" off the end; false when there is none. */
static bool
colon_number(struct str *s, unsigned *v)
{
	size_t i = s->n;
	uint64_t number;
	struct str digits;

	while (i > 0 && digit(s->p[i - 1]))
		i--;
	if (i == s->n || i < 2 || s->p[i - 1] != ':')
		return false;
	digits = str_from(*s, i);
	frame_number(&digits, &number);
	*v = number > UINT_MAX ? 0 : (unsigned)number;
	s->n = i - 1;
	return true;
}

void
frame_position(struct str *s, unsigned *line, unsigned *col)
{
	unsigned last, before;

	*line = *col = 0;
	if (!colon_number(s, &last))
		return;
	*line = last;
	if (colon_number(s, &before)) {
		*line = before;
		*col = last;
	}
}

static inline bool
take(struct str *s, const char *word, size_t n)
{
	if (s->n < n || memcmp(s->p, word, n) != 0)
		return false;
	*s = str_from(*s, n);
	return true;
}

/* Takes a literal off the start. */
#define lit(s, word) take(s, word, sizeof(word) - 1)

/* The last place of word, looked for by its byte at rare, or NULL. */
static inline const char *
last_by(struct str s, const char *word, size_t rare)
{
	size_t n = strlen(word);
	const char *at;

	for (; s.n >= n; s.n = (size_t)(at - s.p) + n - 1) {
		at = memrchr(s.p + rare, word[rare], s.n - n + 1);
		if (at == NULL)
			return NULL;
		at -= rare;
		if (at[0] == word[0] && at[1] == word[1] &&
		    memcmp(at, word, n) == 0)
			return at;
	}
	return NULL;
}

/* The last place of a word of two bytes at least. */
static inline const char *
last_of(struct str s, const char *word)
{
	return last_by(s, word, 0);
}

/* The first '/' behind a blank: there the blank is, or NULL. */
static const char *
blank_slash(struct str s)
{
	const char *at;

	while ((at = memchr(s.p, '/', s.n)) != NULL) {
		if (at > s.p && at[-1] == ' ')
			return at - 1;
		s = str_from(s, (size_t)(at - s.p) + 1);
	}
	return NULL;
}

/* The start of the string or character that ends before i, or i. */
static size_t
quoted(struct str s, size_t i)
{
	if (s.p[i - 1] == '\'' && i >= 3 && s.p[i - 3] == '\'')
		return i - 3;
	if (s.p[i - 1] != '"')
		return i;
	for (size_t k = i - 1; k > 0; k--)
		if (s.p[k - 1] == '"' && (k < 2 || s.p[k - 2] != '\\'))
			return k - 1;
	return i;
}

/* Where the bracket that ends s was opened, or s.n. */
static size_t
opened(struct str s)
{
	int depth = 0;

	for (size_t i = s.n; i > 0; i--) {
		size_t before = quoted(s, i);
		if (before < i)
			i = before + 1;
		else if (s.p[i - 1] == ')')
			depth++;
		else if (s.p[i - 1] == '(' && --depth == 0)
			return i - 1;
	}
	return s.n;
}

/* " (mod+0x2a)" off the end of t, with the " (BuildId: ...)" behind it;
 * systemd writes "(mod + 0x2a)". */
static bool
take_module(struct str *t, struct frame *f)
{
	const char *build = last_by(*t, "(BuildId: ", 1), *plus;
	struct str mod, off;
	size_t open;

	if (build != NULL)
		*t = frame_strip(str_of(t->p, (size_t)(build - t->p)));
	if (t->n == 0 || t->p[t->n - 1] != ')' || (open = opened(*t)) == t->n)
		return false;
	mod = str_of(t->p + open + 1, t->n - open - 2);
	plus = last_of(mod, "+0x");
	if (plus == NULL)
		plus = last_of(mod, "+ 0x");
	if (plus == NULL) {
		/* "(/lib/x.so)": a module alone, never a function's arguments */
		if (open > 0 || mod.n == 0 ||
		    (mod.p[0] != '/' && !str_eq(mod, STR("<unknown module>"))))
			return false;
		f->mod = mod;
		t->n = 0;
		return true;
	}
	off = frame_blanks(str_from(mod, (size_t)(plus - mod.p) + 1));
	if (!frame_hex(&off, false, &f->off) || off.n > 0)
		return false;
	f->has_off = true;
	f->mod = frame_strip(str_of(mod.p, (size_t)(plus - mod.p)));
	*t = frame_strip(str_of(t->p, open));
	return true;
}

/* The last ") at " of t; if there is none, the last ") from ". */
static void
behind_bracket(struct str t, const char **at, const char **from)
{
	const char *p, *end = t.p + t.n;

	*at = *from = NULL;
	for (; (p = memrchr(t.p, ')', t.n)) != NULL; t.n = (size_t)(p - t.p)) {
		if (end - p < 5 || p[1] != ' ')
			continue;
		if (memcmp(p, ") at ", 5) == 0) {
			*at = p;
			*from = NULL;
			return;
		}
		if (*from == NULL && end - p >= 7 &&
		    memcmp(p, ") from ", 7) == 0)
			*from = p;
	}
}

/* gdb: " at x.c:3" or " from /lib/x.so" behind the arguments. */
static bool
take_gdb(struct str *t, struct frame *f)
{
	const char *at, *from;
	size_t open;

	if (memchr(t->p, ')', t->n) == NULL)
		return false;
	behind_bracket(*t, &at, &from);
	if (at != NULL) {
		f->file = str_from(*t, (size_t)(at - t->p) + 5);
		frame_position(&f->file, &f->line, &f->col);
		t->n = (size_t)(at - t->p) + 1;
	} else if (from != NULL) {
		f->mod = str_from(*t, (size_t)(from - t->p) + 7);
		t->n = (size_t)(from - t->p) + 1;
	} else if (t->n < 3 || t->p[t->n - 1] != ')') {
		return false;
	}
	open = opened(*t);
	if (open < t->n && open > 1 && t->p[open - 1] == ' ') {
		t->n = open - 1;
		return true;
	}
	return at != NULL || from != NULL;
}

static bool
source_name(struct str s)
{
	static const char *const ends[] = {".c", ".cc", ".cpp", ".cxx", ".h",
	    ".hpp", ".inc", ".rs", ".go", ".S", ".swift", ".m", ".mm"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (s.n > strlen(ends[i]) &&
		    str_ends(s, str_of(ends[i], strlen(ends[i]))))
			return true;
	return false;
}

/* Sanitizers: " /src/x.c:3:4" or " x.c:3" or " <null>" at the end. */
static bool
take_file(struct str *t, struct frame *f)
{
	const char *slash = blank_slash(*t);
	const char *space = memrchr(t->p, ' ', t->n);
	struct str file;
	unsigned line, col;

	if (str_ends(*t, STR(" <null>"))) {
		t->n -= 7;
		return true;
	}
	if (str_starts(*t, STR("/"))) { /* no function */
		f->file = *t;
		frame_position(&f->file, &f->line, &f->col);
		t->n = 0;
		return true;
	}
	if (slash != NULL)
		space = slash;
	if (space == NULL)
		return false;
	file = str_from(*t, (size_t)(space - t->p) + 1);
	frame_position(&file, &line, &col);
	if (file.n == 0 || (slash == NULL && line == 0 && !source_name(file)))
		return false;
	f->file = file;
	f->line = line;
	f->col = col;
	t->n = (size_t)(space - t->p);
	return true;
}

/* backtrace_symbols(3): "/lib/x.so(f+0x2a) [0x7f2a]" or "x(+0x2a) [...]";
 * without a name the offset is that in the module. */
static bool
take_backtrace(struct str *t, struct frame *f)
{
	const char *at, *open, *plus;
	struct str pc, place;
	uint64_t v;

	if (t->p[t->n - 1] != ']' || (at = last_of(*t, ") [0x")) == NULL ||
	    (open = memchr(t->p, '(', (size_t)(at - t->p))) == NULL)
		return false;
	pc = str_from(*t, (size_t)(at - t->p) + 3);
	place = str_of(open + 1, (size_t)(at - open) - 1);
	plus = last_of(place, "+0x");
	if (plus == NULL || !frame_hex(&pc, false, &f->pc))
		return false;
	f->has_pc = true;
	f->mod = str_of(t->p, (size_t)(open - t->p));
	pc = str_from(place, (size_t)(plus - place.p) + 1);
	*t = str_of(place.p, (size_t)(plus - place.p));
	if (t->n == 0 && frame_hex(&pc, false, &v)) {
		f->has_off = true;
		f->off = v;
	}
	return true;
}

static bool
is_unknown(struct str s)
{
	return str_eq(s, STR("??")) || str_eq(s, STR("<unknown>")) ||
	       str_eq(s, STR("n/a")) || str_eq(s, STR("<null>"));
}

static bool
take_name(struct str t, bool evidence, bool loose, struct frame *f)
{
	t = frame_strip(t);
	if (t.n > 0 && take_backtrace(&t, f)) {
		f->raw = t;
		return true;
	}
	evidence |= take_module(&t, f);
	f->dbg = take_gdb(&t, f);
	evidence |= f->dbg;
	if (f->file.n == 0)
		evidence |= take_file(&t, f);
	if (!evidence && !loose && !str_starts(t, STR("<signal handler")))
		return false;
	if (str_starts(f->file, STR("<null>")))
		f->file.n = 0;
	t = frame_strip(t);
	if (!is_unknown(t))
		f->raw = t;
	if (is_unknown(f->mod) || str_eq(f->mod, STR("<unknown module>")))
		f->mod.n = 0;
	return true;
}

/* "f(a=1) at x.c:3:4", "raise + 18", "f [inlined] g(a=1) at x.c:3:4" */
static void
take_lldb(struct str s, struct frame *f)
{
	const char *at = last_of(s, " at "), *plus = last_of(s, " + ");
	const char *call = memmem(s.p, s.n, "operator(", 9);
	const char *inlined = last_of(s, " [inlined] ");

	f->dbg = true;
	if (at != NULL) {
		f->file = str_from(s, (size_t)(at - s.p) + 4);
		frame_position(&f->file, &f->line, &f->col);
		s.n = (size_t)(at - s.p);
	} else if (plus != NULL) {
		s.n = (size_t)(plus - s.p);
	}
	/* "()" of the operator are not printed, those of the arguments are. */
	if (call != NULL && call + 9 < s.p + s.n && call[9] != ')')
		s.n = (size_t)(call - s.p) + 8;
	else if (inlined != NULL && inlined < s.p + s.n) {
		s = str_from(s, (size_t)(inlined - s.p) + 11);
		f->inl = true;
	}
	f->raw = s;
}

bool
frame_numbered(struct str line, bool loose, struct frame *f)
{
	struct str s = frame_blanks(line);
	bool indented = s.n < line.n;
	const char *tick;
	uint64_t number;

	*f = (struct frame){.number = -1};
	lit(&s, "* ");
	lit(&s, "frame ");
	if (!lit(&s, "#") || !frame_number(&s, &number) || number > 1000000)
		return false;
	f->number = (int)number;
	lit(&s, ":");
	if (s.n == 0 || (*s.p != ' ' && *s.p != '\t'))
		return false;
	s = frame_blanks(s);
	f->has_pc = frame_hex(&s, false, &f->pc);
	if (f->has_pc && s.n > 0 && *s.p != ' ')
		return false;
	s = frame_blanks(s);
	if (!f->has_pc)
		return take_name(s, false, loose && indented, f);
	if (!lit(&s, "in ") && (tick = memchr(s.p, '`', s.n)) != NULL &&
	    memchr(s.p, ' ', (size_t)(tick - s.p)) == NULL) {
		f->mod = str_of(s.p, (size_t)(tick - s.p));
		take_lldb(str_from(s, f->mod.n + 1), f);
		return true;
	}
	return take_name(s, true, loose, f);
}

bool
frame_addressed(struct str line, int *number, uint64_t *pc, struct str *rest)
{
	struct str s = frame_blanks(line);
	uint64_t n;

	if (!lit(&s, "#") || !frame_number(&s, &n) || n > 1000000 ||
	    !lit(&s, " "))
		return false;
	s = frame_blanks(s);
	if (!frame_hex(&s, false, pc) ||
	    (!str_starts(s, STR(" in ")) && !str_starts(s, STR(" ("))))
		return false;
	*number = (int)n;
	*rest = s;
	return true;
}

bool
frame_valgrind(struct str line, struct frame *f)
{
	struct str s = frame_blanks(line), where;
	size_t open;

	*f = (struct frame){.number = -1};
	if (lit(&s, "at 0x"))
		f->number = 0;
	else if (!lit(&s, "by 0x"))
		return false;
	if (!frame_hex(&s, true, &f->pc) || !lit(&s, ": "))
		return false;
	f->has_pc = true;
	s = frame_strip(s);
	if (s.n > 0 && s.p[s.n - 1] == ')' && (open = opened(s)) < s.n) {
		where = str_of(s.p + open + 1, s.n - open - 2);
		s = frame_strip(str_of(s.p, open));
		if (lit(&where, "in ") || lit(&where, "within "))
			f->mod = where;
		else {
			f->file = where;
			frame_position(&f->file, &f->line, &f->col);
		}
	}
	if (!str_eq(s, STR("???")))
		f->raw = s;
	return true;
}

bool
frame_rust(struct str line, struct frame *f)
{
	struct str s = frame_blanks(line);
	uint64_t number;

	*f = (struct frame){.number = -1, .lang = FRAME_RUST};
	if (s.n == line.n || !frame_number(&s, &number) || !lit(&s, ": "))
		return false;
	f->number = number > 1000000 ? 0 : (int)number;
	s = frame_blanks(s);
	f->has_pc = frame_hex(&s, false, &f->pc);
	if (f->has_pc && !lit(&s, " - "))
		return false;
	f->raw = frame_strip(s);
	if (is_unknown(f->raw))
		f->raw.n = 0;
	return true;
}

bool
frame_rust_at(struct str line, struct frame *f)
{
	struct str s = frame_blanks(line);

	if (line.n - s.n < 8 || !lit(&s, "at "))
		return false;
	f->file = frame_strip(s);
	frame_position(&f->file, &f->line, &f->col);
	return true;
}

bool
frame_python(struct str line, struct frame *f)
{
	struct str s = frame_blanks(line);
	const char *quote;
	uint64_t number;

	*f = (struct frame){.number = -1, .lang = FRAME_PYTHON};
	if (!lit(&s, "File \"") || (quote = memchr(s.p, '"', s.n)) == NULL)
		return false;
	f->file = str_of(s.p, (size_t)(quote - s.p));
	s = str_from(s, f->file.n + 1);
	if (!lit(&s, ", line ") || !frame_number(&s, &number))
		return false;
	f->line = (unsigned)number;
	lit(&s, ",");
	if (lit(&s, " in "))
		f->raw = frame_strip(s);
	return true;
}

/* "(C.java:3)" at the end: file and line. */
bool
frame_java(struct str line, struct frame *f)
{
	struct str s = frame_blanks(line), where;
	size_t open;

	*f = (struct frame){.number = -1, .lang = FRAME_JAVA};
	if (s.n == line.n || !lit(&s, "at "))
		return false;
	s = frame_strip(s);
	if (s.n == 0 || s.p[s.n - 1] != ')' || (open = opened(s)) == s.n ||
	    memchr(s.p, ' ', open) != NULL)
		return false;
	where = str_of(s.p + open + 1, s.n - open - 2);
	f->raw = str_of(s.p, open);
	if (str_eq(where, STR("Unknown Source")) ||
	    str_eq(where, STR("Native Method")))
		return true;
	f->file = where;
	frame_position(&f->file, &f->line, &f->col);
	return true;
}

/* "eval at f (x.js:3:4), <anonymous>:1:2": where eval was called. */
static void
eval_place(struct str *s)
{
	const char *close, *open;

	while (str_starts(*s, STR("eval at ")) &&
	       (close = last_of(*s, "), ")) != NULL &&
	       (open = memchr(s->p, '(', (size_t)(close - s->p))) != NULL)
		*s = str_of(open + 1, (size_t)(close - open) - 1);
}

bool
frame_js_place(struct str s, struct frame *f)
{
	size_t open;

	*f = (struct frame){.number = -1, .lang = FRAME_JS};
	s = frame_strip(s);
	while (s.n > 0 && memchr("{, ", s.p[s.n - 1], 3) != NULL)
		s.n--; /* properties of the exception follow */
	if (s.n > 0 && s.p[s.n - 1] == ')' && (open = opened(s)) < s.n) {
		f->raw = frame_strip(str_of(s.p, open));
		s = str_of(s.p + open + 1, s.n - open - 2);
	}
	eval_place(&s);
	if (str_eq(s, STR("<anonymous>")) || str_eq(s, STR("native"))) {
		f->mod = STR("<builtin>");
		return f->raw.n > 0;
	}
	f->file = s;
	frame_position(&f->file, &f->line, &f->col);
	return f->line > 0 || f->raw.n > 0;
}

bool
frame_js(struct str line, struct frame *f)
{
	struct str s = frame_blanks(line);

	return s.n < line.n && lit(&s, "at ") && frame_js_place(s, f);
}

/* "[ra] [thunk] 0x2a f(_:) + 3 in mod at /x.swift:3:4" */
static bool
swift_backtrace(struct str s, struct frame *f)
{
	const char *in, *plus;

	while (lit(&s, "["))
		while (s.n > 0 && (*s.p == ' ' || s.p[-1] != ' '))
			s = str_from(s, 1);
	if (!frame_hex(&s, false, &f->pc))
		return false;
	f->has_pc = true;
	s = frame_strip(s);
	in = last_of(s, " in ");
	if (in != NULL) {
		struct str tail = str_from(s, (size_t)(in - s.p) + 4);
		const char *at = memmem(tail.p, tail.n, " at ", 4);
		f->mod = tail;
		if (at != NULL) {
			f->mod.n = (size_t)(at - tail.p);
			f->file = str_from(tail, f->mod.n + 4);
			frame_position(&f->file, &f->line, &f->col);
		}
		if (str_ends(f->file, STR("<compiler-generated>"))) {
			f->mod = STR("<compiler-generated>");
			f->file.n = 0;
		}
		s.n = (size_t)(in - s.p);
	}
	plus = last_of(s, " + ");
	if (plus != NULL)
		s.n = (size_t)(plus - s.p);
	f->raw = s;
	return true;
}

bool
frame_swift(struct str line, struct frame *f)
{
	struct str s = frame_blanks(line), mod;
	const char *plus;
	uint64_t number;

	*f = (struct frame){.number = -1, .lang = FRAME_SWIFT};
	if (!frame_number(&s, &number) || s.n == 0 || *s.p != ' ')
		return false;
	s = frame_blanks(s);
	if (!swift_backtrace(s, f)) {
		mod = s;
		while (s.n > 0 && *s.p != ' ')
			s = str_from(s, 1);
		mod.n -= s.n;
		s = frame_blanks(s);
		if (!frame_hex(&s, false, &f->pc))
			return false;
		f->has_pc = true;
		f->mod = mod;
		f->raw = frame_strip(s);
		plus = last_of(f->raw, " + ");
		if (plus != NULL) {
			s = str_from(f->raw, (size_t)(plus - f->raw.p) + 3);
			f->raw.n = (size_t)(plus - f->raw.p);
			f->has_off = str_eq(f->raw, STR("<unavailable>")) &&
				     frame_number(&s, &f->off);
		}
	}
	if (is_unknown(f->raw) || str_eq(f->raw, STR("<unavailable>")))
		f->raw.n = 0;
	return true;
}

bool
frame_go(struct str line, struct frame *f)
{
	struct str s = line;
	size_t open;

	*f = (struct frame){.number = -1, .lang = FRAME_GO};
	if (s.n < 4 || isspace((unsigned char)*s.p))
		return false;
	if (s.p[s.n - 1] != ')' || (open = opened(s)) == 0 || open == s.n)
		return false;
	f->raw = str_of(s.p, open);
	return memchr(f->raw.p, ' ', open) == NULL &&
	       (memchr(f->raw.p, '.', open) != NULL ||
		   str_eq(f->raw, STR("panic")));
}

bool
frame_go_at(struct str line, struct frame *f)
{
	struct str s = frame_blanks(line);
	const char *plus;

	if (line.n - s.n < 6 && !str_starts(line, STR("\t")))
		return false;
	plus = last_of(s, " +0x");
	if (plus != NULL)
		s.n = (size_t)(plus - s.p);
	frame_position(&s, &f->line, &f->col);
	f->file = s;
	return f->line > 0;
}

bool
frame_lua(struct str line, struct frame *f)
{
	struct str s = frame_blanks(line), where;
	const char *in = memmem(s.p, s.n, ": in ", 5);

	*f = (struct frame){.number = -1, .lang = FRAME_LUA};
	if (in == NULL || s.n == line.n)
		return false;
	where = str_of(s.p, (size_t)(in - s.p));
	s = str_from(s, where.n + 5);
	frame_position(&where, &f->line, &f->col);
	f->file = where;
	lit(&s, "function ");
	lit(&s, "local ");
	lit(&s, "upvalue ");
	lit(&s, "method ");
	lit(&s, "field ");
	if (s.n > 1 && *s.p == '\'')
		f->raw = str_of(s.p + 1, s.n - 2);
	else if (s.n > 0 && *s.p != '<') /* "<x.lua:3>" has no name */
		f->raw = s;
	return true;
}

bool
frame_csharp(struct str line, struct frame *f)
{
	struct str s = frame_blanks(line), where;
	const char *in, *open;

	*f = (struct frame){.number = -1, .lang = FRAME_CSHARP};
	if (s.n == line.n || !lit(&s, "at "))
		return false;
	in = last_of(s, " in ");
	if (in != NULL) {
		where = frame_strip(str_from(s, (size_t)(in - s.p) + 4));
		s.n = (size_t)(in - s.p);
		in = last_of(where, ":line ");
		if (in != NULL) {
			struct str number =
			    str_from(where, (size_t)(in - where.p) + 6);
			uint64_t v;
			frame_number(&number, &v);
			f->line = (unsigned)v;
			where.n = (size_t)(in - where.p);
		} else
			frame_position(&where, &f->line, &f->col);
		if (str_starts(where, STR("<"))) { /* <hash of the module> */
			where.n = 0;
			f->line = 0;
		}
		f->file = where;
	}
	open = memchr(s.p, '(', s.n);
	if (open == NULL)
		return false;
	f->raw = frame_strip(str_of(s.p, (size_t)(open - s.p)));
	return f->raw.n > 0 &&
	       (f->raw.p[0] == '(' || memchr(f->raw.p, '.', f->raw.n) != NULL);
}
