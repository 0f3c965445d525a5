load lib

setup_file() {
	load lib
	examples
	export EXAMPLES
}

# triage OPTION... -- COMMAND...: the crashes of the example, a line each:
# name, bucket, kind, the first three functions.
triage() {
	lago-triage -j -r 1 -t 1 "$@" |
		jq -r '[(.input | sub(".*/"; "")), .bucket, .kind] + .top |
			@tsv' | sort
}

# planted BUILD...: what bugs.tsv says of those that show in these.
planted() {
	awk -F '\t' -v OFS='\t' -v builds=" $* " '
		/^#/ || !index(builds, " " $2 " ") { next }
		{ print $1, $3, $4, $5, $6 }' \
		"$TOP/share/examples/chunk/bugs.tsv" | sort
}

inputs() {
	planted "$@" | cut -f 1 | sed "s|^|$EXAMPLES/crashes/|"
}

@test "each planted bug has its kind and frames, in both builds the same bucket" {
	need jq
	cd "$BATS_TEST_TMPDIR"
	mapfile -t files < <(inputs any leak)
	triage "${files[@]}" -- "$EXAMPLES/chunk-libfuzzer" >libfuzzer
	triage -x env.ASAN_OPTIONS=detect_leaks=1 "${files[@]}" -- \
		"$EXAMPLES/chunk-afl" @@ >afl
	diff -u <(planted any leak) <(cut -f 1,3- libfuzzer)
	diff -u libfuzzer afl
	[ "$(cut -f 2 afl | sort -u | wc -l)" = "${#files[@]}" ]
}

@test "the bugs that only MSan or UBSan sees" {
	need jq
	for build in msan ubsan; do
		mapfile -t files < <(inputs $build)
		triage "${files[@]}" -- "$EXAMPLES/chunk-$build" @@ |
			cut -f 1,3- | diff -u <(planted $build) -
	done
}

@test "without a sanitizer the bugs that kill have the same names" {
	need jq
	cd "$BATS_TEST_TMPDIR"
	names='background-null|list-endless|pixel-assert|anim-hang'
	planted any | grep -E "^($names)" >expected
	mapfile -t files < <(cut -f 1 expected | sed "s|^|$EXAMPLES/crashes/|")
	triage "${files[@]}" -- "$EXAMPLES/chunk-plain" @@ | cut -f 1,3- |
		diff -u expected -
}

@test "the committed seeds and crashes are what make-seeds makes; seeds are clean" {
	"$TOP/share/examples/chunk/make-seeds" "$BATS_TEST_TMPDIR/made"
	for d in seeds crashes; do
		diff -r "$TOP/share/examples/chunk/$d" "$BATS_TEST_TMPDIR/made/$d"
	done
	for seed in "$EXAMPLES"/seeds/*; do
		run --separate-stderr "$EXAMPLES/chunk-asan" "$seed"
		[ "$status" = 0 ]
		[[ $output == *' 0 warnings'* ]]
	done
}

@test "build does again only what is older than its sources" {
	cd "$BATS_TEST_TMPDIR"
	cp -R "$TOP/share/examples" examples
	touch -d '1 hour ago' examples/build examples/chunk examples/chunk/* \
		examples/chunk/*/*
	mkdir out
	for f in "$EXAMPLES"/chunk*; do
		cp "$f" out
	done
	cp -R "$EXAMPLES/seeds" "$EXAMPLES/crashes" out
	touch -d '5 minutes ago' out/* out/*/*
	touch -d '1 minute ago' stamp examples/chunk/main.c
	examples/build out
	(cd out && find . -newer ../stamp -type f) | sort >made
	diff -u made - <<-'END'
	./chunk-afl
	./chunk-afl-plain
	./chunk-afl.zip
	./chunk-asan
	./chunk-msan
	./chunk-plain
	./chunk-ubsan
	END
	examples/build out
	[ "$(find out -newer made -type f | wc -l)" = 0 ]
}

@test "the bundles are fit for lago-submit" {
	for driver in afl libfuzzer; do
		run --separate-stderr lago-submit -N "$EXAMPLES/chunk-$driver.zip"
		[ "$status" = 0 ]
	done
}
