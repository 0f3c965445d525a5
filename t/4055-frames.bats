load lib

# t/plant has bugs of every kind, t/bench/frames.sh real programs with them.

@test "frames: those that ASan's own symbolizer has, for bugs of every kind" {
	need clang clang++ llvm-symbolizer jq setarch
	cd "$BATS_TEST_TMPDIR"
	"$TOP/t/plant/build" asan clang clang++ -g -O1 -fsanitize=address
	"$TOP/t/plant/inputs" inputs
	mkdir work
	run "$TOP/t/plant/compare" asan inputs work "$PWD/asan/small" @@
	echo "$output"
	[ "$status" -eq 0 ]
	read -r crashes frames rest <<<"${lines[-1]}"
	[ "$crashes" -ge 70 ]
	[ "$frames" -gt 700 ]
}

@test "frames: of crashes without a report" {
	need gcc g++ jq
	cd "$BATS_TEST_TMPDIR"
	"$TOP/t/plant/build" plain gcc g++ -g -O1
	"$TOP/t/plant/inputs" inputs
	# What the machine does, not the compiler or the C library.
	cp "$TOP/t/golden/frames.plain" expected
	[ "$(uname -m)" = x86_64 ] || # the others do not trap, or know more
		sed -i -E '/^(call-far|divide|library-divide|made-code|trap)\t/d' \
			expected
	cut -f 1 expected | sed 's|^|inputs/|' |
		lago-triage -q -j -r 1 -- "$PWD/plain/small" @@ |
		jq -r '[(.input | sub(".*/"; "")), .kind, .access // "-",
			(.top | join(" < "))] | @tsv' | LC_ALL=C sort >found
	diff -u expected found
}

@test "frames: of the vdso, also when crashes elsewhere came before" {
	need gcc g++ jq
	cd "$BATS_TEST_TMPDIR"
	"$TOP/t/plant/build" plain gcc g++ -g -O1
	echo divide >a
	echo vdso >b
	lago-triage -q -j -r 1 -P 1 -- "$PWD/plain/small" @@ <<<$'a\nb' |
		jq -es '.[1].frames[0] | .mod == "[vdso]" and .fn != null'
}

@test "frames: a program without symbols: modules and offsets" {
	need gcc g++ jq
	cd "$BATS_TEST_TMPDIR"
	"$TOP/t/plant/build" plain gcc g++ -O1
	strip plain/small
	echo wild-write >input
	lago-triage -q -j -r 1 -- "$PWD/plain/small" @@ <<<input >record
	jq -e '.kind == "segv" and .access == "WRITE" and .address != null' record
	jq -e '[.frames[] | .mod + " " + (.off // "")][0:3] |
		all(test("/plain/small 0x[0-9a-f]+$"))' record
	jq -e '.top[0] | test("^small[+]0x")' record
	# The names that the dynamic linker needs are still there.
	echo library >input
	lago-triage -q -j -r 1 -- "$PWD/plain/small" @@ <<<input |
		jq -e '.top | index("plantlib_reads") != null'
}
