/*
 * libFuzzer: any bytes as a line of a merge control file.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Ilib \
 *	    t/fuzz/merge-fuzz.c lib/base/?*.c lib/corpus/merge.c \
 *	    lib/corpus/trace.c lib/corpus/inputs.c \
 *	    -lsqlite3 -lcrypto -lm -o merge-fuzz
 */
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "corpus/merge.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t *out = mem_array(size / 2 + 1, sizeof(*out)), file, n;
	enum merge_what what;

	if (merge_line(
		(const char *)data, size, false, &what, &file, out, &n) == 0)
		for (uint32_t i = 1; i < n; i++)
			if (out[i - 1] >= out[i])
				abort();
	free(out);
	return 0;
}
