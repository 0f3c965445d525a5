/* Expat as a target of libFuzzer or of AFL++'s driver for such targets; with
 * -DFILE_MAIN a program that reads a file. */
#include <expat.h>
#include <stdint.h>
#include <stdio.h>

static void
start(void *count, const XML_Char *name, const XML_Char **attribute)
{
	(void)name;
	(void)attribute;
	++*(int *)count;
}

static void
end(void *count, const XML_Char *name)
{
	(void)name;
	--*(int *)count;
}

static void
text(void *count, const XML_Char *s, int len)
{
	(void)s;
	*(int *)count += len & 0;
}

static void
instruction(void *count, const XML_Char *target, const XML_Char *data)
{
	(void)count;
	(void)target;
	(void)data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	XML_Parser p = XML_ParserCreate(NULL);
	int count = 0;

	XML_SetHashSalt(p, 0x12345678); /* else coverage is chance */
	/* else one input takes longer than 1000 others */
	XML_SetBillionLaughsAttackProtectionActivationThreshold(p, 1 << 16);
	XML_SetUserData(p, &count);
	XML_SetElementHandler(p, start, end);
	XML_SetCharacterDataHandler(p, text);
	XML_SetProcessingInstructionHandler(p, instruction);
	XML_SetParamEntityParsing(p, XML_PARAM_ENTITY_PARSING_ALWAYS);
	XML_Parse(p, (const char *)data, (int)size, 1);
	XML_ParserFree(p);
	return 0;
}

#ifdef FILE_MAIN
int
main(int argc, char **argv)
{
	static uint8_t data[1 << 20];
	FILE *in = fopen(argc > 1 ? argv[1] : "/dev/stdin", "rb");

	if (!in)
		return 2;
	LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof data, in));
	fclose(in);
	return 0;
}
#endif
