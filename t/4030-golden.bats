load lib

# t/golden/logs: what programs really printed, and in t/golden/logs.tsv what is
# to be read there.

@test "golden: every log gives what its row in the table says" {
	need jq
	cd "$TOP/t/golden/logs"
	grep -v '^#' ../logs.tsv >"$BATS_TEST_TMPDIR/table"
	cut -f1 "$BATS_TEST_TMPDIR/table" | sed 's/$/.log/' >"$BATS_TEST_TMPDIR/names"
	printf '%s\n' *.log | sort | diff - <(sort "$BATS_TEST_TMPDIR/names")
	tr '\n' '\0' <"$BATS_TEST_TMPDIR/names" | lago-triage -0lj |
		jq -r 'def s: if . == null or . == "" or . == [] then "-"
				elif type == "array" then map(tostring) |
					join(" < ") | gsub("\n"; " ")
				else tostring | gsub("[\t\n]"; " ") end;
			[(.log | rtrimstr(".log")), (.tool | s), (.kind | s),
			(.access | s), (.access_size | s), (.address | s),
			(.signal | s), (.reports | s),
			([(.also // [])[] | .kind] | s), (.top | s),
			(.message | s)] | join("\t")' >"$BATS_TEST_TMPDIR/records"
	awk -F '\t' '
		BEGIN {
			split("log tool kind access size address signal " \
				"reports also top message", name, " ")
		}
		FNR == NR { for (i = 1; i <= 11; i++) is[FNR, i] = $i; next }
		{
			total++
			wrong = 0
			for (i = 1; i <= 11; i++) {
				want = $(i + (i > 1))
				if (want != is[FNR, i]) {
					wrong = 1
					printf "%s: %s is \"%s\", not \"%s\"\n",
						$1, name[i], is[FNR, i], want
				}
			}
			passed += !wrong
		}
		END { printf "%d/%d\n", passed, total }' \
		"$BATS_TEST_TMPDIR/records" "$BATS_TEST_TMPDIR/table" \
		>"$BATS_TEST_TMPDIR/out"
	cat "$BATS_TEST_TMPDIR/out"
	echo "# golden: $(tail -n 1 "$BATS_TEST_TMPDIR/out")" >&3
	run ! grep -q ' is "' "$BATS_TEST_TMPDIR/out"
}
