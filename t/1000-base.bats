load lib

@test "base library: records, key=value, files, numbers, JSON, children" {
	run "$TOP/t/unit/base-test"
	echo "$output"
	[ "$status" -eq 0 ]
}
