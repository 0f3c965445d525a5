#include "report/pen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/plain.h"

enum { COLUMNS = 80, INDENT = 13, VALUE = 2000 };

void
pen_start(struct pen *p, struct buf *to, bool md)
{
	memset(p, 0, sizeof(*p));
	p->to = to;
	p->md = md;
}

void
pen_end(struct pen *p)
{
	buf_release(&p->said);
}

void
pen_words(struct pen *p, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = mem_strdup("?");
	va_end(ap);
	buf_adds(&p->said, text);
	free(text);
}

void
pen_plain(struct pen *p, const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1);
	bool cut = n > max;

	if (cut)
		for (n = max; n > 0 && (s[n] & 0xc0) == 0x80; n--)
			;
	plain_add(&p->said, s, n);
	if (cut)
		buf_adds(&p->said, "...");
}

/* The longest run of backticks. */
static size_t
ticks(const char *s)
{
	size_t most = 0, n;

	for (; *s != '\0'; s += n == 0 ? 1 : n) {
		n = strspn(s, "`");
		most = n > most ? n : most;
	}
	return most;
}

static void
add_ticks(struct buf *b, size_t n)
{
	while (n-- > 0)
		buf_addc(b, '`');
}

/* A code span, whose text is never markup; but a bar ends a table's cell. */
static void
span(struct buf *b, const char *s, bool cell)
{
	size_t n = ticks(s) + 1;
	const char *pad = n > 1 || *s == ' ' || *s == '\0' ? " " : "";

	add_ticks(b, n);
	buf_adds(b, pad);
	for (; *s != '\0'; s++)
		if (cell && *s == '|')
			buf_adds(b, "\\x7c");
		else
			buf_addc(b, *s);
	buf_adds(b, pad);
	add_ticks(b, n);
}

void
pen_value_max(struct pen *p, const char *s, size_t max)
{
	struct pen inner = {0};

	if (!p->md) {
		pen_plain(p, s, max);
		return;
	}
	pen_plain(&inner, s, max);
	span(&p->said, buf_str(&inner.said), p->cell);
	pen_end(&inner);
}

void
pen_value(struct pen *p, const char *s)
{
	pen_value_max(p, s, VALUE);
}

void
pen_prose(struct pen *p, const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789 ,;()'-";

	if (strlen(s) <= VALUE && s[strspn(s, plain)] == '\0')
		buf_adds(&p->said, s);
	else
		pen_value(p, s);
}

void
pen_title(struct pen *p)
{
	if (p->said.len == 0)
		return;
	buf_addf(p->to, "%s%s\n\n", p->md ? "### " : "", p->said.p);
	buf_reset(&p->said);
}

void
pen_gap(struct pen *p)
{
	p->gap = true;
}

/* Columns that a word takes: characters, which is right but for wide ones. */
static size_t
width(const char *s, size_t n)
{
	size_t w = 0, i;

	for (i = 0; i < n; i++)
		w += (s[i] & 0xc0) != 0x80;
	return w;
}

/* Words from column on, each line after the first indented; a word that is too
 * long for a line stays whole, so that it can be copied. */
static void
wrap(struct buf *b, const char *s, size_t column)
{
	size_t n, w;
	bool first = true;

	for (; *s != '\0'; s += n + strspn(s + n, " ")) {
		n = strcspn(s, " ");
		w = width(s, n);
		if (!first && column + 1 + w > COLUMNS) {
			buf_addf(b, "\n%*s", INDENT, "");
			column = INDENT;
		} else if (!first) {
			buf_addc(b, ' ');
			column++;
		}
		buf_add(b, s, n);
		column += w;
		first = false;
	}
	buf_addc(b, '\n');
}

void
pen_field(struct pen *p, const char *name)
{
	char label[32];

	if (p->said.len == 0)
		return;
	buf_adds(p->to, p->gap ? "\n" : "");
	p->gap = false;
	if (p->md) {
		buf_addf(p->to, "- **%s:** %s\n", name, p->said.p);
	} else {
		snprintf(label, sizeof(label), "%s:", name);
		buf_addf(p->to, "%-*s ", INDENT - 1, label);
		wrap(p->to, p->said.p + strspn(p->said.p, " "), INDENT);
	}
	buf_reset(&p->said);
}

void
pen_block(struct pen *p, const char *name)
{
	char *line, *rest, *text;
	size_t n;

	if (p->said.len == 0)
		return;
	text = rest = buf_take(&p->said);
	n = ticks(text) < 3 ? 3 : ticks(text) + 1;
	buf_addc(p->to, '\n');
	if (name != NULL)
		buf_addf(p->to, p->md ? "**%s**\n\n" : "%s:\n\n", name);
	if (p->md) {
		add_ticks(p->to, n);
		buf_addc(p->to, '\n');
	}
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			buf_addf(p->to, "%s%s\n", p->md ? "" : "    ", line);
	if (p->md) {
		add_ticks(p->to, n);
		buf_addc(p->to, '\n');
	}
	free(text);
}
