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

# dump: all of the database.
dump() {
	sqlite3 "$LAGO_HOME/lago.db" .dump
}

# rebuilt: a database made anew from the files has the same rows.
rebuilt() {
	dump >"$BATS_TEST_TMPDIR/before"
	lago-import -a >/dev/null
	dump | diff "$BATS_TEST_TMPDIR/before" -
	rm "$LAGO_HOME"/lago.db*
	lago-import -a >/dev/null
	dump | diff "$BATS_TEST_TMPDIR/before" -
}

# bug_of FUNCTION: the bug that shows so at the top.
bug_of() {
	lago-crashes list -aj | jq -r --arg f "$1" 'select(.top | startswith($f)) | .id'
}

@test "crashes: merged bugs are one, now and later, and after a rebuild" {
	need jq sqlite3
	fake_home
	read=$(bug_of png_read) palette=$(bug_of png_palette) name=$(bug_of png_name)
	run lago-crashes merge "$read" "$palette"
	[ "$status" -eq 0 ]
	[ "$(cut -f 1,8 <<<"$output")" = "$read	3" ]
	[ "$(lago-crashes | wc -l)" -eq 2 ]
	[ "$(grep -c '	merge	' "$LAGO_HOME/events")" -eq 1 ]
	rebuilt
	# What comes later lands there too, and is no news.
	fake_crash 1 1 'crash d' png_palette >/dev/null
	[ "$(lago-import 1)" = '' ]
	[ "$(lago-crashes list "$read" | wc -l)" -eq 4 ]
	[ "$(lago-crashes | wc -l)" -eq 2 ]
	rebuilt
	# The old id still leads to it; a merged bug can be merged.
	[ "$(lago-crashes show -j "$palette" | jq -r .bug)" = "$read" ]
	[ "$(lago-crashes list "$palette" | wc -l)" -eq 4 ]
	lago-crashes merge "$name" "$palette"
	[ "$(lago-crashes -j | jq -r '.id, .crashes' | tr '\n' ' ')" = "$name 5 " ]
	rebuilt
	# A bucket that was merged comes out again under its old name.
	bucket=$(lago-crashes list -x each=group "$name" | awk -F '\t' \
		'$7 ~ /^png_palette/ { print $10; exit }')
	[ "$(lago-crashes split "$name" "$bucket" | cut -f 1,8)" = "$palette	2" ]
	[ "$(lago-crashes | wc -l)" -eq 2 ]
	rebuilt
	run lago-crashes merge "$name"
	[ "$status" -eq 64 ]
	run lago-crashes merge "$name" 0123456789ab
	[ "$status" -eq 66 ]
	fake_job 3 target=other project=other
	fake_run 3 1
	fake_crash 3 1 z png_read >/dev/null
	lago-import >/dev/null
	run lago-crashes merge "$name" "$(printf z | sha256sum | cut -c 1-20)"
	[ "$status" -eq 65 ]
	# A decision follows its crash into another bucket.
	fake_crash 1 1 'crash b' png_new >/dev/null
	lago-import 1 >/dev/null
	rebuilt
}

@test "crashes: a part that is split off is a bug of its own, now and later" {
	need jq sqlite3
	fake_home
	exact() {
		printf '%s' "$1" | sha256sum | cut -c 1-12
	}
	for i in 1 2 3; do
		fake_crash 1 1 "deep $i" png_read bucket_exact "\"$(exact deep)\"" \
			crash_line '"deep.c:7:1"'
	done >/dev/null
	fake_crash 1 1 other png_read bucket_exact "\"$(exact other)\"" >/dev/null
	lago-import 1 >/dev/null
	read=$(bug_of png_read)
	[ "$(lago-crashes list -x each=group "$read" | cut -f 2,3 | head -n 1)" = \
		"$(exact deep)	3" ]
	[ "$(lago-crashes list -j "$read" | wc -l)" -eq 6 ]
	[ "$(lago-crashes -j | jq -r "select(.id == \"$read\") | .groups")" -eq 3 ]
	run lago-crashes show "$read"
	[[ $output == *'3 in deep.c:7:1'*"$(exact deep)"* ]]
	[[ $output == *"$(exact other)"* ]]
	new=$(lago-crashes split "$read" "$(exact deep)" "$(exact other)" | cut -f 1)
	[ "$new" != "$read" ]
	[ "$(lago-crashes list "$new" | wc -l)" -eq 4 ]
	[ "$(lago-crashes list "$read" | wc -l)" -eq 2 ]
	rebuilt
	fake_crash 1 1 'deep 4' png_read bucket_exact "\"$(exact deep)\"" >/dev/null
	fake_crash 1 1 'crash e' png_read >/dev/null
	lago-import 1 >/dev/null
	[ "$(lago-crashes list "$new" | wc -l)" -eq 5 ]
	[ "$(lago-crashes list "$read" | wc -l)" -eq 3 ]
	run lago-crashes show "$read"
	[[ $output != *"$(exact deep)"* ]]
	rebuilt
	run lago-crashes split "$new" "$(exact deep)" "$(exact other)"
	[ "$status" -eq 65 ]
	run lago-crashes split "$new" 0123456789ab
	[ "$status" -eq 66 ]
	bucket=$(lago-crashes list -x each=group "$read" | cut -f 10 | head -n 1)
	run lago-crashes split "$read" "$bucket"
	[ "$status" -eq 65 ]
	lago-crashes merge "$read" "$new"
	[ "$(lago-crashes list "$read" | wc -l)" -eq 8 ]
	rebuilt
}
