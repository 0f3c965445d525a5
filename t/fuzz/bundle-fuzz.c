/*
 * libFuzzer: any bytes as a bundle, checked and resolved.  libarchive asks for
 * gigabytes and is refused, hence the two options:
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Ilib \
 *	    t/fuzz/bundle-fuzz.c lib/base/?*.c lib/job/?*.c \
 *	    -lsqlite3 -larchive -lcrypto -lm -o bundle-fuzz
 *	ASAN_OPTIONS=allocator_may_return_null=1 \
 *	    ./bundle-fuzz -malloc_limit_mb=100000 corpus
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/kv.h"
#include "job/bundle.h"
#include "job/jobfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bundle_limits limits = {1 << 20, 1000};
	struct kv job = {0};
	struct bundle b;
	struct fail f;
	size_t i;
	int fd;

	if ((fd = memfd_create("bundle", MFD_CLOEXEC)) == -1 ||
	    file_write_fd(fd, data, size) == -1)
		__builtin_trap();
	if (bundle_check(fd, "fuzz", &limits, &b, &f) == 0)
		for (i = 0; i < b.n; i++) {
			jobfile_resolve(&b, b.targets[i].name, "fuzz", NULL,
			    NULL, &job, NULL, &f);
			kv_release(&job);
		}
	bundle_release(&b);
	close(fd);
	return 0;
}
