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
	printf '%s\n' 'n1 ssh:one 2 4096' 'n2 ssh:two 2 4096' \
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
		fake_job "$i" cpus=2 memory=1000 retries=1000
		echo "$2" >"$LAGO_HOME/jobs/$i/bundle.zip"
	done
	lago-import -q
}

# A pass; retries need not wait here.
pass() {
	sed -i 's/^retry_at=.*/retry_at=1/' "$LAGO_HOME"/jobs/*/runs/*/run \
		2>/dev/null || :
	lago-dispatch >>events 2>>said || :
}

all_done() {
	pass
	[ "$(sql "SELECT count(*) FROM job WHERE state != 'done'")" = 0 ]
}

nothing_left() {
	pass
	[ -z "$(find "$LAGO_HOME/jobs/.remote" "$HOME"/{one,two}/runs \
		-mindepth 1 -print -quit)" ]
}

# Each job ended once with its crash; the rows are those of the files.
same_end() { # JOBS
	[ "$(grep -c '	done	' events)" = "$1" ]
	[ "$(sql "SELECT count(DISTINCT job) FROM run WHERE state = 'done'")" = "$1" ]
	lago-import -q
	[ "$(sql "SELECT count(DISTINCT job) FROM crash")" = "$1" ]
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
		count=$(($(cat "$here/calls/$verb" 2>/dev/null) + 1))
		[ -z "$verb" ] || echo $count >"$here/calls/$verb"
		at=$(sed -n "${count}p" "$here/cuts.$verb" 2>/dev/null)
		[ -z "$at" ] || echo "$verb $at" >>"$here/done"
		case $at in
		'') exec "$real" "$@" ;;
		in*) head -c "${at#in }" | "$real" "$@" >/dev/null ;;
		out*) "$real" "$@" | head -c "${at#out }" ;;
		esac
		exit 255
	END
	for n in 0 1 30 57 511 512 513 3000 5632 10239; do
		printf 'in %d\nout %d\n' $n $n
	done >cuts.start
	printf 'in %d\n' 0 10 32 33 34 40 >cuts.poll
	printf 'out %d\n' 0 1 40 >>cuts.poll
	printf 'in %d\n' 0 10 33 36 40 60 >cuts.fetch
	printf 'out %d\n' 0 100 512 1024 1030 1536 2048 3000 4096 5120 9000 \
		>>cuts.fetch
	printf 'in %d\n' 0 10 33 >cuts.purge
	printf 'out %d\n' 0 >>cuts.purge
	jobs 4 "done crash"
	echo lease=60 >"$LAGO_HOME/config"
	wait_for all_done
	echo $SECONDS
	wait_for nothing_left
	echo $SECONDS
	cat done said events
	same_end 4
	false
}
