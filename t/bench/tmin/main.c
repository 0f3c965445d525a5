/* A fuzz target as a program that reads the file of its argument. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
main(int argc, char **argv)
{
	FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
	size_t room = 1 << 22, n;
	uint8_t *p = malloc(room);

	if (f == NULL || p == NULL)
		return 64;
	n = fread(p, 1, room, f);
	fclose(f);
	p = realloc(p, n ? n : 1); /* its end is where the input's is */
	LLVMFuzzerTestOneInput(p, n);
	free(p);
	return 0;
}
