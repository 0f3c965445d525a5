# Four nodes that are machines of their own, and what becomes of jobs when one of
# them fails.
load lib
load home
load queue
load netns

setup_file() {
	nodes_up 4
	nodes_use
	mkdir -p "$LAGO_HOME"
	printf 'n%d ssh 2 4096\n' 1 2 3 4 >"$D/nodes"
	cp "$D/nodes" "$LAGO_HOME"
	fake_job 1 && lago-import -q
	lago-node install -q n1 n2 n3 n4
	for i in 1 2 3 4; do
		cp "$D/n$i/.lago-node/lago/bin/lago-run" "$D/n$i/lago-run"
	done
}

teardown_file() {
	nodes_down
}

setup() {
	need zip bwrap jq sqlite3
	nodes_use
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p "$LAGO_HOME"
	cp "$D/nodes" "$LAGO_HOME"
}

# bundle DIR: for the real lago-run, with a fuzzer that finds a crash each
# instance; a seed crashes too.
bundle() {
	mkdir -p b/corpus
	cp "$TOP/t/fake/driver" b/driver
	echo crash >b/mode
	# shellcheck disable=SC2016 # for the target
	printf '%s\n' '#!/bin/sh' '! grep -q crash "$1" || kill -SEGV $$' \
		>b/target
	echo seed >b/corpus/seed
	echo 'crash seed' >b/corpus/bad
	chmod +x b/target
	(cd b && zip -qrX ../bundle.zip .)
}

# Fuzzers: pid, parent, the namespace that only its node has, the CPUs it may use.
fuzzers() {
	local p
	for p in $(pgrep -f 'driver fuzz'); do
		echo "$p" "$(awk '/^PPid:/ { p = $2 }
			/^Cpus_allowed_list:/ { print p, $2 }' "/proc/$p/status")" \
			"$(readlink "/proc/$p/ns/time")"
	done 2>/dev/null
}

# Two on one core of one node.  A fuzzer's own children are no others.
crowded() {
	fuzzers | awk -v here="$(readlink /proc/self/ns/time)" '
		NF == 4 && $4 != here { parent[$1] = $2; core[$1] = $4 " " $3 }
		END { for (p in core)
			if (!(parent[p] in core) && used[core[p]]++)
				print core[p] }'
}

@test "failures: 12 jobs on 4 nodes, no core twice, each result once" {
	[ "$(nproc)" -gt 1 ] || skip "one CPU"
	bundle
	for i in 1 2 3 4 5 6; do
		lago-submit -q -P 1 -t $((1 + i % 2)) bundle.zip
		lago-submit -q -P 2 -t 2 bundle.zip
	done
	lago-dispatch -i 0.5 -x drain=1 >events &
	head=$!
	samples=0
	while kill -0 $head 2>/dev/null; do
		crowded >>twice
		samples=$((samples + 1))
	done
	wait $head
	echo "$samples samples" >&2
	[ ! -s twice ]
	[ "$(sql "SELECT count(*) FROM job WHERE state = 'done'")" = 12 ]
	[ "$(sql "SELECT count(*), sum(attempt) FROM run")" = "12|12" ]
	[ "$(cut -f 3 events | sort -u | grep -c n)" = 4 ]
	lago-import -q
	(cd "$LAGO_HOME/jobs" && find ./*/runs/*/crashes -type f) >there
	[ "$(wc -l <there)" -ge 12 ]
	[ "$(sql "SELECT count(*) FROM crash")" = "$(wc -l <there)" ]
	same_rows
	# the next pass removes what is left
	lago-dispatch -q
	[ -z "$(cat "$D"/n?/.lago-node/runs/*/job/job 2>/dev/null)" ]
}

# The nodes have a lago-run that does what the bundle says, and are as new.
fakes() {
	local i
	for i in 1 2 3 4; do
		install -m 755 "$TOP/t/fake/lago-run" \
			"$D/n$i/.lago-node/lago/bin/lago-run"
		rm -rf "$D/n$i/.lago-node/runs"
	done
	printf 'n%d ssh 2 4096\n' "$@" >"$LAGO_HOME/nodes"
	echo lease=12 >"$LAGO_HOME/config"
}

job() { # ID WORDS
	queued "$1" "$2" cpus=2 memory=1000
}

# pass: one, its events go to the file events.
pass() {
	lago-dispatch >>events 2>>said || :
}

reaches() { # ID STATE
	pass
	[ "$(sql "SELECT state FROM job WHERE id = $1")" = "$2" ]
}

# on JOB RUN: the number of its node; there: the run's directory on it.
on() {
	sql "SELECT substr(node, 2) FROM run WHERE job = $1 AND run = $2"
}
there() {
	echo "$D/n$(on "$1" "$2")/.lago-node/runs/$(sql \
		"SELECT uuid FROM run WHERE job = $1 AND run = $2")"
}

runs() { # JOB: state and reason of each
	sql "SELECT state, reason FROM run WHERE job = $1 ORDER BY run" |
		paste -s -d ' '
}

started() { # JOB RUN
	pass
	grep -q "^$1\.$2	start" events
}

begun() { # JOB
	pass
	[ "$(runs "$1")" = "running|" ]
}

crashes() { # JOB RUN: how many are here
	find "$LAGO_HOME/jobs/$1/runs/$2/crashes" -type f | wc -l
}

come() { # JOB RUN COUNT
	pass
	[ "$(crashes "$1" "$2")" = "$3" ]
}

late() { # DIR TEXT: a crash that turns up there
	echo "$2" >"$1/crashes/$(echo "$2" | sha256sum | cut -c 1-64)"
}

nothing_left() {
	pass
	[ -z "$(ls "$LAGO_HOME/jobs/.remote")" ] || return
	[ -z "$(cat "$D"/n?/.lago-node/runs/*/job/job 2>/dev/null)" ]
}

# What every story ends with: the job ended once, the rows are those of the
# files, nothing is left on a node.
ends() { # JOB
	local i
	[ "$(grep -c "^$1\.[0-9]*	\(done\|failed\|killed\)" events)" = 1 ]
	wait_for nothing_left
	same_rows
}

@test "failures: a node that is cut off kills its run; it goes on elsewhere" {
	fakes 1 2
	job 1 "wait crash"
	wait_for begun 1
	old=$(there 1 1) n=$(on 1 1)
	node_cut "$n"
	from=$SECONDS
	wait_for started 1 2
	echo "from the cut to the next start: $((SECONDS - from)) s" >&2
	[ -f "$old/exit" ] # by then it has ended over there
	[ "$(on 1 2)" != "$n" ]
	[ "$(runs 1)" = "lost|lease starting|" ]
	late "$old/run" late
	touch "$(there 1 2)/job/end"
	wait_for reaches 1 "done"
	node_heal "$n"
	wait_for come 1 1 2
	ends 1
}

@test "failures: kill -9 of all that lives on a node, and a reboot" {
	fakes 1 2 3
	job 1 "wait crash"
	job 2 "wait crash"
	wait_for begun 1
	wait_for begun 2
	n1=$(on 1 1) n2=$(on 2 1)
	late "$(there 1 1)/run" late
	node_kill "$n1"
	# the network answers, nothing else; the other is up again before anyone
	# looks
	node_kill "$n2"
	node_boot "$n2"
	wait_for started 2 2
	[ "$(runs 2)" = "lost|node starting|" ]
	[ "$(runs 1)" = "running|" ]
	node_boot "$n1"
	wait_for started 1 2
	[ "$(runs 1)" = "lost|node starting|" ]
	[ "$(crashes 1 1)" = 2 ]
	touch "$(there 1 2)/job/end" "$(there 2 2)/job/end"
	wait_for reaches 1 "done"
	wait_for reaches 2 "done"
	ends 1
	[ "$(sql "SELECT sum(attempt), sum(losses) FROM run")" = "6|4" ]
}

@test "failures: sshd is killed and comes back: the run never knew" {
	fakes 1 2
	job 1 "wait crash"
	wait_for begun 1
	n=$(on 1 1)
	pkill_on "$n" sshd
	pass
	[ "$(runs 1)" = "running|" ]
	node_in "$n" "$SSHD" -f "$D/n$n/sshd" -E "$D/n$n/log"
	touch "$(there 1 1)/job/end"
	wait_for reaches 1 "done"
	[ "$(runs 1)" = "done|deadline" ]
	[ "$(wc -l <"$LAGO_HOME/jobs/1/runs/1/crashes.jsonl")" = 1 ]
	ends 1
}

# pkill_on I NAME: what has that name there, seen from there.
pkill_on() {
	node_in "$1" pkill -KILL -x "$2"
}

renewed() { # FILE BEFORE
	pass
	[ "$(cat "$1")" -gt "$2" ]
}

@test "failures: a clock three hours wrong, behind or ahead, changes nothing" {
	fakes 3 4
	job 1 "wait crash"
	job 2 "wait crash"
	wait_for begun 1
	wait_for begun 2
	for i in 1 2; do # they are
		said=$(ssh -F "$D/.ssh/config" "n$(on $i 1)" date +%s)
		[ $(((said - $(date +%s)) ** 2)) -gt $((10000 ** 2)) ]
	done
	wait_for [ -e "$(there 1 1)/run/progress" ]
	touch "$(there 1 1)/job/end"
	wait_for reaches 1 "done"
	first=$(cat "$(there 2 1)/lease")
	wait_for renewed "$(there 2 1)/lease" "$first"
	# a lease ends by the same clock
	n=$(on 2 1) old=$(there 2 1)
	node_cut "$n"
	wait_for [ -e "$old/exit" ]
	wait_for started 2 2
	[ "$(runs 2)" = "lost|lease starting|" ]
	touch "$(there 2 2)/job/end"
	wait_for reaches 2 "done"
	node_heal "$n"
	ends 1
}

@test "failures: a disk that is full loses a run, not what it found" {
	fakes 1 2
	job 1 "wait crash"
	n=1
	mkdir "$D/n$n/.lago-node/runs"
	node_in "$n" mount -t tmpfs -o size=2m tmpfs "$D/n$n/.lago-node/runs"
	sed -i 2d "$LAGO_HOME/nodes"
	pass
	cp "$D/nodes" "$LAGO_HOME"
	# all of it, after which lago-run can write nothing either
	node_in "$n" sh -c "dd if=/dev/zero of=$D/n$n/.lago-node/runs/big bs=4k
		dd if=/dev/zero of=$D/n$n/.lago-node/runs/small bs=1 || :" \
		2>/dev/null
	wait_for started 1 2
	[ "$(runs 1)" = "lost|node starting|" ]
	[ "$(on 1 2)" != "$n" ]
	[ "$(crashes 1 1)" = 1 ]
	touch "$(there 1 2)/job/end"
	wait_for reaches 1 "done"
	node_in "$n" rm "$D/n$n/.lago-node/runs/big"
	pass
	pass
	[ "$(node_in "$n" ls "$D/n$n/.lago-node/runs")" = small ]
	node_in "$n" umount "$D/n$n/.lago-node/runs"
	ends 1
}
