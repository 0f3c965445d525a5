/* The XML parser of libxml2 as a target: of libFuzzer, or with -DFILE_MAIN a
 * program that reads a file, many of them under afl-fuzz. */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdint.h>
#include <stdio.h>

static void
quiet(void *context, const char *format, ...)
{
	(void)context;
	(void)format;
}

static void
one(const uint8_t *data, size_t size)
{
	xmlDoc *doc;
	xmlChar *text = NULL;
	int len;

	xmlSetGenericErrorFunc(NULL, quiet);
	doc = xmlReadMemory((const char *)data, (int)size, "input.xml", NULL,
	    XML_PARSE_NONET | XML_PARSE_RECOVER | XML_PARSE_NOENT);
	if (doc != NULL)
		xmlDocDumpMemory(doc, &text, &len);
	xmlFree(text);
	xmlFreeDoc(doc);
	xmlResetLastError();
}

#ifdef FILE_MAIN
int
main(int argc, char **argv)
{
	static uint8_t data[1 << 20];
	size_t size;
	FILE *in;

#ifdef __AFL_LOOP
	while (__AFL_LOOP(10000))
#endif
	{
		in = fopen(argc > 1 ? argv[1] : "/dev/stdin", "rb");
		if (in == NULL) {
			perror("cannot open the input");
			return 2;
		}
		size = fread(data, 1, sizeof data, in);
		fclose(in);
		one(data, size);
	}
	return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	one(data, size);
	return 0;
}
#endif
