/* chunk [file]: what is in a chunk file.  1: it is none. */
#include <stdio.h>
#include <stdlib.h>

#include "chunk.h"

enum { MAX_SIZE = 1 << 20 };

/* A whole file in memory of its very size, so that a sanitizer sees every
 * step beyond it. */
static uint8_t *
read_file(FILE *in, size_t *size)
{
	static uint8_t buf[MAX_SIZE];
	uint8_t *data;
	size_t i;

	*size = fread(buf, 1, sizeof buf, in);
	if ((data = malloc(*size + (*size == 0))) == NULL)
		return NULL;
	for (i = 0; i < *size; i++)
		data[i] = buf[i];
	return data;
}

/* Say what is in a file. */
static int
show(const char *path)
{
	FILE *in = fopen(path, "rb");
	struct chunk_info info;
	uint8_t *data;
	size_t size;
	int rc;

	if (in == NULL || (data = read_file(in, &size)) == NULL) {
		perror(path);
		return 2;
	}
	rc = chunk_parse(data, size, &info);
	free(data);
	fclose(in);
	if (rc != 0) {
		fprintf(stderr, "not a chunk file\n");
		return 1;
	}
	printf("%ux%u, %u texts, %u warnings, sum %u\n", info.width,
	    info.height, info.texts, info.warnings, info.sum);
	return 0;
}

int
main(int argc, char **argv)
{
	int rc = 2;

#ifdef __AFL_LOOP /* under afl-fuzz a process reads many files */
	while (__AFL_LOOP(10000))
#endif
		rc = show(argc > 1 ? argv[1] : "/dev/stdin");
	return rc;
}
