load lib

@test "cluster: the measure, and clusters as of all compared with all" {
	run "$TOP/t/unit/similarity-test"
	echo "$output"
	[ "$status" -eq 0 ]
}
