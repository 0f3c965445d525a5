load lib
load home

# The lines "$ command" of a page's EXAMPLES, as a person would type them.
page_examples() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE ALSO/p' "$1" | sed -n 's/^\$ //p' |
		sed 's/\\e/\\/g; s/\\&//g'
}

# A directory as the pages expect it: a home with results, a bundle,
# a target, a corpus, crash inputs, a log.
prepare() {
	rm -rf "$LAGO_HOME" "$BATS_TEST_TMPDIR/here"
	mkdir -p "$LAGO_HOME" "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here" || return 1
	cp "$EXAMPLES/chunk-libfuzzer.zip" bundle.zip
	cp "$EXAMPLES/chunk-libfuzzer" target
	cp -R "$EXAMPLES/seeds" corpus
	cp "$EXAMPLES/crashes/palette-write" crash-input
	./target crash-input >log.txt 2>&1 || true
	fake_home >/dev/null
}

@test "pages: every example of every command runs as printed" {
	need jq sqlite3
	examples
	local bad=
	for page in "$TOP"/man/lago-*.1; do
		page_examples "$page" >"$BATS_TEST_TMPDIR/list"
		[ -s "$BATS_TEST_TMPDIR/list" ] || {
			echo "${page##*/}: no example"
			bad=1
		}
		while read -r line <&3; do
			prepare
			timeout 60 bash -o pipefail -c "$line" </dev/null \
				>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- || {
				echo "${page##*/}: status $?: $line"
				head -5 "$BATS_TEST_TMPDIR/out"
				bad=1
			}
		done 3<"$BATS_TEST_TMPDIR/list"
	done
	[ -z "$bad" ]
}
