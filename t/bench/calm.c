/* calm [file]: a target that never crashes, for measuring: reads lines
 * "name = value" and sections, a process for each input. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static unsigned sections, pairs, numbers, errors;

static void
line(const char *s)
{
	const char *is = strchr(s, '=');

	while (isspace((unsigned char)*s))
		s++;
	if (*s == '\0' || *s == '#')
		return;
	if (*s == '[')
		strchr(s, ']') != NULL ? sections++ : errors++;
	else if (is == NULL || is == s)
		errors++;
	else {
		pairs++;
		for (is++; *is == ' '; is++)
			;
		if (strncmp(is, "0x", 2) == 0 && isxdigit((unsigned char)is[2]))
			numbers += 2;
		else if (isdigit((unsigned char)*is))
			numbers++;
	}
}

int
main(int argc, char **argv)
{
	FILE *in = argc > 1 ? fopen(argv[1], "r") : stdin;
	char buf[256];

	if (in == NULL)
		return 2;
	while (fgets(buf, sizeof buf, in) != NULL)
		line(buf);
	printf("%u %u %u %u\n", sections, pairs, numbers, errors);
	return 0;
}
