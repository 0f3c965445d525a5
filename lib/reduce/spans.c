#include "reduce/spans.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "reduce/units.h"

enum {
	OPEN = 512,   /* at a time */
	TAG = 4096,   /* bytes that a tag or a string may have */
	MOST = 200000 /* spans */
};

static size_t
moved(size_t at, size_t pos, size_t d)
{
	return at <= pos ? at : at >= pos + d ? at - d : pos;
}

struct open {
	char what; /* '<' or a bracket */
	size_t from, in, item;
	size_t name, len; /* of an element */
};

struct finder {
	const char *p;
	size_t n;
	struct spans *s;
	struct open open[OPEN];
	size_t depth, room;
};

static void
found(struct finder *f, size_t from, size_t to, size_t in, size_t out)
{
	struct spans *s = f->s;

	if (to <= from + 1 || s->n == MOST)
		return;
	if (s->n == f->room) {
		f->room = f->room ? 2 * f->room : 256;
		s->v = mem_grow(s->v, f->room, sizeof *s->v);
	}
	s->v[s->n++] = (struct span){from, to, in, out, SPAN_NONE};
}

static void
push(struct finder *f, char what, size_t from, size_t in, size_t len)
{
	if (f->depth < OPEN)
		f->open[f->depth++] =
		    (struct open){what, from, in, in, from + 1, len};
}

/* Behind the string that begins at i, or i + 1. */
static size_t
string(struct finder *f, size_t i)
{
	size_t k = i + 1;

	if (f->p[i] == '\'' && i > 0 && units_is_word(f->p[i - 1]))
		return k;
	for (; k < f->n && k < i + TAG && f->p[k] != '\n'; k++) {
		if (f->p[k] == '\\') {
			k++;
			continue;
		}
		if (f->p[k] != f->p[i])
			continue;
		found(f, i, k + 1, i + 1, k);
		return k + 1;
	}
	return i + 1;
}

/* The attributes of a tag from i on; where its '>' is, or 0. */
static size_t
tag_end(struct finder *f, size_t i)
{
	size_t attribute = 0, most = i + TAG;

	for (; i < f->n && i < most; i++) {
		char c = f->p[i];

		if (c == '>')
			return i;
		if (c == '<')
			return 0;
		if (isspace((unsigned char)c))
			attribute = i;
		if (c != '"' && c != '\'')
			continue;
		for (size_t k = i + 1; k < f->n && k < most; k++)
			if (f->p[k] == c) {
				found(f, i, k + 1, i + 1, k);
				if (attribute)
					found(f, attribute, k + 1, attribute,
					    attribute);
				i = k;
				break;
			}
	}
	return 0;
}

static void
close_tag(struct finder *f, size_t from, size_t end)
{
	const char *name = f->p + from + 2;
	size_t len = 0, d = f->depth;

	while (name + len < f->p + end && !isspace((unsigned char)name[len]))
		len++;
	while (d-- > 0) {
		struct open *o = &f->open[d];

		if (o->what != '<' || o->len != len ||
		    memcmp(f->p + o->name, name, len) != 0)
			continue;
		found(f, o->from, end + 1, o->in, from);
		f->depth = d;
		return;
	}
}

static size_t
tag(struct finder *f, size_t i)
{
	const char *end = NULL;
	size_t to, len = 1;
	char next = i + 1 < f->n ? f->p[i + 1] : ' ';

	if (f->n - i > 4 && !memcmp(f->p + i, "<!--", 4))
		end = memmem(f->p + i, f->n - i, "-->", 3);
	if (end) {
		found(f, i, (size_t)(end - f->p) + 3, i + 4,
		    (size_t)(end - f->p));
		return (size_t)(end - f->p) + 3;
	}
	if (!isalpha((unsigned char)next) && !strchr("/!?_", next))
		return i + 1;
	to = tag_end(f, i + 1);
	if (!to)
		return i + 1;
	if (next == '/') {
		close_tag(f, i, to);
	} else if (next == '!' || next == '?' || f->p[to - 1] == '/') {
		found(f, i, to + 1, i, i);
	} else {
		while (!isspace((unsigned char)f->p[i + len]) && i + len < to)
			len++;
		push(f, '<', i, to + 1, len - 1);
	}
	return to + 1;
}

static void
close_bracket(struct finder *f, size_t i)
{
	static const char pairs[] = "()[]{}";
	char opens = strchr(pairs, f->p[i])[-1];

	for (size_t d = f->depth; d-- > 0;) {
		struct open *o = &f->open[d];

		if (o->what != opens)
			continue;
		found(f, o->from, i + 1, o->in, i);
		if (o->item > o->in) /* the last one, with what parts it */
			found(f, o->item - 1, i, i, i);
		else
			found(f, o->in, i, i, i);
		f->depth = d;
		return;
	}
}

static void
separator(struct finder *f, size_t i)
{
	struct open *o;

	if (f->depth == 0)
		return;
	o = &f->open[f->depth - 1];
	found(f, o->item, i + 1, i, i);
	o->item = i + 1;
}

static size_t
indent(const char *p, size_t from, size_t to)
{
	size_t i = from;

	while (i < to && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i == to || p[i] == '\n' ? SPAN_NONE : i - from;
}

/* Lines that are deeper than the one before them belong to it, and perhaps the
 * next one too. */
static void
blocks(struct finder *f)
{
	struct units u = {0};
	size_t *deep, *stack, depth = 0;

	units_lines(f->p, f->n, &u);
	deep = mem_array(u.n + 1, sizeof *deep);
	stack = mem_array(u.n + 1, sizeof *stack);
	for (size_t i = 0; i <= u.n; i++) {
		deep[i] = i < u.n ? indent(f->p, u.at[i], u.at[i + 1]) : 0;
		if (deep[i] == SPAN_NONE)
			continue;
		while (depth > 0 && deep[stack[depth - 1]] >= deep[i]) {
			size_t first = stack[--depth];

			if (first + 1 >= i)
				continue;
			found(
			    f, u.at[first], u.at[i], u.at[first + 1], u.at[i]);
			if (i < u.n && deep[first] == deep[i])
				found(f, u.at[first], u.at[i + 1],
				    u.at[first + 1], u.at[i]);
		}
		stack[depth++] = i;
	}
	free(deep);
	free(stack);
	units_release(&u);
}

static int
by_place(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to > y->to ? -1 : x->to < y->to;
}

static int
by_size(const void *a, const void *b, void *arg)
{
	const struct span *v = arg;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	size_t x = v[i].to - v[i].from, y = v[k].to - v[k].from;

	return x != y ? (x > y ? -1 : 1) : i < k ? -1 : i > k;
}

/* The parent of each, and the longest first. */
static void
order(struct spans *s)
{
	size_t *by = mem_array(s->n + 1, sizeof *by), *place;
	size_t *stack = mem_array(s->n + 1, sizeof *stack), depth = 0;
	struct span *v;

	qsort(s->v, s->n, sizeof *s->v, by_place);
	for (size_t i = 0; i < s->n; i++) {
		while (depth > 0 && s->v[stack[depth - 1]].to < s->v[i].to)
			depth--;
		if (depth > 0)
			s->v[i].parent = stack[depth - 1];
		stack[depth++] = i;
		by[i] = i;
	}
	qsort_r(by, s->n, sizeof *by, by_size, s->v);
	place = stack;
	v = mem_array(s->n + 1, sizeof *v);
	for (size_t i = 0; i < s->n; i++) {
		v[i] = s->v[by[i]];
		place[by[i]] = i;
	}
	for (size_t i = 0; i < s->n; i++)
		if (v[i].parent != SPAN_NONE)
			v[i].parent = place[v[i].parent];
	free(s->v);
	s->v = v;
	free(by);
	free(stack);
}

void
spans_find(const char *p, size_t n, struct spans *s)
{
	struct finder *f = mem_alloc(sizeof *f);
	size_t i = 0;

	s->n = 0;
	free(s->v);
	s->v = NULL;
	f->p = p;
	f->n = n;
	f->s = s;
	while (i < n) {
		switch (p[i]) {
		case '<':
			i = tag(f, i);
			continue;
		case '"':
		case '\'':
		case '`':
			i = string(f, i);
			continue;
		case '(':
		case '[':
		case '{':
			push(f, p[i], i, i + 1, 0);
			break;
		case ')':
		case ']':
		case '}':
			close_bracket(f, i);
			break;
		case ',':
		case ';':
			separator(f, i);
			break;
		}
		i++;
	}
	blocks(f);
	if (s->n)
		order(s);
	free(f);
}

void
spans_shift(struct spans *s, size_t pos, size_t d)
{
	for (size_t i = 0; i < s->n; i++) {
		struct span *v = &s->v[i];

		v->from = moved(v->from, pos, d);
		v->to = moved(v->to, pos, d);
		v->in = moved(v->in, pos, d);
		v->out = moved(v->out, pos, d);
	}
}

void
spans_release(struct spans *s)
{
	free(s->v);
	memset(s, 0, sizeof *s);
}
