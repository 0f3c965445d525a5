load lib

@test "cluster: judging and placing" {
	run "$TOP/t/unit/cluster-test"
	echo "$output"
	[ "$status" -eq 0 ]
}
