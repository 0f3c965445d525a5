/* expat FILE: a document through libexpat; the file says "BUG N": which bug is
 * planted in the Nth event, of handlers and of the allocator. */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plant.h"

static char bug[100];
static int when, events;
static volatile int seen;

static void
event(const char *what)
{
	seen += what[0];
	if (++events == when)
		seen += plant(bug);
}

static void *
get(size_t n)
{
	void *p = malloc(n);

	event("malloc");
	return p;
}

static void *
resize(void *p, size_t n)
{
	p = realloc(p, n);
	event("realloc");
	return p;
}

static void
drop(void *p)
{
	if (p != NULL)
		event("free");
	free(p);
}

static void
on_start(void *u, const char *name, const char **attrs)
{
	event(name);
	seen += (u != NULL) + (attrs[0] != NULL);
}

static void
on_end(void *u, const char *name)
{
	event(name);
	seen += u != NULL;
}

static void
on_text(void *u, const char *s, int n)
{
	event(s);
	seen += n + (u != NULL);
}

static void
on_pi(void *u, const char *target, const char *data)
{
	event(target);
	seen += data[0] + (u != NULL);
}

static void
on_comment(void *u, const char *s)
{
	event(s);
	seen += u != NULL;
}

static void
on_entity(void *u, const char *name, int parameter, const char *value, int n,
    const char *base, const char *sys, const char *pub, const char *notation)
{
	event(name);
	seen +=
	    parameter + n + (value != sys) + (base != pub) + (notation != u);
}

static void
on_attlist(void *u, const char *element, const char *name, const char *type,
    const char *value, int required)
{
	event(element);
	seen += required + (name != type) + (value != u);
}

static const char document[] =
    "<?xml version='1.0'?>\n<!DOCTYPE shop [\n"
    "<!ENTITY % param 'text'>\n<!ENTITY name 'of &inner;'>\n"
    "<!ENTITY inner '<b>it</b>'>\n<!ATTLIST item price CDATA '3'>\n]>\n"
    "<?do this?><!-- a remark -->\n<shop xmlns:x='urn:x'>\n"
    "<item id='1' x:note='n'>text &name; &#65;</item>\n"
    "<item price='4'><![CDATA[more]]></item></shop>\n";

static int
parse(const char *text, size_t n)
{
	static const XML_Memory_Handling_Suite memory = {get, resize, drop};
	XML_Parser p = XML_ParserCreate_MM("UTF-8", &memory, "|");
	int ok;

	if (p == NULL)
		return 1;
	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	XML_SetProcessingInstructionHandler(p, on_pi);
	XML_SetCommentHandler(p, on_comment);
	XML_SetEntityDeclHandler(p, on_entity);
	XML_SetAttlistDeclHandler(p, on_attlist);
	ok = XML_Parse(p, text, (int)n / 2, 0) == XML_STATUS_OK &&
	     XML_Parse(p, text + n / 2, (int)(n - n / 2), 1) == XML_STATUS_OK;
	XML_ParserFree(p);
	return !ok;
}

int
main(int argc, char **argv)
{
	FILE *fp;
	int rc;

	if (argc < 2 || (fp = fopen(argv[1], "r")) == NULL)
		return 64;
	if (fscanf(fp, "%99s %d", bug, &when) != 2)
		return 65;
	fclose(fp);
	rc = parse(document, sizeof(document) - 1);
	/* What no event comes to is planted in none. */
	return rc;
}
