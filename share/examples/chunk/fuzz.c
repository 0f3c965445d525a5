/* The reader as a libFuzzer target. */
#include "chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chunk_info info;

	chunk_parse(data, size, &info);
	return 0;
}
