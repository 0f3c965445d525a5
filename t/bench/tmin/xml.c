/*
 * Expat.  Bug: an attribute href of 12 bytes and more in an element that is at
 * least the fourth deep, when a processing instruction was seen.  Another: a
 * comment of more than 200 bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "expat.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int depth, instructions;

__attribute__((noinline)) static void
follow(const char *href)
{
	if (strlen(href) >= 12)
		abort();
}

static void XMLCALL
start(void *arg, const XML_Char *name, const XML_Char **atts)
{
	(void)arg;
	(void)name;
	depth++;
	for (; atts[0] != NULL; atts += 2)
		if (strcmp(atts[0], "href") == 0 && depth >= 4 && instructions)
			follow(atts[1]);
}

static void XMLCALL
end(void *arg, const XML_Char *name)
{
	(void)arg;
	(void)name;
	depth--;
}

static void XMLCALL
instruction(void *arg, const XML_Char *target, const XML_Char *data)
{
	(void)arg;
	(void)target;
	(void)data;
	instructions++;
}

static void XMLCALL
comment(void *arg, const XML_Char *text)
{
	(void)arg;
	if (strlen(text) > 200)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	XML_Parser x = XML_ParserCreate(NULL);

	depth = instructions = 0;
	XML_SetHashSalt(x, 1);
	XML_SetElementHandler(x, start, end);
	XML_SetProcessingInstructionHandler(x, instruction);
	XML_SetCommentHandler(x, comment);
	XML_Parse(x, (const char *)p, (int)n, 1);
	XML_ParserFree(x);
	return 0;
}
