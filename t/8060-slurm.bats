# Jobs in a real Slurm with the real lago-run and a real fuzzer: slurmctld and
# three slurmds on 127.0.0.1.
load lib
load home
load slurm

setup_file() {
	slurm_up || :
}

teardown_file() {
	slurm_down
}

@test "slurm: submitted here, fuzzed there, its bugs are in the database" {
	slurm_need
	need parallel flock timeout bwrap
	examples
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p "$LAGO_HOME"
	echo "hpc slurm:fuzz,dir=$PWD/shared 4/1 8192" >"$LAGO_HOME/nodes"
	lago-submit -q -t 8 -P 1 "$EXAMPLES/chunk-libfuzzer.zip"
	lago-submit -q -t 3600 -P 2 "$EXAMPLES/chunk-libfuzzer.zip"
	lago-node install -q hpc
	lago-node probe hpc >told || [ $? -eq 1 ]
	grep -q "^hpc	version	" told
	grep -qx "hpc	nodes	3" told
	lago-dispatch -q
	# two CPUs are two shards; a kill is heard over there, and they deliver
	found() {
		lago-dispatch -q
		[ -s "$LAGO_HOME/jobs/2/runs/1/crashes.jsonl" ] &&
			[ -s "$LAGO_HOME/jobs/2/runs/2/crashes.jsonl" ]
	}
	wait_for found
	lago-kill -q 2
	is() { # JOB RUN STATE
		lago-dispatch -q
		grep -qx "state=$3" "$LAGO_HOME/jobs/$1/runs/$2/run"
	}
	wait_for is 1 1 "done"
	wait_for is 2 1 killed
	wait_for is 2 2 killed
	[ "$(echo "$LAGO_HOME"/jobs/*/runs/* | wc -w)" -eq 3 ]
	lago-import >news
	[ -s news ]
	for run in "$LAGO_HOME"/jobs/*/runs/*; do
		[ -n "$(ls "$run/corpus")" ]
		# it is whole: each crash of a record is here
		jq -r .input_sha256 "$run/crashes.jsonl" | sort -u >named
		find "$run/crashes" -type f -printf "%f\n" | sort |
			comm -13 - named >missing
		[ ! -s missing ]
	done
	lago-dispatch -q
	[ -z "$(ls shared/runs)" ]
}
