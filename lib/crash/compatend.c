#include "crash/compatin.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "crash/compatrate.h"
#include "crash/pat.h"
#include "crash/verdict.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

enum { CYCLE = 10, WIDTH = 80, NULL_PAGE = 0x1000 };

static bool
contains(struct str s, const char *word)
{
	return memmem(s.p, s.n, word, strlen(word)) != NULL;
}

static bool
type_is(const struct compat *c, const char *type)
{
	return strcmp(buf_str(&c->type), type) == 0;
}

static bool
type_starts(const struct compat *c, const char *with)
{
	return strncmp(buf_str(&c->type), with, strlen(with)) == 0;
}

static struct str
strip_set(struct str s, const char *set)
{
	while (s.n > 0 && strchr(set, *s.p) != NULL && *s.p != '\0')
		s = str_from(s, 1);
	while (s.n > 0 && s.p[s.n - 1] != '\0' &&
	       strchr(set, s.p[s.n - 1]) != NULL)
		s.n--;
	return s;
}

/* Where a tail "= 'x'" begins, or n. */
static size_t
quoted_tail(struct str m)
{
	for (size_t i = 0; i < m.n; i++)
		if (pat_match(
			"%s%{:%|=%}%s%{'%*'%|\"%*\"%}%$", str_from(m, i), NULL))
			return i;
	return m.n;
}

struct str
compatend_clean(struct str m)
{
	const char *at;

	if (str_starts(m, STR("Check failed: ")))
		m = str_from(m, 14);
	at = memmem(m.p, m.n, "failed: ", 8);
	if (at != NULL &&
	    pat_match("%* vs.%S", str_from(m, (size_t)(at - m.p) + 7), NULL))
		m.n = (size_t)(at - m.p) + 6;
	for (size_t i = 0; i + 1 < m.n; i++)
		if (m.p[i] == ' ' && m.p[i + 1] == '(' &&
		    pat_match(" (%*%Svs.%S", str_from(m, i), NULL)) {
			m.n = i;
			break;
		}
	m.n = quoted_tail(m);
	return strip_set(m, " .'\"[]");
}

struct str
compatend_base(struct compat_state *s, struct str file)
{
	const char *at;
	char *out;

	file = strip_set(file, " .'\"[]");
	if ((at = memchr(file.p, ':', file.n)) != NULL)
		file.n = (size_t)(at - file.p);
	if ((at = memchr(file.p, '(', file.n)) != NULL)
		file.n = (size_t)(at - file.p);
	out = arena_alloc(&s->arena, file.n + 1);
	for (size_t i = 0; i < file.n; i++)
		out[i] = file.p[i] == '\\' ? '/' : file.p[i];
	file.p = out;
	if ((at = memrchr(file.p, '/', file.n)) != NULL)
		file = str_from(file, (size_t)(at - file.p) + 1);
	return file;
}

/* The stack's names, made only as far as somebody asks for them. */
struct names {
	struct compat_state *s;
	size_t n, next; /* names; the line that is still to be read */
};

/* Is there an i-th name? */
static bool
has_name(struct names *l, size_t i)
{
	struct compat_frame *v = l->s->stack;

	for (; l->n <= i && l->next < l->s->nstack; l->next++)
		if (compatframe_settle(l->s, &v[l->next]))
			v[l->n++] = v[l->next];
	return l->n > i;
}

static bool
same_names(struct names *l, size_t a, size_t b, size_t n)
{
	const struct compat_frame *v = l->s->stack;

	for (size_t i = 0; i < n; i++)
		if (!has_name(l, b + i) ||
		    !str_eq(v[a + i].text, v[b + i].text))
			return false;
	return true;
}

/* The functions that repeat are the state of a stack overflow. */
static void
overflow_state(struct compat_state *s)
{
	const struct compat_frame *v = s->stack;
	struct names l = {.s = s};

	for (size_t i = 0; has_name(&l, i); i++)
		for (size_t n = 1; n <= CYCLE; n++) {
			if (!same_names(&l, i, i + n, n) ||
			    !same_names(&l, i, i + 2 * n, n) ||
			    !has_name(&l, i + 3 * n))
				continue;
			buf_reset(&s->c->state);
			for (size_t k = 0; k < n && k < 3; k++) {
				buf_add(&s->c->state, v[i + k].text.p,
				    v[i + k].text.n);
				buf_addc(&s->c->state, '\n');
			}
			return;
		}
}

static void
printable(struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		if ((b->p[i] >= ' ' && b->p[i] <= '~') ||
		    (b->p[i] >= '\t' && b->p[i] <= '\r'))
			b->p[n++] = b->p[i];
	if (b->p != NULL)
		b->p[n] = '\0';
	b->len = n;
}

/* "+0x1f" before a newline goes. */
static void
drop_offsets(struct buf *b)
{
	size_t n = 0, dropped = 0;

	for (size_t i = 0; i < b->len; i++) {
		size_t k = i + 3;
		if (dropped < 16 && i + 4 < b->len &&
		    memcmp(b->p + i, "+0x", 3) == 0) {
			while (k < b->len && isxdigit((unsigned char)b->p[k]))
				k++;
			if (k > i + 3 && k < b->len && b->p[k] == '\n') {
				i = k - 1;
				dropped++;
				continue;
			}
		}
		b->p[n++] = b->p[i];
	}
	if (b->p != NULL)
		b->p[n] = '\0';
	b->len = n;
}

static void
addresses(struct buf *b)
{
	struct buf out = BUF_INIT;
	const char *at;
	size_t i = 0, k;

	if (b->len == 0 || memmem(b->p, b->len, "0x", 2) == NULL)
		return;
	while ((at = memmem(b->p + i, b->len - i, "0x", 2)) != NULL) {
		k = (size_t)(at - b->p) + 2;
		while (k < b->len && isxdigit((unsigned char)b->p[k]))
			k++;
		if (b->p + k < at + 6) {
			k = (size_t)(at - b->p) + 1;
			buf_add(&out, b->p + i, k - i);
		} else {
			buf_add(&out, b->p + i, (size_t)(at - b->p) - i);
			buf_adds(&out, "ADDRESS");
			while (k < b->len && b->p[k] == 'U')
				k++;
		}
		i = k;
	}
	buf_add(&out, b->p + i, b->len - i);
	buf_release(b);
	*b = out;
}

/* The length of the number at i that is no name's part, or 0. */
static size_t
number_at(const struct buf *b, size_t i)
{
	const char *p = b->p;
	char before = i > 0 ? p[i - 1] : '\n';
	size_t dotted = i, digits = i, n;

	if (isdigit((unsigned char)before) || before == '.' || before == ':')
		return 0;
	while (dotted < b->len &&
	       (isdigit((unsigned char)p[dotted]) || p[dotted] == '.'))
		dotted++;
	while (digits < b->len && isdigit((unsigned char)p[digits]))
		digits++;
	n = dotted - i;
	if (n < 4) {
		n = digits - i;
		if (!(before == ' ' && n >= 2) &&
		    !((before == '@' || before == '#') && n >= 1))
			return 0;
	}
	if (i + n < b->len &&
	    (isalnum((unsigned char)p[i + n]) || p[i + n] == '.'))
		return 0;
	return n;
}

static void
numbers(struct buf *b)
{
	struct buf out = BUF_INIT;
	size_t from = 0;

	for (size_t i = 0; i < b->len;) {
		bool may = b->p[i] == '.' || (b->p[i] >= '0' && b->p[i] <= '9');
		size_t n = may ? number_at(b, i) : 0;
		if (n > 0) {
			buf_add(&out, b->p + from, i - from);
			buf_adds(&out, "NUMBER");
			from = i + n;
		}
		i += n > 0 ? n : 1;
	}
	if (from == 0)
		return;
	buf_add(&out, b->p + from, b->len - from);
	buf_release(b);
	*b = out;
}

/* In place: a line's rest behind WIDTH goes. */
static void
narrow(struct buf *b)
{
	size_t to = 0;

	for (size_t i = 0; i < b->len;) {
		char *end = memchr(b->p + i, '\n', b->len - i);
		size_t n = end != NULL ? (size_t)(end - b->p) - i : b->len - i;
		size_t keep = n;
		if (keep > WIDTH &&
		    !str_starts(str_of(b->p + i, n), STR("Bad-cast")))
			keep = WIDTH;
		memmove(b->p + to, b->p + i, keep);
		to += keep;
		if (end != NULL)
			b->p[to++] = '\n';
		i += n + (end != NULL);
	}
	b->len = to;
	if (b->p != NULL)
		b->p[to] = '\0';
}

static bool
is_blank(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (!isspace((unsigned char)b->p[i]))
			return false;
	return true;
}

static void
replace_text(struct buf *b, const char *text)
{
	buf_reset(b);
	buf_adds(b, text);
}

static void
final_state(struct compat_state *s)
{
	struct compat *c = s->c;
	const char *target = s->policy->target;
	const char *jni;

	if (type_is(c, "Stack-overflow"))
		overflow_state(s);
	printable(&c->state);
	while ((jni = strstr(buf_str(&c->state),
		    "JNI DETECTED ERROR IN APPLICATION:")) != NULL) {
		size_t at = (size_t)(jni - c->state.p), n = 34;
		memmove(c->state.p + at + 4, c->state.p + at + n,
		    c->state.len - at - n + 1);
		memcpy(c->state.p + at, "JNI:", 4);
		c->state.len -= n - 4;
	}
	if (!type_is(c, "V8 correctness failure")) {
		drop_offsets(&c->state);
		addresses(&c->state);
		numbers(&c->state);
		narrow(&c->state);
	}
	if (c->type.len > 0 && is_blank(&c->state))
		replace_text(&c->state, target != NULL ? target : "NULL");
	if (target != NULL &&
	    (type_is(c, "Out-of-memory") || type_is(c, "Timeout") ||
		type_is(c, "Overwrites-const-input")))
		replace_text(&c->state, target);
	if (c->state.len > 0 && strcmp(c->state.p, "NULL") != 0 &&
	    c->state.p[c->state.len - 1] != '\n')
		buf_addc(&c->state, '\n');
}

/* The first number, above 16: its digits do not matter. */
static void
final_type(struct compat *c)
{
	struct buf out = BUF_INIT;
	size_t i = 0, k;
	char text[32];
	unsigned long v;

	while (i < c->type.len && !isdigit((unsigned char)c->type.p[i]))
		i++;
	if (i == 0 || i == c->type.len)
		return;
	for (k = i; k < c->type.len && isdigit((unsigned char)c->type.p[k]);)
		k++;
	v = k - i < 18 ? strtoul(c->type.p + i, NULL, 10) : 17;
	buf_add(&out, c->type.p, i);
	snprintf(text, sizeof(text), "%lu", v);
	buf_adds(&out, v > 16 ? "{*}" : text);
	buf_add(&out, c->type.p + k, c->type.len - k);
	buf_release(&c->type);
	c->type = out;
}

static unsigned long
value_of(const struct buf *address)
{
	char *end;
	unsigned long v = strtoul(buf_str(address), &end, 16);

	return *end == '\0' && address->len > 0 ? v : 0;
}

static void
final_address(struct compat *c)
{
	struct buf *a = &c->address;

	if (a->len == 18 && strncmp(a->p, "0x0000", 6) == 0) {
		memmove(a->p + 2, a->p + 6, a->len - 6 + 1);
		a->len -= 4;
	}
	if (a->len > 0 && type_starts(c, "UNKNOWN") &&
	    value_of(a) < NULL_PAGE) {
		char *rest = mem_strdup(c->type.p + 7);
		replace_text(&c->type, "Null-dereference");
		buf_adds(&c->type, rest);
		free(rest);
	}
}

/* ---- the security flag ---- */

static bool
in_list(const struct compat *c, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (type_is(c, list[i]))
			return true;
	return false;
}

#define LISTED(c, list) in_list(c, list, N(list))

static const char *const never[] = {"Stack-overflow", "Fatal-signal",
    "Missing-library", "Overwrites-const-input", "ASSERT_NOT_REACHED", "Ill",
    "Illegal-instruction", "Floating-point-exception", "RUNTIME_ASSERT",
    "V8 correctness failure", "Timeout", "Out-of-memory", "Unexpected-exit",
    "Security CHECK failure"};
static const char *const ubsan_bad[] = {"Bad-cast", "Index-out-of-bounds",
    "Incorrect-function-pointer-type", "Non-positive-vla-bound-value",
    "Object-size"};
static const char *const ubsan_fine[] = {"Divide-by-zero",
    "Float-cast-overflow", "Implicit-conversion", "Integer-overflow",
    "Invalid-bool-value", "Invalid-builtin-use", "Invalid-enum-value",
    "Invalid-null-argument", "Invalid-null-return", "Misaligned-address",
    "No-return-value", "Pointer-overflow", "Potential-null-reference",
    "Undefined-shift", "Unsigned-integer-overflow", "Unreachable code",
    "Assumption-violation", "Upcast-of-null-pointer"};
static const char *const go_fine[] = {"Index out of range",
    "Integer divide by zero", "Makeslice: len out of range",
    "Slice bounds out of range", "Stack overflow"};
static const char *const extra_bad[] = {"Command injection",
    "Arbitrary file open", "Arbitrary DNS resolution", "PySecSan",
    "Wycheproof error"};
static const char *const generic[] = {"Null-dereference",
    "Null-dereference READ", "Null-dereference WRITE", "UNKNOWN",
    "UNKNOWN READ", "UNKNOWN WRITE", "READ", "WRITE", "Uncaught exception"};

static bool
miracle(struct str text)
{
	const char *at = memmem(text.p, text.n, "MiraclePtr Status:", 18);
	struct str line;

	if (at == NULL)
		return false;
	line = str_from(text, (size_t)(at - text.p) + 18);
	at = memchr(line.p, '\n', line.n);
	if (at != NULL)
		line.n = (size_t)(at - line.p);
	at = memrchr(line.p, ':', line.n);
	if (at != NULL)
		line = str_from(line, (size_t)(at - line.p) + 1);
	return str_eq(strip_set(line, " \t\r"), STR("PROTECTED"));
}

static bool
jazzer_issue(struct str text)
{
	static const char *const words[] = {"FuzzerSecurityIssueCritical",
	    "FuzzerSecurityIssueHigh", "FuzzerSecurityIssueMedium",
	    "FuzzerSecurityIssueLow"};

	for (size_t i = 0; i < N(words); i++)
		if (contains(text, words[i]))
			return true;
	return false;
}

static bool
jni_error(struct str text)
{
	static const char *const words[] = {
	    "deleted", "invalid", "unexpected", "unknown", "wrong"};
	const char *at = memmem(text.p, text.n, "JNI DETECTED ERROR", 18), *end;
	struct str line;

	if (at == NULL)
		return false;
	line = str_from(text, (size_t)(at - text.p));
	end = memchr(line.p, '\n', line.n);
	if (end != NULL)
		line.n = (size_t)(end - line.p);
	for (size_t i = 0; i < N(words); i++)
		if (contains(line, words[i]))
			return true;
	return false;
}

/* "    #0 0x7f in gsignal " or a sanitizer's word for a signal. */
static bool
signal_text(const struct compat_state *s)
{
	struct str text = s->text, rest = text;
	const char *at;

	if (s->signal || !compat_seen(s, C_GSIGNAL))
		return s->signal;
	while ((at = memmem(rest.p, rest.n, " in gsignal ", 12)) != NULL) {
		const char *start =
		    memrchr(text.p, '\n', (size_t)(at - text.p));
		start = start != NULL ? start + 1 : text.p;
		if (pat_match("%s#0%S0x%H in gsignal ",
			str_of(start, (size_t)(at + 12 - start)), NULL))
			return true;
		rest = str_from(rest, (size_t)(at - rest.p) + 1);
	}
	return false;
}

static bool
ends_in(const struct compat *c, const char *word)
{
	return str_ends(compat_str(&c->type), str_of(word, strlen(word)));
}

static bool
generic_is_bad(const struct compat *c)
{
	static const unsigned long asserts[] = {
	    0xbbadbeef, 0xfbadbeef, 0x1f75b7dd, 0x977537dd, 0x9f7537dd};
	unsigned long v = value_of(&c->address);

	for (size_t i = 0; i < N(asserts); i++)
		if (v == asserts[i])
			return false;
	return v >= NULL_PAGE;
}

/* Rules 4 to 15, by the type: 1 yes, 0 no, -1 go on. */
static int
by_type(const struct compat_state *s)
{
	const struct compat *c = s->c;
	struct str type = compat_str(&c->type);

	if (LISTED(c, never))
		return 0;
	if (compat_seen(s, C_JNI) && jni_error(s->text))
		return 1;
	if (type_is(c, "CHECK failure"))
		return s->policy->checks_unsafe;
	if (type_is(c, "Security DCHECK failure") ||
	    type_is(c, "DCHECK failure"))
		return 1;
	if (type_is(c, "Fatal error") || type_is(c, "Unreachable code") ||
	    ends_in(c, "Exception") || ends_in(c, "CHECK failure"))
		return 0;
	if (contains(type, "-leak") || contains(type, "Data race") ||
	    contains(type, "Lock-order-inversion"))
		return 0;
	if (LISTED(c, ubsan_bad))
		return 1;
	if (LISTED(c, ubsan_fine) || LISTED(c, go_fine))
		return 0;
	if (type_is(c, "ASSERT") || (compat_seen(s, C_ASSERTION_FAILED) &&
					contains(s->text, "ASSERTION FAILED")))
		return !s->policy->asserts_safe;
	if (type_starts(c, "Kernel failure") || LISTED(c, extra_bad))
		return 1;
	return c->type.len == 0 ? 0 : -1;
}

static bool
security(const struct compat_state *s)
{
	const struct compat *c = s->c;
	int by;

	if (compat_seen(s, C_MIRACLE) && miracle(s->text))
		return false;
	if ((compat_seen(s, C_ISSUE) && jazzer_issue(s->text)) ||
	    (compat_seen(s, C_PC_NIL) && contains(s->text, "pc (nil) ")) ||
	    (compat_seen(s, C_PC_ZERO) &&
		(contains(s->text, "pc 0x00000000 ") ||
		    contains(s->text, "pc 0x000000000000 "))))
		return true;
	by = by_type(s);
	if (by != -1)
		return by;
	if (signal_text(s))
		return false;
	return !LISTED(c, generic) || generic_is_bad(c);
}

void
compatend_finish(struct compat_state *s)
{
	struct compat *c = s->c;

	if (s->empty) {
		buf_reset(&c->type);
		buf_reset(&c->address);
		buf_reset(&c->state);
	} else {
		final_state(s);
		final_type(c);
		final_address(c);
	}
	c->security = security(s);
	c->severity = compatrate_severity(compat_str(&c->type),
	    compat_seen(s, C_ISSUE) ? s->text : STR(""), false, false);
}
