load lib

@test "job layer: numbers, settings, .options, names in archives" {
	run "$TOP/t/unit/job-test"
	echo "$output"
	[ "$status" -eq 0 ]
}
