load lib

@test "job layer: numbers, settings, .options, names in archives" {
	run "$TOP/t/unit/job-test"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "the fuzzer of the bundle check builds and takes what it is given" {
	need clang bsdtar
	[ -z "$LAGO_ASAN" ] || skip "two sanitizers in one program"
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p good/corpus in
	printf '#!/bin/sh\n' >good/target
	bsdtar -cf in/a.tar -C good .
	bsdtar -c --format zip -f in/a.zip -C good .
	clang -fsanitize=fuzzer -D_GNU_SOURCE -I"$TOP/lib" -o fuzz \
		"$TOP/t/fuzz/bundle-fuzz.c" "$TOP/lib/liblago.a" \
		-lsqlite3 -larchive -lcrypto -ldw -lelf -liberty -lm
	run ./fuzz -runs=500 -max_len=20000 -malloc_limit_mb=100000 in
	echo "$output"
	[ "$status" -eq 0 ]
}
