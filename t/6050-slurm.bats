# The engine slurm over a real slurmctld and three slurmds on 127.0.0.1.
load lib
load home
load queue
load slurm
load ssh

# What the nodes have is a lago whose lago-run is t/fake/lago-run.
setup_file() {
	slurm_up || return 0
	local d=$BATS_FILE_TMPDIR/shared
	mkdir -p "$d/lago"/{bin,lib/exec}
	cp "$TOP"/lib/exec/{node,lease,slurm} "$d/lago/lib/exec"
	cp "$TOP/t/fake/lago-run" "$d/lago/bin"
	limited
}

# A job whose time is up, for the test of that: Slurm looks every half minute.
limited() {
	export SHARED=$BATS_FILE_TMPDIR/shared LAGO_HOME=$BATS_FILE_TMPDIR/limited
	mkdir -p "$LAGO_HOME"
	echo "hpc slurm:apart,dir=$SHARED 2 4096" >"$LAGO_HOME/nodes"
	job 1 "wait"
	lago-dispatch -q
	wait_for runs 1
	scontrol update jobid="$(slurm_id 1)" EndTime=now+1
}

teardown_file() {
	slurm_down
	ssh_down || :
}

setup() {
	slurm_need
	need parallel flock timeout
	cd "$BATS_TEST_TMPDIR" || return 1
	export SHARED=$BATS_FILE_TMPDIR/shared
	mkdir -p "$LAGO_HOME"
	echo "hpc slurm:fuzz,dir=$SHARED 6 16000 f1,f2,big" >"$LAGO_HOME/nodes"
	export SQUEUE_PARTITION=fuzz,short
}

job() { # ID HOW [KEY=VALUE...]
	queued "$1" "$2" cpus=1 memory=100 deadline=60 "${@:3}"
}

# Nothing of a test lives on.
teardown() {
	scancel -Q -p fuzz 2>/dev/null || :
	scancel -Q -p short 2>/dev/null || :
}

there() { # ID: its last run's directory on the nodes
	echo "$SHARED/runs/$(run_key "$1" uuid)"
}

slurm_id() { # ID [STATES]: the number of its job in Slurm
	squeue -h -t "${2:-all}" -n "lago-$(run_key "$1" uuid)" -o %i
}

# The fake is under way, for the first or the Nth time.
runs() { # ID [N]
	[ -e "$(there "$1")/run/progress" ] &&
		[ "$(wc -l <"$(there "$1")/run/starts")" -eq "${2:-1}" ]
}

# A pass, and it is to be tried again.
retried() { # ID
	lago-dispatch -q
	grep -q '^retry_at=' "$LAGO_HOME/jobs/$1/runs/1/run"
}

# A pass, and there is a second run.
second() { # ID
	lago-dispatch -q
	[ "$(run_key "$1" run)" = 2 ]
}

running() { # N
	[ "$(squeue -h -t RUNNING | wc -l)" -eq "$1" ]
}

@test "slurm: a job runs as a job of Slurm, its finds come here" {
	job 1 "done crash"
	run lago-dispatch
	[ "$status" -eq 0 ]
	[ "$output" = "1.1	start	hpc	" ]
	there=$(there 1)
	wait_for reaches 1 "done"
	sha=$(echo crash | sha256sum | cut -c 1-64)
	cd "$LAGO_HOME/jobs/1/runs/1"
	[ "$(cat "crashes/$sha")" = crash ]
	[ "$(cat "reports/$sha")" = report ]
	[ "$(wc -l <crashes.jsonl)" -eq 1 ]
	# the next pass removes it there
	lago-dispatch
	[ ! -e "$there" ]
	[ -z "$(ls "$LAGO_HOME/jobs/.remote")" ]
	lago-import -q
	[ "$(lago-crashes | wc -l)" -eq 1 ]
}

@test "slurm: its commands may be behind ssh" {
	SSHD_MORE="SetEnv SLURM_CONF=$SLURM_CONF" ssh_up
	ssh_use
	echo "hpc slurm:fuzz,ssh=one,dir=$SHARED 6 16000" >"$LAGO_HOME/nodes"
	job 1 "done crash"
	wait_for reaches 1 "done"
	[ -n "$(ls "$LAGO_HOME/jobs/1/runs/1/crashes")" ]
	lago-node probe hpc >told || [ $? -eq 1 ]
	grep -qx "hpc	nodes	3" told
}

@test "slurm: what a job of Slurm gets; started twice it is one; kill delivers" {
	echo "hpc slurm:short,dir=$SHARED,requeue=no 6 16000 f1,f2,big" \
		>"$LAGO_HOME/nodes"
	job 1 "wait crash" memory=800 needs=f2,big deadline=7200
	lago-dispatch -q
	wait_for runs 1
	# needs that are features; memory with a margin; the partition's limit
	[ "$(squeue -h -o '%P %C %m %f %R %l' | xargs)" = \
		"short 1 900M f2 s2 10:00" ]
	scontrol show job "$(slurm_id 1)" | grep -q 'Requeue=0'
	run env LAGO_JOB_DIR="$LAGO_HOME/jobs/1" \
		LAGO_RUN_DIR="$LAGO_HOME/jobs/1/runs/1" \
		LAGO_NODE_ARG="fuzz,dir=$SHARED" \
		"$TOP/lib/engine/slurm" start hpc "$(run_key 1 uuid)"
	[ "$output" = exists ]
	lago-kill -q 1
	wait_for reaches 1 killed
	[ -n "$(ls "$LAGO_HOME/jobs/1/runs/1/crashes")" ]
	[ "$(slurm_id 1 | wc -l)" -eq 1 ]
}

@test "slurm: one question to Slurm for all runs; a job that waits can be killed" {
	mkdir bin
	printf '#!/bin/sh\necho x >>%s/asked\nexec %s "$@"\n' "$PWD" \
		"$(command -v squeue)" >bin/squeue
	chmod +x bin/squeue
	for id in 1 2 3 4; do
		job $id "wait" cpus=2
	done
	sed -i 's/ 6 / 8 /' "$LAGO_HOME/nodes"
	lago-dispatch -q
	PATH=$PWD/bin:$PATH lago-dispatch -q
	[ "$(wc -l <asked)" -eq 1 ]
	wait_for running 3 # that is all there is
	waits=$(sqlite3 "$LAGO_HOME/lago.db" "SELECT job FROM run WHERE uuid = \
		'$(squeue -h -t PENDING -o %j | sed 's/lago-//')'")
	lago-kill -q "$waits"
	wait_for reaches "$waits" killed
	for id in 1 2 3 4; do
		[ "$id" = "$waits" ] || lago-kill -q -k "$id"
	done
	for id in 1 2 3 4; do
		wait_for reaches $id killed
	done
}

@test "slurm: shards of a job are one array; each has its own end" {
	job 1 "wait crash" shards=3
	run lago-dispatch
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 3 ]
	wait_for running 3
	[ "$(squeue -h -r -t all -o %F -n "$(squeue -h -t RUNNING -o %j |
		head -n 1)" | sort -u | wc -l)" -eq 1 ]
	lago-dispatch -q
	# two heads would start nothing twice
	for n in 1 2 3; do
		run env LAGO_JOB_DIR="$LAGO_HOME/jobs/1" \
			LAGO_RUN_DIR="$LAGO_HOME/jobs/1/runs/$n" \
			LAGO_NODE_ARG="fuzz,dir=$SHARED" "$TOP/lib/engine/slurm" \
			start hpc "$(sed -n 's/^uuid=//p' \
			"$LAGO_HOME/jobs/1/runs/$n/run")"
		[ "$output" = exists ]
	done
	# one is begun anew by Slurm
	scontrol requeue "$(squeue -h -r -t RUNNING -o %i | sed -n 2p)"
	anew() {
		lago-dispatch -q
		grep -q '^retry_at=' "$LAGO_HOME"/jobs/1/runs/*/run
	}
	wait_for anew
	[ "$(grep -l '^retry_at=' "$LAGO_HOME"/jobs/1/runs/*/run | wc -l)" -eq 1 ]
	wait_for running 2
	sed -i 's/^retry_at=.*/retry_at=1/' "$LAGO_HOME"/jobs/1/runs/*/run
	lago-dispatch -q
	wait_for running 3
	lago-kill -q 1
	wait_for reaches 1 killed
	[ "$(echo "$LAGO_HOME"/jobs/1/runs/* | wc -w)" -eq 3 ]
	[ "$(echo "$LAGO_HOME"/jobs/1/runs/*/crashes/* | wc -w)" -eq 3 ]
}

@test "slurm: who cancels in Slurm means it; what was found is here" {
	job 1 "wait crash"
	lago-dispatch -q
	wait_for runs 1
	scancel "$(slurm_id 1)"
	wait_for reaches 1 killed
	[ -n "$(ls "$LAGO_HOME/jobs/1/runs/1/crashes")" ]
	[ "$(run_key 1 run,attempt,reason)" = "1|1|killed" ]
	# what squeue has forgotten is known by accounting, if there is any
	job 2 "wait"
	lago-dispatch -q
	wait_for runs 2
	scancel "$(slurm_id 2)"
	is_cancelled() {
		[ "$(squeue -h -t all -n "lago-$(run_key 2 uuid)" -o %T)" = \
			CANCELLED ]
	}
	wait_for is_cancelled
	mkdir bin
	printf '#!/bin/sh\n' >bin/squeue
	printf '#!/bin/sh\necho "lago-%s|7|CANCELLED by 0"\n' \
		"$(run_key 2 uuid)" >bin/sacct
	chmod +x bin/*
	PATH=$PWD/bin:$PATH lago-dispatch -q
	[ "$(state 2)" = killed ]
}

@test "slurm: a node that is lost is one lost attempt; its own copy ends itself" {
	job 1 "wait crash"
	lago-dispatch -q
	wait_for runs 1
	lago-dispatch -q
	old=$(run_key 1 uuid)
	node=$(squeue -h -n "lago-$old" -o %N)
	# cut off: what runs there goes on, and Slurm cannot reach it
	kill -KILL "$(cat "$BATS_FILE_TMPDIR/slurm/$node.pid")"
	kill -KILL "$(pgrep -f "slurmstepd: \[$(slurm_id 1)\.batch")"
	scontrol update nodename="$node" state=down reason=test
	wait_for second 1
	[ "$(run_key 1 attempt,losses)" = "2|1" ]
	grep -qx reason=node "$LAGO_HOME/jobs/1/runs/1/run"
	slurm_daemon "$node" slurmd -N "$node"
	wait_for slurm_ready
	wait_for runs 1
	# what Slurm itself requeued is not there
	[ "$(squeue -h -t PENDING,RUNNING -o %j)" = "lago-$(run_key 1 uuid)" ]
	sha=$(echo seed | sha256sum | cut -c 1-64)
	wait_for [ -e "$(there 1)/run/queue/$sha" ]
	[ -e "$LAGO_HOME/jobs/1/runs/1/queue/$sha" ]
	lago-dispatch -q
	[ ! -e "$SHARED/runs/$old" ]
	[ "$(run_key 1 run)" = 2 ]
}

@test "slurm: what Slurm requeues is a new attempt, once" {
	job 1 "wait"
	lago-dispatch -q
	wait_for runs 1
	scontrol requeue "$(slurm_id 1)"
	wait_for retried 1
	[ -z "$(squeue -h -t PENDING,RUNNING)" ]
	sed -i 's/^retry_at=.*/retry_at=1/' "$LAGO_HOME/jobs/1/runs/1/run"
	lago-dispatch -q
	wait_for runs 1 2
	[ "$(run_key 1 run,attempt,reason)" = "1|2|" ]
	wait_for running 1
}

@test "slurm: a head killed behind sbatch finds its job again, and one only" {
	mkdir bin
	cat >bin/sbatch <<-END
		#!/bin/sh
		$(command -v sbatch) "\$@"
		kill -KILL \$(cat $PWD/head)
		kill -KILL 0
	END
	chmod +x bin/sbatch
	job 1 "wait"
	# shellcheck disable=SC2016 # its own
	PATH=$PWD/bin:$PATH run sh -c 'echo $$ >head; exec lago-dispatch -q'
	[ "$status" -eq 137 ]
	lago-dispatch -q
	wait_for runs 1
	lago-dispatch -q
	[ "$(squeue -h -t all -o %j | grep -c "$(run_key 1 uuid)")" -eq 1 ]
	[ "$(ls "$LAGO_HOME/jobs/1/runs")" = 1 ]
	[ "$(run_key 1 state)" = running ]
}

@test "slurm: what met its time limit goes on in another job, and is not lost" {
	export SQUEUE_PARTITION=apart LAGO_HOME=$BATS_FILE_TMPDIR/limited
	wait_for retried 1
	squeue -h -t all -n "lago-$(run_key 1 uuid)" -o %T >states
	[ "$(cat states)" = TIMEOUT ]
	[ "$(run_key 1 losses,reason)" = "0|signal" ]
	sed -i 's/^retry_at=.*/retry_at=1/' "$LAGO_HOME/jobs/1/runs/1/run"
	lago-dispatch -q
	wait_for runs 1 2
	[ "$(run_key 1 run,attempt)" = "1|2" ]
	scancel -Q -p apart
}

@test "slurm: a controller that is gone loses nothing, and probe says what is wrong" {
	job 1 "wait"
	lago-dispatch -q
	wait_for runs 1
	# it writes its jobs down every few seconds
	wait_for grep -qs "lago-$(run_key 1 uuid)" \
		"$BATS_FILE_TMPDIR/slurm/state/job_state"
	kill -KILL "$(cat "$BATS_FILE_TMPDIR/slurm/slurmctld.pid")"
	run lago-dispatch
	[ "$status" -eq 0 ]
	[ "$output" = "slurm: no answer from slurmctld" ]
	run lago-node probe hpc
	[ "$status" -eq 1 ]
	[[ $output == *"missing	slurmctld does not answer"* ]]
	slurm_controller
	wait_for slurm_ready
	[ "$(run_key 1 state)" = running ]
	: >"$(there 1)/job/end"
	wait_for reaches 1 "done"
	# lago-run is a fake: no version, but the node was there
	lago-node probe hpc >told || [ $? -eq 1 ]
	grep -qx "hpc	nodes	3" told
	grep -q "^hpc	boot	" told
	echo "hpc slurm:nope,dir=$SHARED 6 1000" >"$LAGO_HOME/nodes"
	run lago-node probe hpc
	[[ $output == *"missing	no such partition"* ]]
	echo "hpc slurm:fuzz,dir=$SHARED/none 6 1000" >"$LAGO_HOME/nodes"
	run lago-node probe hpc
	[[ $output == *"lago-node install"* ]]
	mkdir few
	ln -s /usr/bin/* few
	rm few/sbatch
	echo "hpc slurm:fuzz,dir=$SHARED 6 1000" >"$LAGO_HOME/nodes"
	PATH=$TOP/bin:$PWD/few run lago-node probe hpc
	[ "$status" -eq 1 ]
	[ "$output" = "hpc	missing	sbatch" ]
}

