/*
 * Statements of SQL: create table, insert, select; the first that is wrong ends
 * it.  Bug: a select in parentheses is ordered by a column that its table, of
 * two columns and more, does not have.  Another one: more than 30 parentheses.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { TABLES = 64, COLUMNS = 16, NAME = 32 };

static struct table {
	char name[NAME], column[COLUMNS][NAME];
	int columns;
} table[TABLES];
static int tables, depth;
static const char *at, *end;
static char token[NAME];

static void
advance(void)
{
	size_t n = 0;

	for (;;) {
		while (at < end && isspace((unsigned char)*at))
			at++;
		if (end - at < 2 || at[0] != '-' || at[1] != '-')
			break;
		while (at < end && *at != '\n')
			at++;
	}
	if (at < end && *at == '\'') {
		token[n++] = *at++;
		while (at < end && *at != '\'')
			at++;
		at += at < end;
	} else if (at < end && (isalnum((unsigned char)*at) || *at == '_')) {
		while (at < end && (isalnum((unsigned char)*at) || *at == '_'))
			if (n < NAME - 1)
				token[n++] = *at++;
			else
				at++;
	} else if (at < end) {
		token[n++] = *at++;
	}
	token[n] = '\0';
}

static int
is(const char *what)
{
	if (strcasecmp(token, what) != 0)
		return 0;
	advance();
	return 1;
}

static int
name(char *to)
{
	if (!isalpha((unsigned char)token[0]))
		return 0;
	strcpy(to, token);
	advance();
	return 1;
}

static int
column(const struct table *t, const char *name_)
{
	for (int i = 0; t != NULL && i < t->columns; i++)
		if (strcasecmp(t->column[i], name_) == 0)
			return i;
	return -1;
}

__attribute__((noinline)) static void
sort_by(const struct table *t, int number)
{
	static int keys[COLUMNS];

	if (t->columns > 1 && number < 0)
		abort();
	keys[number < 0 ? 0 : number]++;
}

__attribute__((noinline)) static void
too_deep(void)
{
	abort();
}

static int expression(void);

static int
query(void)
{
	struct table *t = NULL;
	char text[NAME];

	do {
		if (!is("*") && !expression())
			return 0;
		if (is("as") && !name(text))
			return 0;
	} while (is(","));
	if (!is("from") || !name(text))
		return 0;
	for (int i = 0; i < tables; i++)
		if (strcasecmp(table[i].name, text) == 0)
			t = &table[i];
	if (t == NULL || (is("where") && !expression()))
		return 0;
	if (is("order")) {
		if (!is("by") || !name(text))
			return 0;
		if (depth > 0)
			sort_by(t, column(t, text));
	}
	return !is("limit") || expression();
}

static int
term(void)
{
	int ok;

	if (is("(")) {
		if (++depth > 30)
			too_deep();
		ok = is("select") ? query() : expression();
		depth--;
		return ok && is(")");
	}
	if (!isalnum((unsigned char)token[0]) && token[0] != '\'')
		return 0;
	advance();
	return 1;
}

static int
expression(void)
{
	static const char *const between[] = {
	    "+", "-", "*", "/", "=", "<", ">", "and", "or", "in", "like"};

	for (;;) {
		size_t i = 0;

		if (!term())
			return 0;
		while (i < sizeof between / sizeof *between && !is(between[i]))
			i++;
		if (i == sizeof between / sizeof *between)
			return 1;
	}
}

static int
create(void)
{
	struct table *t = &table[tables];
	char type[NAME];

	if (tables == TABLES || !is("table") || !name(t->name) || !is("("))
		return 0;
	t->columns = 0;
	do {
		if (t->columns == COLUMNS || !name(t->column[t->columns++]))
			return 0;
		while (name(type))
			;
	} while (is(","));
	tables++;
	return is(")");
}

static int
insert(void)
{
	char text[NAME];

	if (!is("into") || !name(text) || !is("values"))
		return 0;
	do {
		if (!is("("))
			return 0;
		do {
			if (!expression())
				return 0;
		} while (is(","));
		if (!is(")"))
			return 0;
	} while (is(","));
	return 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int ok = 1;

	tables = depth = 0;
	at = (const char *)p;
	end = at + n;
	advance();
	while (ok && token[0] != '\0') {
		ok = is("create")   ? create()
		     : is("insert") ? insert()
		     : is("select") ? query()
				    : 0;
		ok = ok && is(";");
	}
	return 0;
}
