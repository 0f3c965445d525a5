# A target that fights back.  LAGO_MEAN=5000 for the long form.
load lib

@test "triage: a target that fights back takes nothing down and leaves nothing" {
	need cc jq
	run "$TOP/t/mean" "${LAGO_MEAN:-100}"
	echo "$output"
	[ "$status" -eq 0 ]
	command -v afl-clang-fast >/dev/null || return 0
	run "$TOP/t/mean" "${LAGO_MEAN:-100}" afl-clang-fast -static
	echo "$output"
	[ "$status" -eq 0 ]
}
