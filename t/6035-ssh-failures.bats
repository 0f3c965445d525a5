# Connections that break at any byte, a head that is killed at any verb, a node
# that answers what it likes: the next pass goes on, and the end is the same.
load lib
load home
load queue
load ssh

setup_file() {
	ssh_up
	ssh_nodes
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
		# turn NAME FILE: the line of it that is for this call.
		turn() {
			local n
			exec 8>>"\$here/calls/\$1."
			flock 8
			echo >&8
			n=\$(wc -l <"\$here/calls/\$1.")
			exec 8>&-
			sed -n "\${n}p" "\$2" 2>/dev/null
		}
		. "\$here/hook"
	END
	chmod +x bin/ssh
	PATH=$PWD/bin:$PATH
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
	same_rows
	[ "$(sql "SELECT count(DISTINCT job) FROM crash WHERE job <= $1")" = "$1" ]
}

# The long form takes its time.
patient() {
	[ -z "${LAGO_CUTS-}" ] || until "$@"; do :; done
	wait_for "$@"
}

# The calls of each verb are cut, one after the other, behind so many bytes to
# the node, then behind so many from it, until the list is at its end.
@test "ssh: connections that are cut at any byte change nothing in the end" {
	cat >hook <<-'END'
		at=$(turn "$verb" "$here/cuts.$verb")
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
	patient lives 5
	lago-kill -q 5 2>>said || :
	patient all_over
	wait_for nothing_left
	# each call that was to be cut was
	[ "$(wc -l <"done")" -gt 12 ]
	same_end 4
	[ "$(sql "SELECT state FROM job WHERE id = 5")" = killed ]
}

# The head dies before and after each verb's call, and in the middle of it.
@test "ssh: a head that is killed in the middle of any verb goes on" {
	cat >hook <<-'END'
		at=$(turn "$verb" "$here/kills")
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
	fake_job 5 cpus=1 memory=1000 retries=1000 shards=2
	echo 'wait crash' >"$LAGO_HOME/jobs/4/bundle.zip"
	echo 'wait find' >"$LAGO_HOME/jobs/5/bundle.zip"
	lago-import -q
	wait_for lives 4
	wait_for shared 5
	wait_for kill_of 4
	lago-kill -q 5
	wait_for all_over
	wait_for nothing_left
	for verb in start poll fetch stop purge; do
		[ "$(grep -c "^$verb " "done")" = 3 ]
	done
	# one a node at least: what has come is not sent again
	[ "$(grep -c "^push " "done")" -ge 2 ]
	same_end 3
	[ "$(sql "SELECT state FROM job WHERE id = 4")" = killed ]
	[ "$(sql "SELECT state FROM job WHERE id = 5")" = killed ]
}

# Each of its two shards has what both found, and nothing else: pushed to it, or,
# when its start came to nothing and was made again, from its beginning.
shared() { # JOB
	local uuid given=0
	pass
	for uuid in $(sql "SELECT uuid FROM run WHERE job = $1 \
		AND state = 'running'"); do
		[ "$(find "$HOME"/*/runs/"$uuid"/run/{queue,incoming,foreign} \
			-type f -printf '%f\n' 2>/dev/null | sort -u)" = \
			"$(printf 'of %d\n' 1 2 | while read -r find; do
				echo "$find" | sha256sum | cut -c 1-64
			done | sort)" ] || return
		given=$((given + 1))
	done
	[ $given -eq 2 ]
}

kill_of() { # JOB: killed three times on the way
	sh -c 'echo $$ >head && exec lago-kill -q "$1"' sh "$1" 2>>said || :
	[ "$(grep -c '^stop' "done")" = 3 ]
}

# What the hostile node answers: first lies about runs and a tar of all that must
# not be taken, then 10 GB that never come, in the end results like any other.
hostile() {
	cat <<-'END'
		#!/bin/sh
		cd "$LAGO_NODE" || exit
		echo >>"calls.$1"
		n=$(wc -l <"calls.$1")
		case $1 in
		start) cat >/dev/null; echo started ;;
		poll)
			while read -r id _; do
				[ "$n" -lt 4 ] && echo "$id	alive	1" ||
					echo "$id	ended	0"
			done
			printf '%s\tgone\nn1\t%s\tended\t0\n' \
				"$(cat other)" "$(cat other)"
			printf '../../x\tended\t0\n\t\t\t\n%s\tended\t9999\n' \
				"$(cat other)"
			head -c 100000 /dev/zero | tr '\0' 'x'
			;;
		fetch) cat >/dev/null; cat "answer.$n" 2>/dev/null || cat answer.3 ;;
		esac
	END
}

# An end of a stream: .end with these lines.
finish() { # TAR LINE...
	local tar=$1
	shift
	printf '%b\n' "$@" >.end
	tar -rPf "$tar" .end
	rm .end
}

evil() {
	local sha i
	mkdir -p evil/crashes && cd evil || return
	sha=$(echo good | sha256sum | cut -c 1-64)
	echo good >"crashes/$sha"
	echo x >x
	ln -s /etc/passwd "crashes/$(printf '%064d' 1)"
	ln -s / queue
	ln x y
	mkfifo progress
	echo 'not what it says' >"crashes/$(printf '%064d' 2)"
	printf '{"v":1,"input_sha256":"../../x"}\n{broken\n\0\n[]\n%s\n' \
		'{"v":1,"input_sha256":"'"$sha"'","crash":true}' >crashes.jsonl@0
	echo 'later' >stats.tsv@4611686018427387904
	tar -cPf "$1/answer.1" --transform 's,^x$,../../x,;s,^y$,/tmp/lago-y,' \
		x y queue crashes progress crashes.jsonl@0 \
		stats.tsv@4611686018427387904
	tar -rPf "$1/answer.1" -C /dev null
	finish "$1/answer.1" 'sent\t1' 'sent\t../x' 'again\t7' "has\tcrashes/x"
	truncate -s 10G big
	tar -cf - --transform "s,^big,crashes/$(printf '%064d' 3)," big |
		head -c 100000 >"$1/answer.2"
	rm progress
	printf 'phase=done\nstate=done\nreason=deadline\n' >progress
	tar -cf "$1/answer.3" progress "crashes/$sha"
	finish "$1/answer.3" 'sent\t1' 'whole\t1' "has\tcrashes/$sha"
	cd ..
}

@test "ssh: a hostile node harms nobody, and is told of" {
	# shellcheck disable=SC2016 # for the hook
	echo 'exec "$real" "$@"' >hook
	two=$HOME/two
	cp "$two/lago/lib/exec/node" node.real
	hostile >"$two/lago/lib/exec/node"
	mkdir -p "$two/runs"
	evil "$two"
	fake_job 1 cpus=3 memory=1000
	fake_job 2 cpus=3 memory=1000
	for i in 1 2; do
		echo 'wait crash' >"$LAGO_HOME/jobs/$i/bundle.zip"
	done
	lago-import -q
	pass
	# whichever job it was that came to the honest one
	good=$(sql "SELECT job FROM run WHERE node = 'n1'")
	bad=$((3 - good))
	sql "SELECT uuid FROM run WHERE job = $good" >"$two/other"
	wait_for lives "$good"
	wait_for ended "$bad"
	cp node.real "$two/lago/lib/exec/node"
	lives "$good"
	touch "$(echo "$HOME"/one/runs/*/job)/end"
	wait_for all_over
	wait_for nothing_left
	grep -q "node n2, run $bad.1: [0-9]* refused; '../../x'" said
	grep -q "claims too many bytes" said
	run=$LAGO_HOME/jobs/$bad/runs/1
	[ "$(ls "$run/crashes")" = "$(echo good | sha256sum | cut -c 1-64)" ]
	[ -z "$(find "$LAGO_HOME" "$HOME/one" ! -type f ! -type d)" ]
	[ -z "$(find "$LAGO_HOME" /tmp/lago-y -name x -o -name y -o \
		-name '*null*' -o -name lago-y 2>/dev/null)" ]
	[ ! -e "$run/queue" ]
	[ ! -s "$run/stats.tsv" ]
	[ "$(sql "SELECT count(*) FROM run")" = 2 ]
	same_end 2
}

ended() { # JOB
	pass
	[ "$(sql "SELECT state FROM job WHERE id = $1")" = "done" ]
}
