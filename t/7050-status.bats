load lib
load home

@test "status: jobs, one job with its runs, nodes, a series" {
	need jq
	fake_home
	# Job 1 ended long ago; job 2 waits.
	[ "$(lago-status | cut -f 1,2)" = '2	queued' ]
	[ "$(lago-status -a | cut -f 1,2)" = '1	done
2	queued' ]
	[ "$(lago-status 1 | cut -f 1,2,3)" = '1	done	deadline
1.1	done	deadline' ]
	[ "$(lago-status -j 1 | jq -sc '.[0].id, .[1].id, .[1].execs')" = '1
"1.1"
5000' ]
	[ "$(lago-status nodes | cut -f 1,2,3)" = 'local	online	local' ]
	echo 'big ssh:big.example 64 256000 gpu,fast # in the cellar' >"$LAGO_HOME/nodes"
	lago-import
	[ "$(lago-status nodes | cut -f 1-6)" = 'big	online	ssh:big.example	64	256000	gpu,fast' ]
	fake_stat 1 1 20
	printf '30\t1' >>"$LAGO_HOME/jobs/1/runs/1/stats.tsv"
	[ "$(lago-status 1.1 | cut -f 1,2,6)" = '1.1	10	5000
1.1	20	10000' ]
	[ "$(lago-status -j 1.1 | jq -s '.[1].execs_per_sec')" = 500 ]
	[ "$(lago-status -a | lago-status - | wc -l)" -eq 3 ]
}

@test "status: only what was asked for; unknown ids are 66" {
	fake_job 1 tag=nightly
	printf 'tag=arm\n' >>"$LAGO_HOME/jobs/1/job"
	fake_job 2 tag=nightly
	fake_job 3
	lago-import
	[ "$(lago-status -g nightly | cut -f 1 | tr '\n' ' ')" = '1 2 ' ]
	[ "$(lago-status -g nightly -g arm -g nightly | cut -f 1)" = 1 ]
	run lago-status -g night
	[ "$status" -eq 1 ]
	[ "$output" = '' ]
	for id in 9 1.1 x 0 -1. '1;'; do
		run --separate-stderr lago-status -- "$id"
		[ "$status" -eq 66 ]
		[ -n "$stderr" ]
	done
	run --separate-stderr lago-status 2 9 3
	[ "$status" -eq 66 ]
	[ "${#lines[@]}" -eq 2 ]
	run --separate-stderr lago-status -H "$BATS_TEST_TMPDIR/none"
	[ "$status" -eq 66 ]
	run lago-status -a 1
	[ "$status" -eq 64 ]
}

@test "status: says what finds nothing, executes nothing or is not stable" {
	fake_job 1
	fake_run 1 1 state=running end=
	stats=$LAGO_HOME/jobs/1/runs/1/stats.tsv
	printf '%s\n' state=running phase=fuzz >"$LAGO_HOME/jobs/1/runs/1/progress"
	for s in 10 300 900; do
		printf '%d\t1\t1\t0\t5000\t0\t9\t\t3\t\t\t71.5\t10\t\t0\t0\t0\t\t\n' $s
	done >"$stats"
	lago-import
	run --separate-stderr lago-status
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $stderr == *'1.1: nothing new found for 14 minutes'* ]]
	[[ $stderr == *'1.1: no execution for 10 minutes'* ]]
	[[ $stderr == *'stability is 72%'* || $stderr == *'stability is 71%'* ]]
	fake_run 1 1 state=failed reason=provision \
		reason_text='exit 1: \\033[31mno such package'
	lago-import
	run --separate-stderr lago-status -av
	[[ $stderr == *provision* ]]
	[[ $stderr != *$'\033'* ]]
	[[ $stderr != *stability* ]]
}
