load lib
load home

@test "crashes: similar compares crashes, bugs and logs" {
	need jq
	fake_home
	a=$(printf 'crash a' | sha256sum | cut -c 1-20)
	b=$(printf 'crash b' | sha256sum | cut -c 1-20)
	bug=$(lago-crashes | head -n 1 | cut -f 1)
	[ "$(lago-crashes similar "$a" "$a")" = 1.0000 ]
	[ "$(lago-crashes similar "$bug" "$bug")" = 1.0000 ]
	[ "$(printf '%s\n' "$a" "$b" | lago-crashes similar)" = \
		"$(lago-crashes similar "$b" "$a")" ]
	cat >"$BATS_TEST_TMPDIR/log" <<'END'
==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000014 at pc 0x0001 bp 0x0002 sp 0x0003
READ of size 4 at 0x602000000014 thread T0
    #0 0x4f1234 in png_read png.c:42:7
    #1 0x4f1300 in png_decode png.c:99:3
    #2 0x4f1400 in LLVMFuzzerTestOneInput fuzz.c:12:1
END
	[ "$(lago-crashes similar "$a" "$BATS_TEST_TMPDIR/log")" = 1.0000 ]
	# No home is needed for logs.
	rm -r "$LAGO_HOME"
	[ "$(lago-crashes similar -j "$BATS_TEST_TMPDIR/log" "$BATS_TEST_TMPDIR/log")" = \
		'{"similarity":1.0000}' ]
	run lago-crashes similar "$BATS_TEST_TMPDIR/log"
	[ "$status" -eq 64 ]
	echo 'all went well' >"$BATS_TEST_TMPDIR/good"
	run lago-crashes similar "$BATS_TEST_TMPDIR/log" "$BATS_TEST_TMPDIR/good"
	[ "$status" -eq 65 ]
}
