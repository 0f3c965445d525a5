# lago-run, lago-dispatch and lago-import under SIGKILL.  LAGO_KILL9=20 for the
# long form.
load lib

@test "kill -9 at random moments loses nothing" {
	need zip bwrap jq sqlite3 lago-triage
	run "$TOP/t/kill9" "${LAGO_KILL9:-3}"
	echo "$output"
	[ "$status" -eq 0 ]
}
