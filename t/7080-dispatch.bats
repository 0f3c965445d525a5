load lib
load home
load queue

# A tree of its own, where lago-run is t/fake/lago-run.
setup() {
	mkdir -p "$BATS_TEST_TMPDIR/bin" "$LAGO_HOME"
	cp "$TOP"/bin/lago "$TOP"/bin/lago-{dispatch,kill,import} \
		"$TOP/t/fake/lago-run" "$BATS_TEST_TMPDIR/bin"
	export LAGO_LIBEXEC="$TOP/lib" LAGO_SHARE="$TOP/share"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	echo 'local local 4 4096' >"$LAGO_HOME/nodes"
}

job() { # ID HOW [KEY=VALUE...]
	queued "$1" "$2" cpus=2 memory=1000 "${@:3}"
}

@test "dispatch: a queued job runs and is done; nothing to do is success" {
	job 1 "done"
	run --separate-stderr lago-dispatch
	[ "$status" -eq 0 ]
	[ "$output" = "1.1	start	local	" ]
	wait_for reaches 1 "done"
	[ "$(field 1.1 state)" = "done" ]
	[ "$(field 1.1 reason)" = deadline ]
	run --separate-stderr lago-dispatch
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(wc -l <"$LAGO_HOME/jobs/1/runs/1/starts")" -eq 1 ]
}

@test "dispatch: several at once while CPUs and memory last, by priority" {
	job 1 wait
	job 2 wait
	job 3 wait priority=90
	job 4 wait cpus=1 memory=4000
	run lago-dispatch
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "3.1	start	local	" ]
	[ "${lines[1]}" = "1.1	start	local	" ]
	[ "${#lines[@]}" -eq 2 ]
	touch "$LAGO_HOME/jobs/3/end"
	wait_for reaches 3 "done"
	[ "$(state 2)" = running ]
	touch "$LAGO_HOME"/jobs/{1,2,4}/end
	wait_for reaches 4 "done"
}

@test "dispatch: the job's own fault is final, a busy machine is not counted" {
	job 1 failed
	job 2 busy
	lago-dispatch -q
	wait_for reaches 1 failed
	[ "$(field 1.1 reason)" = provision ]
	retry_known() {
		lago-dispatch -q
		[ -n "$(field 2.1 retry_at)" ]
	}
	wait_for retry_known
	[ "$(field 2.1 losses)" = 0 ]
	[ ! -d "$LAGO_HOME/jobs/1/runs/2" ]
}

@test "dispatch: a lost run goes on in its directory, so often and no more" {
	job 1 lost retries=2
	for try in 1 2; do
		lost() {
			lago-dispatch -q
			[ "$(field 1.1 losses)" = \
				"$try" ]
		}
		wait_for lost
		at=$(field 1.1 retry_at)
		[ "$at" -ge $(($(date +%s) + 20 * try)) ]
		# Its time has come.
		sed -i 's/^retry_at=.*/retry_at=1/' "$LAGO_HOME/jobs/1/runs/1/run"
		lago-dispatch -q
	done
	wait_for reaches 1 failed
	[ "$(field 1.1 reason)" = node ]
	[ "$(wc -l <"$LAGO_HOME/jobs/1/runs/1/starts")" -eq 3 ]
	[ ! -d "$LAGO_HOME/jobs/1/runs/2" ]
}

@test "dispatch: one pass at a time; the second is 75, silent with -q" {
	job 1 "done"
	exec 8>"$LAGO_HOME/jobs/.dispatch"
	flock 8
	run --separate-stderr lago-dispatch
	[ "$status" -eq 75 ]
	[ -n "$stderr" ]
	run --separate-stderr lago-dispatch -q
	[ "$status" -eq 75 ]
	[ -z "$stderr" ]
	exec 8>&-
}

@test "dispatch: a wrong nodes file, another head, a full disk" {
	job 1 "done"
	echo 'n1 local many 1' >"$LAGO_HOME/nodes"
	run --separate-stderr lago-dispatch
	[ "$status" -eq 78 ]
	[[ $stderr == *"nodes: line 1"* ]]
	echo 'local local 4 4096' >"$LAGO_HOME/nodes"
	echo 'free=999999999' >"$LAGO_HOME/config"
	run --separate-stderr lago-dispatch
	[ "$status" -eq 74 ]
	[ ! -e "$LAGO_HOME/jobs/1/runs/1" ]
	rm "$LAGO_HOME/config"
	printf elsewhere >"$LAGO_HOME/jobs/.head"
	run --separate-stderr lago-dispatch
	[ "$status" -eq 78 ]
	[[ $stderr == *elsewhere* ]]
}

@test "dispatch: -N says what would start and starts nothing" {
	job 1 "done"
	run --separate-stderr lago-dispatch -N
	[ "$output" = "1	start	local	" ]
	[ ! -e "$LAGO_HOME/jobs/1/runs/1" ]
}

@test "dispatch: -i with drain=1 works off the queue and leaves" {
	job 1 "done"
	job 2 "done"
	run --separate-stderr timeout 30 lago-dispatch -i 0.1 -x drain=1
	[ "$status" -eq 0 ]
	[ "$(state 1)" = "done" ]
	[ "$(state 2)" = "done" ]
}

@test "dispatch: a pass killed after the claim starts nothing twice" {
	job 1 wait
	# The claim was made, the pass died: as if before the engine's start.
	mkdir -p "$LAGO_HOME/jobs/1/runs/1"
	printf 'uuid=u1\nby=dispatch\nnode=local\nshard=1\nattempt=1\nstate=starting\n' \
		>"$LAGO_HOME/jobs/1/runs/1/run"
	lago-dispatch -q # sees the claim
	lago-dispatch -q # and that nothing came of it
	sed -i 's/^retry_at=.*/retry_at=1/' "$LAGO_HOME/jobs/1/runs/1/run"
	lago-dispatch -q
	wait_for test -s "$LAGO_HOME/jobs/1/runs/1/starts"
	lago-dispatch -q
	[ ! -d "$LAGO_HOME/jobs/1/runs/2" ]
	[ "$(wc -l <"$LAGO_HOME/jobs/1/runs/1/starts")" -eq 1 ]
	touch "$LAGO_HOME/jobs/1/end"
	wait_for reaches 1 "done"
}

@test "kill: a running job delivers, a queued one never starts" {
	job 1 wait
	lago-dispatch -q
	job 2 "done"
	run --separate-stderr lago-kill 1 2
	[ "$status" -eq 0 ]
	[ "$output" = "$(printf '1\tstop\n2\tstop')" ]
	wait_for reaches 1 killed
	[ "$(state 2)" = killed ]
	[ ! -e "$LAGO_HOME/jobs/2/runs/1" ]
	run --separate-stderr lago-kill 1
	[ "$status" -eq 1 ]
	run --separate-stderr lago-kill 99
	[ "$status" -eq 66 ]
	run --separate-stderr lago-kill '../1'
	[ "$status" -eq 65 ]
	# A new database knows it too.
	rm "$LAGO_HOME"/lago.db*
	lago-import -aq
	[ "$(state 2)" = killed ]
}

@test "engine local: started twice is one run" {
	job 1 wait
	lago-dispatch -q
	export LAGO_HOME LAGO_BIN=$BATS_TEST_TMPDIR/bin
	export LAGO_JOB_DIR=$LAGO_HOME/jobs/1 LAGO_RUN_DIR=$LAGO_HOME/jobs/1/runs/1
	run "$TOP/lib/engine/local" start local x
	[ "$output" = exists ]
	run "$TOP/lib/engine/local" poll <<<"local	x	$LAGO_RUN_DIR"
	[ "$output" = "local	x	alive" ]
	touch "$LAGO_HOME/jobs/1/end"
	wait_for reaches 1 "done"
	run "$TOP/lib/engine/local" poll <<<"local	x	$LAGO_RUN_DIR"
	[ "$output" = "local	x	ended	0" ]
}
