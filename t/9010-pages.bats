load lib
load home

# The lines "$ command" of a page's EXAMPLES, as a person would type them.
page_examples() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE ALSO/p' "$1" | sed -n 's/^\$ //p' |
		sed 's/\\e/\\/g; s/\\&//g'
}

# A directory as the pages expect it: a home with results, a bundle, a target, a
# corpus, crash inputs, a log.  Made once, copied for each page.
prepare() {
	mkdir -p "$LAGO_HOME" "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here" || return 1
	cp "$EXAMPLES/chunk-libfuzzer.zip" bundle.zip
	cp "$EXAMPLES/chunk-libfuzzer" target
	cp -R "$EXAMPLES/seeds" corpus
	cp "$EXAMPLES/crashes/palette-write" crash-input
	./target crash-input >log.txt 2>&1 || true
	fake_home >/dev/null
	fake_job 3 tag=nightly
	lago-import -q
	cp -R "$BATS_TEST_TMPDIR/here" "$BATS_TEST_TMPDIR/here.new"
	cp -R "$LAGO_HOME" "$LAGO_HOME.new"
}

renew() {
	cd / || return 1
	rm -rf "$LAGO_HOME" "$BATS_TEST_TMPDIR/here"
	cp -R "$LAGO_HOME.new" "$LAGO_HOME"
	cp -R "$BATS_TEST_TMPDIR/here.new" "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here" || return 1
}

@test "pages: the examples of every command run as printed, in their order" {
	need jq sqlite3
	examples
	local bad=
	prepare
	for page in "$TOP"/man/lago-*.1; do
		page_examples "$page" >"$BATS_TEST_TMPDIR/list"
		[ -s "$BATS_TEST_TMPDIR/list" ] || {
			echo "${page##*/}: no example"
			bad=1
		}
		renew
		while read -r line <&3; do
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
