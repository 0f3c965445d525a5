#include "crash/compatin.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crash/ignore.h"
#include "crash/lines.h"
#include "crash/pat.h"
#include "crash/rules.h"
#include "crash/verdict.h"

enum { LINES = 3 }; /* of the state */

static bool
blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct str
skip_blanks(struct str s)
{
	size_t i = 0;

	while (i < s.n && blank(s.p[i]))
		i++;
	return str_of(s.p + i, s.n - i);
}

static struct str
strip(struct str s)
{
	s = skip_blanks(s);
	while (s.n > 0 && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

static size_t
hex_run(struct str s)
{
	size_t n = 0;

	for (; n < s.n; n++) {
		char c = (char)(s.p[n] | 0x20);
		if (!(s.p[n] >= '0' && s.p[n] <= '9') &&
		    !(c >= 'a' && c <= 'f') && c != 'x')
			break;
	}
	return n;
}

static size_t
digit_run(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return n;
}

/* The first place of word, by its byte at rare; NULL: none. */
static const char *
find(struct str s, const char *word, size_t rare)
{
	size_t n = strlen(word);
	const char *at = s.p + rare, *end = s.p + s.n;

	while (at < end &&
	       (at = memchr(at, word[rare], (size_t)(end - at))) != NULL) {
		if ((size_t)(end - at) >= n - rare &&
		    memcmp(at - rare, word, n) == 0)
			return at - rare;
		at++;
	}
	return NULL;
}

/* A copy without any of a word. */
static struct str
without(struct compat_state *s, struct str text, const char *word, size_t rare)
{
	size_t n = strlen(word);
	const char *at = find(text, word, rare);
	char *out, *o;

	if (at == NULL)
		return text;
	out = o = arena_alloc(&s->arena, text.n);
	for (; at != NULL; at = find(text, word, rare)) {
		size_t before = (size_t)(at - text.p);
		memcpy(o, text.p, before);
		o += before;
		text = str_from(text, before + n);
	}
	memcpy(o, text.p, text.n);
	return str_of(out, (size_t)(o - out) + text.n);
}

struct str
compatframe_name(struct compat_state *s, struct str x)
{
	const char *mark;

	x = without(s, x, "non-virtual thunk to ", 3);
	x = without(s, x, "(anonymous namespace)::", 0);
	x = without(s, x, "`anonymous namespace'::", 0);
	mark = memrchr(x.p, '!', x.n);
	if (mark != NULL)
		x = str_from(x, (size_t)(mark - x.p) + 1);
	for (size_t i = 1; i < x.n; i++)
		if (x.p[i] == '(' || x.p[i] == '[')
			return strip(str_of(x.p, i));
	x = strip(x);
	mark = memchr(x.p, ' ', x.n);
	if (mark != NULL)
		x.n = (size_t)(mark - x.p);
	return x;
}

/* A frame's text, its source file, and whether the text is the name. */
struct found {
	struct str text, file;
	bool whole, go;
};

/* "file:3:4" or "file:3" at the end of a word. */
static bool
ends_in_line(struct str word, struct str *file)
{
	size_t end = word.n, colons = 0;

	while (colons < 2) {
		size_t i = end;
		while (i > 0 && word.p[i - 1] >= '0' && word.p[i - 1] <= '9')
			i--;
		if (i == end || i < 2 || word.p[i - 1] != ':')
			break;
		end = i - 1;
		colons++;
	}
	*file = str_of(word.p, end);
	return colons > 0;
}

/* The last word that holds ":N", cut behind the numbers; the first word is the
 * name. */
static bool
last_place(struct str rest, struct str *upto, struct str *file)
{
	const char *colon = rest.p + rest.n;
	size_t from, n;

	while (
	    (colon = memrchr(rest.p, ':', (size_t)(colon - rest.p))) != NULL) {
		struct str behind =
		    str_from(rest, (size_t)(colon - rest.p) + 1);
		if ((n = digit_run(behind)) == 0)
			continue;
		from = (size_t)(colon - rest.p);
		while (from > 0 && !blank(rest.p[from - 1]))
			from--;
		upto->p = rest.p;
		upto->n = (size_t)(behind.p - rest.p) + n;
		if (from > 0 && ends_in_line(str_from(*upto, from), file))
			return true;
	}
	return false;
}

/* Behind "in ": name file:3:4, name (module+0x1), name. */
static bool
rest_in(struct str rest, struct found *f)
{
	struct str upto, file;

	if (last_place(rest, &upto, &file)) {
		f->text = upto;
		f->file = file;
		return true;
	}
	f->text = rest;
	return rest.n > 0;
}

/* "(module+0x1)" without a name, "(module)". */
static bool
rest_module(struct str rest, struct found *f)
{
	for (size_t i = rest.n; i > 1; i--) {
		struct str upto = str_of(rest.p + 1, i - 2);
		const char *plus;
		if (rest.p[i - 1] != ')')
			continue;
		plus = memrchr(upto.p, '+', upto.n);
		if (plus != NULL && plus > upto.p) {
			struct str off =
			    str_from(upto, (size_t)(plus - upto.p) + 1);
			if (off.n > 0 && hex_run(off) == off.n) {
				f->text = upto;
				f->whole = true;
				return true;
			}
		}
	}
	for (size_t i = rest.n; i > 1; i--)
		if (rest.p[i - 1] == ')') {
			f->text = str_of(rest.p + 1, i - 2);
			return true;
		}
	return false;
}

/* #1 0x2a in f /x.c:3:4 */
static bool
form_sanitizer(struct str line, struct found *f)
{
	struct str s = skip_blanks(line);
	size_t n;

	if (s.n == 0 || *s.p != '#' || (n = digit_run(str_from(s, 1))) == 0)
		return false;
	s = str_from(s, n + 1);
	if (s.n == 0 || !blank(*s.p))
		return false;
	s = skip_blanks(s);
	n = hex_run(s);
	if (n == 0 || n == s.n || !blank(s.p[n]))
		return false;
	s = skip_blanks(str_from(s, n));
	if (str_starts(s, STR("in")) && s.n > 2)
		return rest_in(skip_blanks(str_from(s, 2)), f);
	return s.n > 0 && *s.p == '(' && rest_module(s, f);
}

/* #1 0x2a name   of Chromium */
static bool
form_chromium(struct str line, struct found *f)
{
	struct str s = line;
	size_t n;

	while (s.n > 0 && *s.p == ' ')
		s = str_from(s, 1);
	if (s.n == 0 || *s.p != '#' || (n = digit_run(str_from(s, 1))) == 0)
		return false;
	s = str_from(s, n + 1);
	if (s.n == 0 || *s.p != ' ')
		return false;
	s = str_from(s, 1);
	n = hex_run(s);
	if (n == 0 || n >= s.n || s.p[n] != ' ')
		return false;
	f->text = str_from(s, n + 1);
	return f->text.n > 0 && memchr(f->text.p, '/', f->text.n) == NULL &&
	       memchr(f->text.p, '\\', f->text.n) == NULL;
}

/* [<ffff>] (name+0x1/0x2, or at the line's start (name+0x1/0x2 */
static bool
form_kernel(struct str line, struct found *f)
{
	static const char end[] = "%{(%|%}%(%w%)+%w/%w";
	struct str cap[PAT_CAPTURES];

	if (memchr(line.p, '+', line.n) == NULL ||
	    memchr(line.p, '/', line.n) == NULL)
		return false;
	if ((memmem(line.p, line.n, "[<", 2) == NULL ||
		!pat_match(
		    "%{%^(^%|%}[<%H>]%S%{(%|%}%(%w%)+%w/%w", line, cap)) &&
	    !pat_match(end, line, cap))
		return false;
	f->text = cap[0];
	return true;
}

static bool
all_of(struct str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) &&
		    strchr(set, s.p[i]) == NULL)
			return false;
	return true;
}

/* pkg.f(0x1, ...) */
static bool
form_go(struct str line, struct found *f)
{
	struct str name, args;

	if (line.n < 3 || line.p[line.n - 1] != ')')
		return false;
	for (size_t i = line.n - 1; i > 0; i--) {
		if (line.p[i] != '(')
			continue;
		name = str_of(line.p, i);
		args = str_of(line.p + i + 1, line.n - i - 2);
		if (!all_of(name, "._-\\/()*") || name.n == 0)
			continue;
		for (size_t k = 0; k < args.n; k++)
			if (!isdigit((unsigned char)args.p[k]) &&
			    memchr("xabcdef ,.{}\t", args.p[k], 13) == NULL)
				return false;
		f->text = name;
		f->whole = f->go = true;
		return true;
	}
	return false;
}

static bool
form_language(const struct compat_state *s, struct str line, struct found *f)
{
	struct str cap[PAT_CAPTURES];

	if (s->golang && form_go(line, f))
		return true;
	if (s->python &&
	    pat_match("%sFile \"%^\"^\", line %N, in %(%*%)%$", line, cap)) {
		f->text = cap[0];
		return true;
	}
	if (s->js && pat_match("%s at %(%v%) (%*:%N:%N)", line, cap)) {
		f->text = cap[0];
		return true;
	}
	return false;
}

static bool
is_java_type(const struct compat_state *s)
{
	static const char *const types[] = {"CHECK failure", "Fatal Exception",
	    "Uncaught exception", "Security exception"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(buf_str(&s->c->type), types[i]) == 0)
			return true;
	return false;
}

static bool
ignored(struct compat_state *s, struct str text)
{
	if (s->ignore == NULL)
		s->ignore = ignore_new(s->policy->ignore);
	return ignore_match(s->ignore, text);
}

static struct str
slashes(struct compat_state *s, struct str text)
{
	char *out;

	if (memchr(text.p, '\\', text.n) == NULL)
		return text;
	out = arena_alloc(&s->arena, text.n);
	for (size_t i = 0; i < text.n; i++)
		out[i] = text.p[i] == '\\' ? '/' : text.p[i];
	return str_of(out, text.n);
}

static bool
skipped(struct compat_state *s, struct str text)
{
	text = slashes(s, text);
	return text.n < 3 || rules_clusterfuzz(s->rules, text.p, text.n) ||
	       ignored(s, text);
}

/* The target's function is called by the name of its file. */
static struct str
target_by_file(struct compat_state *s, struct str text, struct str file)
{
	static const struct str one = {"LLVMFuzzerTestOneInput", 22};
	const char *slash;
	struct str rest;
	char *out;

	if (file.n == 0 || !str_starts(text, one))
		return text;
	slash = memrchr(file.p, '/', file.n);
	if (slash != NULL)
		file = str_from(file, (size_t)(slash - file.p) + 1);
	rest = str_from(text, one.n);
	out = arena_alloc(&s->arena, file.n + rest.n);
	memcpy(out, file.p, file.n);
	memcpy(out + file.n, rest.p, rest.n);
	return str_of(out, file.n + rest.n);
}

/* Go's names hold the path of their package. */
static struct str
behind_slash(struct str name, bool go)
{
	const char *slash = memrchr(name.p, '/', name.n);

	if (!go || slash == NULL)
		return name;
	return str_from(name, (size_t)(slash - name.p) + 1);
}

/* The line in one of the forms; java: the only one beside the numbered. */
static bool
parse(const struct compat_state *s, struct str line, bool java, struct found *f)
{
	struct str cap[PAT_CAPTURES], first = skip_blanks(line);

	if (first.n == 0)
		return false;
	if (*first.p == '#' &&
	    (form_sanitizer(line, f) || form_chromium(line, f)))
		return true;
	if (!java)
		return form_kernel(line, f) || form_language(s, line, f);
	if (!pat_match("%sat %(%*%)(%*)", line, cap))
		return false;
	f->text = cap[0];
	return true;
}

bool
compatframe_settle(struct compat_state *s, struct compat_frame *frame)
{
	struct found f = {0};
	struct str text;

	if (frame->settled)
		return true;
	if (!parse(s, frame->text, frame->java, &f))
		return false;
	text = strip(f.text);
	if (str_starts(text, STR("in ")))
		text = str_from(text, 3);
	if (text.n > 1 && text.p[0] == '(' && text.p[text.n - 1] == ')')
		text = str_of(text.p + 1, text.n - 2);
	text = target_by_file(s, text, f.file);
	if (skipped(s, text))
		return false;
	frame->text =
	    f.whole ? behind_slash(text, f.go) : compatframe_name(s, text);
	frame->settled = true;
	return true;
}

/* Of a frame that is known: its name, unless it was put together. */
static void
learn(struct compat_state *s, struct lines_frame *known)
{
	struct compat_frame f = {.text = known->text};
	struct found found = {0};

	known->compat = LINES_OTHER;
	if (!form_sanitizer(known->text, &found))
		return;
	if (!compatframe_settle(s, &f))
		known->compat = LINES_SKIPPED;
	else if (f.text.p > known->text.p &&
		 f.text.p < known->text.p + known->text.n) {
		known->compat = LINES_NAMED;
		known->compat_name = f.text;
	}
}

/* compatframe_settle() for the line, with what is known of it. */
static bool
settle(struct compat_state *s, struct compat_frame *f)
{
	struct lines_frame *known = s->known;

	if (known == NULL)
		return compatframe_settle(s, f);
	if (known->compat == LINES_UNREAD)
		learn(s, known);
	if (known->compat == LINES_OTHER)
		return compatframe_settle(s, f);
	f->text = known->compat_name;
	f->settled = true;
	return known->compat == LINES_NAMED;
}

/* A quick look: can it be a frame? */
static bool
may_be_frame(const struct compat_state *s, struct str line)
{
	struct str first = skip_blanks(line);

	if (first.n == 0)
		return false;
	return *first.p == '#' || s->java || s->golang || s->python || s->js ||
	       (memchr(line.p, '+', line.n) != NULL &&
		   memchr(line.p, '/', line.n) != NULL);
}

/* Lines behind the last that the state has room for are only read in the end, if
 * at all. */
void
compatframe_line(struct compat_state *s, struct str line)
{
	struct compat_frame f = {
	    .text = line, .java = s->java && is_java_type(s)};

	if (s->frames < LINES) {
		if (!settle(s, &f))
			return;
		buf_add(&s->c->state, f.text.p, f.text.n);
		buf_addc(&s->c->state, '\n');
		s->frames++;
	} else if (!may_be_frame(s, line))
		return;
	if (s->nstack < COMPAT_STACK)
		s->stack[s->nstack++] = f;
}

void
compatframe_release(struct compat_state *s)
{
	ignore_free(s->ignore);
}
