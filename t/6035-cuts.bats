# Connections that break at any byte, and a head that is killed at any verb: the
# next pass goes on, and the end is the same.
load lib
load home
load ssh

setup_file() {
	ssh_up
	for n in one two; do
		mkdir -p "$BATS_FILE_TMPDIR/$n/lago"/{bin,lib/exec}
		cp "$TOP"/lib/exec/{node,lease} \
			"$BATS_FILE_TMPDIR/$n/lago/lib/exec"
		cp "$TOP/t/fake/lago-run" "$BATS_FILE_TMPDIR/$n/lago/bin"
	done
}

teardown_file() {
	ssh_down
}

# bin/ssh does what the file hook says, with $verb what is asked of the node.
setup() {
	need ssh parallel flock setsid
	cd "$BATS_TEST_TMPDIR" || return 1
	ssh_use
	rm -rf "$HOME"/{one,two}/runs
	mkdir -p "$LAGO_HOME" bin calls
	printf '%s\n' 'n1 ssh:one 3 4096' 'n2 ssh:two 3 4096' \
		>"$LAGO_HOME/nodes"
	real=$(command -v ssh)
	cat >bin/ssh <<-END
		#!/bin/bash
		here=$PWD real=$real
		verb=\$(printf '%s' "\$*" | sed -n "s/.*node \([a-z]*\)'.*/\1/p")
		. "\$here/hook"
	END
	chmod +x bin/ssh
	PATH=$PWD/bin:$PATH
}

sql() {
	sqlite3 "$LAGO_HOME/lago.db" "$1"
}

jobs() { # COUNT WORDS
	local i
	for ((i = 1; i <= $1; i++)); do
		fake_job "$i" cpus=1 memory=1000 retries=1000
		echo "$2" >"$LAGO_HOME/jobs/$i/bundle.zip"
	done
	lago-import -q
}

# A pass; retries need not wait here.
pass() {
	sed -i 's/^retry_at=.*/retry_at=1/' "$LAGO_HOME"/jobs/*/runs/*/run \
		2>/dev/null || :
	sh -c 'echo $$ >head && exec lago-dispatch' >>events 2>>said || :
}

all_over() {
	pass
	[ "$(sql "SELECT count(*) FROM job WHERE state IN ('queued', 'running')")" = 0 ]
}

lives() { # JOB
	pass
	[ "$(sql "SELECT state FROM run WHERE job = $1 ORDER BY run DESC LIMIT 1")" = running ]
}

nothing_left() {
	pass
	[ -z "$(find "$LAGO_HOME/jobs/.remote" "$HOME"/{one,two}/runs \
		-mindepth 1 -print -quit)" ]
}

# Each job ended once with its crash; the rows are those of the files.
same_end() { # JOBS
	[ "$(sql "SELECT count(DISTINCT job), count(*) FROM run \
		WHERE state = 'done'")" = "$1|$1" ]
	lago-import -q
	[ "$(sql "SELECT count(DISTINCT job) FROM crash WHERE job <= $1")" = "$1" ]
	rows >rows.were
	rm -f "$LAGO_HOME"/lago.db*
	lago-import -q -a
	rows >rows.are
	diff rows.were rows.are
}

rows() {
	local table
	for table in job run crash bug; do
		sql "SELECT * FROM v_$table" | sort
	done
}

# The calls of each verb are cut, one after the other, behind so many bytes to
# the node, then behind so many from it, until the list is at its end.
@test "ssh: connections that are cut at any byte change nothing in the end" {
	cat >hook <<-'END'
		echo >>"$here/calls/$verb."
		at=$(sed -n "$(wc -l <"$here/calls/$verb.")p" \
			"$here/cuts.$verb" 2>/dev/null)
		[ -z "$at" ] || echo "$verb $at" >>"$here/done"
		case $at in
		'') exec "$real" "$@" ;;
		in*) head -c "${at#in }" | "$real" "$@" >/dev/null ;;
		out*) "$real" "$@" | head -c "${at#out }" ;;
		esac
		exit 255
	END
	if [ -z "${LAGO_CUTS-}" ]; then
		printf 'in %d\n' 0 30 600 10239 >cuts.start
		printf 'out %d\n' 0 5 >>cuts.start
		printf 'in %d\n' 0 20 40 >cuts.poll
		printf 'out %d\n' 0 20 >>cuts.poll
		printf 'in %d\n' 0 33 40 >cuts.fetch
		printf 'out %d\n' 0 600 1030 2100 4200 9000 >>cuts.fetch
		printf 'in %d\n' 0 35 >cuts.stop
		printf 'in %d\n' 0 10 >cuts.purge
	else
		for n in $(seq 0 "$LAGO_CUTS" 20480); do
			printf 'in %d\nout %d\n' "$n" "$n" >>cuts.start
			printf 'out %d\n' "$n" >>cuts.fetch
		done
		for n in $(seq 0 44); do
			printf 'in %d\n' "$n" | tee -a cuts.fetch cuts.stop \
				cuts.purge >>cuts.poll
			printf 'out %d\n' "$n" | tee -a cuts.purge >>cuts.poll
		done
	fi
	echo lease=30 >"$LAGO_HOME/config"
	jobs 4 "done crash"
	fake_job 5 cpus=1 memory=1000 retries=1000
	echo 'wait crash' >"$LAGO_HOME/jobs/5/bundle.zip"
	lago-import -q
	wait_for lives 5
	lago-kill -q 5 2>>said || :
	wait_for all_over
	wait_for nothing_left
	# each call that was to be cut was
	[ "$(wc -l <"done")" -gt 12 ]
	same_end 4
	[ "$(sql "SELECT state FROM job WHERE id = 5")" = killed ]
}

# The head dies before and after each verb's call, and in the middle of it.
@test "ssh: a head that is killed in the middle of any verb goes on" {
	cat >hook <<-'END'
		echo >>"$here/calls/$verb."
		at=$(sed -n "$(wc -l <"$here/calls/$verb.")p" \
			"$here/kills" 2>/dev/null)
		[ -z "$at" ] || echo "$verb $at" >>"$here/done"
		head=$(cat "$here/head")
		case $at in
		before)
			kill -KILL "$head"
			exit 1
			;;
		during)
			(sleep 0.02; kill -KILL "$head") &
			exec "$real" "$@"
			;;
		after)
			"$real" "$@" >"$here/answer.$$"
			kill -KILL "$head"
			cat "$here/answer.$$"
			;;
		*) exec "$real" "$@" ;;
		esac
	END
	printf '%s\n' before during after >kills
	jobs 3 "done crash"
	fake_job 4 cpus=1 memory=1000 retries=1000
	echo 'wait crash' >"$LAGO_HOME/jobs/4/bundle.zip"
	lago-import -q
	wait_for lives 4
	wait_for kill_of 4
	wait_for all_over
	wait_for nothing_left
	for verb in start poll fetch stop purge; do
		[ "$(grep -c "^$verb " "done")" = 3 ]
	done
	same_end 3
	[ "$(sql "SELECT state FROM job WHERE id = 4")" = killed ]
}

kill_of() { # JOB: killed three times on the way
	sh -c 'echo $$ >head && exec lago-kill -q "$1"' sh "$1" 2>>said || :
	[ "$(grep -c '^stop' "done")" = 3 ]
}

