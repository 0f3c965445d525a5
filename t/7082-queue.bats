# What waits, and who comes next: real passes, engines and runs made up.
load lib
load home
load queue

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p bin lib/engine "$LAGO_HOME"
	cp "$TOP"/bin/lago "$TOP"/bin/lago-{dispatch,import,kill,node,status} \
		"$TOP/t/fake/lago-run" bin
	cp "$TOP/lib/engine/local" lib/engine
	export LAGO_LIBEXEC=$PWD/lib LAGO_SHARE=$TOP/share
	PATH=$PWD/bin:$PATH
}

job() { # ID HOW [KEY=VALUE...]
	queued "$1" "$2" cpus=1 memory=100 "${@:3}"
}

# Engines `both` and `too`, whose start and poll end only when they were called
# for both nodes a and b.
together() {
	cat >lib/engine/both <<-END
		#!/bin/sh
		meet() {
			: >$PWD/\$1.\$2
			for _ in \$(seq 200); do
				[ ! -e $PWD/\$1.a ] || [ ! -e $PWD/\$1.b ] || return 0
				sleep 0.1
			done
			exit 75
		}
		case \$1 in
		start) meet start \$2; echo started ;;
		poll) while read -r node run rest; do
			meet poll \$node
			printf '%s\t%s\talive\t1\n' \$node \$run
		done ;;
		fetch) cat >/dev/null; exit 75 ;;
		esac
	END
	chmod +x lib/engine/both
	cp lib/engine/both lib/engine/too
}

@test "queue: nodes start and answer at once, none waits for another" {
	together
	printf '%s\n' 'a both 1 4096' 'b too 1 4096' >"$LAGO_HOME/nodes"
	job 1 wait
	job 2 wait
	run lago-dispatch
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	run lago-dispatch
	[ "$(sql "SELECT count(*) FROM run WHERE state = 'starting'")" -eq 2 ]
	[[ $output != *"poll failed"* ]]
}

@test "queue: -n starts that many and no more" {
	echo 'local local 9 4096' >"$LAGO_HOME/nodes"
	for id in 1 2 3 4 5; do job $id wait; done
	run lago-dispatch -n 2
	[ "${#lines[@]}" -eq 2 ]
	touch "$LAGO_HOME"/jobs/{1,2}/end
}

# next: a pass, and what it started, run to its end.
next() {
	lago-dispatch >said
	cat said >>all
	wait_for none_alive
}

none_alive() {
	lago-dispatch -q -n 0
	[ "$(sql "SELECT count(*) FROM job WHERE state = 'running'")" -eq 0 ]
}

@test "queue: a job of low priority comes in time, whatever is submitted" {
	echo 'local local 1 4096' >"$LAGO_HOME/nodes"
	# Each second of waiting is a point.
	printf '%s\n' ageing=1 >"$LAGO_HOME/config"
	job 1 "done" priority=50 submitted="$(date +%s)"
	n=1
	: >all
	until grep -q '^1\.1' all; do
		n=$((n + 1))
		job $n "done" priority=53 submitted="$(date +%s)"
		next
		[ "$n" -lt 100 ]
	done
	grep -q '^2\.1' all # the more urgent one came first
	# With ageing off it would be the last of them.
	echo ageing=0 >"$LAGO_HOME/config"
	job 600 "done" priority=50 submitted=1
	job 601 "done" priority=60 submitted="$(date +%s)"
	next
	grep -q '^601' said
}

@test "queue: two owners share half and half, or as weights say" {
	echo 'local local 4 4096' >"$LAGO_HOME/nodes"
	for id in 1 2 3 4 5 6; do job $id wait owner=alice priority=99; done
	for id in 7 8 9; do job $id wait owner=bob; done
	owners() {
		sql "SELECT owner, count(*) FROM job WHERE state = 'running'
			GROUP BY 1" | xargs
	}
	lago-dispatch -q
	[ "$(owners)" = "alice|2 bob|2" ]
	# What one of them ends, the same owner gets again.
	touch "$LAGO_HOME"/jobs/7/end
	gone() {
		lago-dispatch -q -n 0
		[ "$(owners)" = "alice|2 bob|1" ]
	}
	wait_for gone
	lago-dispatch -q
	[ "$(owners)" = "alice|2 bob|2" ]
	touch "$LAGO_HOME"/jobs/{1,2,3,4,5,6,8,9}/end
	echo weights=bob:3 >"$LAGO_HOME/config"
	none_left() {
		lago-dispatch -q
		[ "$(sql "SELECT count(*) FROM job WHERE state IN
			('queued', 'running')")" -eq 0 ]
	}
	wait_for none_left
	for id in 11 12 13 14; do job $id wait owner=alice; done
	for id in 15 16 17 18; do job $id wait owner=bob; done
	lago-dispatch -q
	[ "$(owners)" = "alice|1 bob|3" ]
	touch "$LAGO_HOME"/jobs/{11..18}/end
	echo weights=bob >"$LAGO_HOME/config"
	run lago-dispatch
	[ "$status" -eq 78 ]
}

@test "queue: a job that is too old is given up, a database made anew knows it" {
	echo 'local local 4 4096' >"$LAGO_HOME/nodes"
	job 1 "done" max_age=100 cpus=64 submitted=1000
	job 2 "done" max_age=100 cpus=64 submitted="$(date +%s)"
	run lago-dispatch
	[ "$output" = "1	killed		expired" ]
	[ "$(sql 'SELECT id, state, reason FROM job' | xargs)" = \
		"1|killed|expired 2|queued|" ]
	rm "$LAGO_HOME"/lago.db*
	lago-import -aq
	[ "$(sql 'SELECT state, reason FROM job WHERE id = 1')" = 'killed|expired' ]
	run lago-dispatch
	[ -z "$output" ]
}

# An engine for any node: what is in the file NODE.says is how its runs are, else
# alive; started runs are files NODE.RUN.
says() {
	cat >lib/engine/says <<-END
		#!/bin/sh
		cd $PWD || exit 69
		case \$1 in
		start) : >\$2.\$3; echo started ;;
		poll) while IFS='	' read -r node run _; do
			state=alive
			[ ! -f \$node.says ] || state=\$(cat \$node.says)
			[ "\$state" != alive ] || state='alive	1000'
			[ "\$state" = silent ] ||
				printf '%s\t%s\t%s\n' \$node \$run "\$state"
		done ;;
		fetch) cat >/dev/null
			mkdir -p out.\$3
			printf 'whole\t1\n' >out.\$3/.end
			printf 'phase=%s\nstate=running\nfuzzed=77\n' \
				"\$(cat \$2.phase 2>/dev/null || echo check)" >out.\$3/progress
			tar -cf - -C out.\$3 progress .end ;;
		esac
	END
	chmod +x lib/engine/says
}

node() { # NODE: its state
	lago-node list "$1" | cut -f 7
}

@test "queue: drained and offline nodes get nothing, runs= is their limit" {
	says
	printf '%s\n' 'a says 9 4096 runs=2' 'b says 9 4096 x,y runs=3' \
		'c says 9 4096' 'd says 9 4096' >"$LAGO_HOME/nodes"
	lago-dispatch
	lago-node drain -q c
	lago-node offline -q d
	[ "$(lago-node | cut -f 1,6,7,9 | tr '\t' ' ' | paste -sd,)" = \
		'a  online 2,b x,y online 3,c  drained ,d  offline ' ]
	for id in 1 2 3 4 5 6 7; do job $id wait; done
	run lago-dispatch
	[ "$(cut -f 3 <<<"$output" | sort | uniq -c | xargs)" = '2 a 3 b' ]
	lago-import -q
	[ "$(lago-status nodes | cut -f 2,6 | xargs)" = \
		'online online x,y drained offline' ]
	lago-node revive -q c
	run lago-dispatch
	[ "$(cut -f 3 <<<"$output" | sort | uniq -c | xargs)" = '2 c' ]
	# The runs of one that went offline are not asked for, so they end.
	echo lease=1 >"$LAGO_HOME/config"
	lago-node offline -q c
	echo 'silent' >d.says
	lost() {
		lago-dispatch -q
		[ "$(sql "SELECT count(*) FROM run WHERE node = 'c' AND
			state = 'lost' AND reason = 'lease'")" -eq 2 ]
	}
	wait_for lost
	echo 'runs=0' >>"$LAGO_HOME/nodes"
	run lago-dispatch
	[ "$status" -eq 78 ]
}

@test "queue: what no node can take says why it waits" {
	printf '%s\n' 'a local 2 4000 big' 'b local 4 8000 here' \
		>"$LAGO_HOME/nodes"
	fake_job 1 cpus=5 memory=100
	fake_job 2 cpus=4 memory=9000
	fake_job 3 cpus=3 memory=100 needs=big
	fake_job 4 cpus=3 memory=100 needs=here
	fake_job 5 cpus=2 memory=100
	lago-import -q
	lago-node drain b
	run --separate-stderr lago-status -v
	[ "${#stderr_lines[@]}" -eq 4 ]
	[[ ${stderr_lines[0]} == *"1: waits: no node has so many CPUs" ]]
	[[ ${stderr_lines[1]} == *"2: waits: no node "*" memory" ]]
	[[ ${stderr_lines[2]} == *"3: waits: no node "*" tags it needs" ]]
	[[ ${stderr_lines[3]} == *"4: waits: all nodes "*" drained"* ]]
}

@test "queue: a node on which everything fails is set aside and comes back" {
	says
	echo ended$'\t'69 >bad.says
	echo fuzz >good.phase
	printf '%s\n' 'bad says 9 4096' 'good says 2 4096' >"$LAGO_HOME/nodes"
	for id in 1 2 3 4 5; do job $id wait; done
	for id in 11 12 13 14; do
		lago-dispatch >>all
		job $id wait
	done
	grep -qx "	aside	bad	node" all
	! grep -q 'aside	good' all || false
	[ "$(node bad)" = aside ]
	[ "$(lago-node list -j bad | jq -r .reason)" = node ]
	[ "$(lago-node list -j bad | jq .until)" -gt "$(date +%s)" ]
	# What was lost there is tried elsewhere, and says why.
	[ "$(sed -n 's/^node=//p' "$LAGO_HOME"/jobs/*/runs/2/run | uniq)" = good ]
	grep -q '^lost=node' "$LAGO_HOME"/jobs/*/runs/2/run
	# And has the time that is left.
	grep -q '^fuzzed=77' "$LAGO_HOME"/jobs/*/runs/2/progress
	n=$(find . -name 'bad.*' | wc -l)
	job 6 wait
	lago-dispatch
	[ "$(find . -name 'bad.*' | wc -l)" -eq "$n" ]
	# The time is over.
	sed -i 's/bad [0-9]*/bad 1/' "$LAGO_HOME/events"
	rm "$LAGO_HOME"/lago.db*
	lago-import -aq
	[ "$(node bad)" = online ]
	# By hand.
	rm -f bad.says
	echo fuzz >bad.phase
	lago-node revive bad
	lago-dispatch
	[ "$(find . -name 'bad.*' | wc -l)" -gt "$n" ]
}

@test "queue: a job that fails everywhere sets no node aside" {
	says
	for node in a b c d; do
		echo ended$'\t'69 >$node.says
		echo "$node says 1 4096"
	done >"$LAGO_HOME/nodes"
	job 1 wait retries=3
	failed() {
		sed -i 's/^retry_at=.*/retry_at=1/' "$LAGO_HOME"/jobs/1/runs/*/run
		lago-dispatch >>all
		[ "$(sql 'SELECT state FROM job')" = failed ]
	}
	wait_for failed
	[ "$(sql 'SELECT count(*) FROM run')" -eq 4 ]
	# Each try was elsewhere than the one before.
	[ -z "$(sql 'SELECT 1 FROM run AS r JOIN run AS s ON s.run = r.run + 1
		AND s.node = r.node')" ]
	[ "$(sql 'SELECT reason FROM job')" = node ]
	! grep aside all || false
	# Refused as no job for any node, it is not tried again.
	for node in a b c d; do echo ended$'\t'65 >$node.says; done
	job 2 wait
	lago-dispatch -q
	lago-dispatch -q
	[ "$(sql 'SELECT state, reason FROM job WHERE id = 2')" = 'failed|bundle' ]
	[ "$(sql 'SELECT count(*) FROM run WHERE job = 2')" -eq 1 ]
}

@test "queue: every= makes one successor, when the job has ended, once" {
	echo 'local local 4 4096' >"$LAGO_HOME/nodes"
	now=$(date +%s)
	job 1 wait every=1000 submitted="$now" owner=ann env.A=b \
		bundle=bundle.zip
	echo 2 >"$LAGO_HOME/jobs/.next"
	lago-dispatch -q
	lago-dispatch -q
	[ ! -e "$LAGO_HOME/jobs/2" ] # no pile-up while it is under way
	touch "$LAGO_HOME/jobs/1/end"
	ended() {
		lago-dispatch >>all
		[ "$(sql "SELECT state FROM job WHERE id = $1")" = "$2" ]
	}
	wait_for ended 1 "done"
	grep -qx "2	queued		every" all
	job=$LAGO_HOME/jobs/2/job
	[ "$(grep -xc -e "due=$((now + 1000))" -e 'after=1' -e owner=ann \
		-e every=1000 -e env.A=b "$job")" -eq 5 ]
	[ "$LAGO_HOME/jobs/1/bundle.zip" -ef "$LAGO_HOME/jobs/2/bundle.zip" ]
	# A pass that died before the rows made it, and others, make no second one.
	sql 'DELETE FROM job WHERE id = 2; UPDATE job SET next = NULL'
	lago-dispatch >>all
	lago-dispatch >>all
	[ ! -e "$LAGO_HOME/jobs/3" ]
	[ ! -e "$LAGO_HOME/jobs/2/runs" ] # it is not due
	[ "$(sql 'SELECT next FROM job WHERE id = 1')" -eq 2 ]
	# The files know it all, also a home that slept through it.
	sed -i -e 's/^due=.*/due=1000/' "$job"
	rm "$LAGO_HOME"/lago.db* "$LAGO_HOME/jobs/1/end"
	lago-import -aq
	lago-dispatch >>all
	[ "$(sql 'SELECT state FROM job WHERE id = 2')" = running ]
	rm "$LAGO_HOME/jobs/2/bundle.zip"
	echo "done" >"$LAGO_HOME/jobs/2/bundle.zip"
	touch "$LAGO_HOME/jobs/2/end"
	wait_for ended 2 "done"
	[ "$(sed -n 's/^due=//p' "$LAGO_HOME/jobs/3/job")" -ge "$now" ]
	wait_for ended 3 "done"
	# Killed, the series is over.
	[ "$(sql 'SELECT state FROM job WHERE id = 4')" = queued ]
	lago-kill -q 4
	lago-dispatch -q
	[ "$(sql 'SELECT max(id) FROM job')" -eq 4 ]
}
