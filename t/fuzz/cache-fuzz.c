/*
 * libFuzzer: any bytes as the cache of lago-minimize.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Ilib \
 *	    t/fuzz/cache-fuzz.c lib/base/?*.c lib/corpus/cache.c \
 *	    lib/corpus/contents.c lib/corpus/inputs.c lib/corpus/trace.c \
 *	    -lsqlite3 -lcrypto -lm -o cache-fuzz
 *	./cache-fuzz corpus
 *
 * The check sum is made right, or nothing would come behind it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "corpus/cache.h"
#include "corpus/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
one_trace(const struct trace *t, void *arg)
{
	uint32_t *out = malloc((t->n + 1) * sizeof *out);

	++*(uint32_t *)arg;
	if (out)
		trace_unpack(t->packed, t->len, out, t->n);
	free(out);
}

static void
one_entry(const struct cache_entry *e, void *arg)
{
	if (e->state == INPUT_TRACED && e->trace >= *(uint32_t *)arg)
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t traces = 0;
	struct cache_take take = {one_trace, one_entry, &traces};
	uint8_t *p = malloc(size + 1);
	uint64_t check, len;

	if (!p)
		return 0;
	memcpy(p, data, size);
	if (size >= 40) {
		memcpy(p, "lagotrc1", 8);
		len = size - 40;
		memcpy(p + 8, &len, 8);
		check = trace_hash(p + 40, (uint32_t)len);
		memcpy(p + 16, &check, 8);
	}
	if (cache_parse(p, size, &take) > size)
		__builtin_trap();
	free(p);
	return 0;
}
