# The engine ssh and what it does on a node, over a real sshd on 127.0.0.1.
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

setup() {
	need ssh parallel flock setsid
	cd "$BATS_TEST_TMPDIR" || return 1
	ssh_use
	mkdir -p "$LAGO_HOME"
	printf '%s\n' 'n1 ssh:one 2 4096' 'n2 ssh:two 2 4096' \
		>"$LAGO_HOME/nodes"
}

job() { # ID HOW [KEY=VALUE...]
	queued "$1" "$2" cpus=2 memory=1000 "${@:3}"
}

remote() { # ID: its run's directory on its node
	local node=one
	[ "$(run_key "$1" node)" = n1 ] || node=two
	echo "$HOME/$node/runs/$(run_key "$1" uuid)"
}

@test "ssh: a job runs elsewhere, its finds come here, nothing stays there" {
	job 1 "done crash"
	run lago-dispatch
	[ "$status" -eq 0 ]
	[ "$output" = "1.1	start	n1	" ]
	wait_for reaches 1 "done"
	sha=$(echo crash | sha256sum | cut -c 1-64)
	cd "$LAGO_HOME/jobs/1/runs/1"
	[ "$(cat "crashes/$sha")" = crash ]
	[ "$(cat "reports/$sha")" = report ]
	[ "$(wc -l <crashes.jsonl)" -eq 1 ]
	[ "$(ls queue)" = "$(echo seed | sha256sum | cut -c 1-64)" ]
	# the next pass removes it there
	lago-dispatch
	[ -z "$(ls "$HOME/one/runs")" ]
	[ -z "$(ls "$LAGO_HOME/jobs/.remote")" ]
	lago-import -q
	[ "$(lago-crashes | wc -l)" -eq 1 ]
}

@test "ssh: what a poll finds alive goes on; kill ends it, with its results" {
	job 1 "wait crash"
	lago-dispatch -q
	lago-dispatch -q
	[ "$(run_key 1 state)" = running ]
	[ -n "$(ls "$LAGO_HOME/jobs/1/runs/1/crashes")" ]
	# started again, it is the same
	run env LAGO_JOB_DIR="$LAGO_HOME/jobs/1" LAGO_NODE_ARG=one \
		LAGO_RUN_DIR="$LAGO_HOME/jobs/1/runs/1" \
		"$TOP/lib/engine/ssh" start n1 "$(run_key 1 uuid)"
	[ "$output" = exists ]
	[ "$(wc -l <"$(remote 1)/run/starts")" -eq 1 ]
	lago-kill -q 1
	wait_for reaches 1 killed
}

# cut_off NODE: no connection to it, old ones end; heal: as before.
cut_off() {
	cp "$HOME/.ssh/config" "$HOME/.ssh/whole"
	printf 'Host %s\n Port 9\nHost *\n' "$1" | cat - "$HOME/.ssh/whole" \
		>"$HOME/.ssh/config"
	ssh_close
}

heal() {
	mv "$HOME/.ssh/whole" "$HOME/.ssh/config"
}

@test "ssh: a node that is cut off loses its run; late finds are merged" {
	echo lease=12 >"$LAGO_HOME/config"
	job 1 "wait crash"
	lago-dispatch -q
	lago-dispatch -q
	there=$(remote 1)
	cut_off one
	sed -i '$d' "$LAGO_HOME/nodes" # no other node yet
	# over there the lease ends it
	wait_for [ -f "$there/exit" ]
	echo late >"$there/run/crashes/$(echo late | sha256sum | cut -c 1-64)"
	lost() {
		lago-dispatch -q 2>/dev/null || :
		[ "$(run_key 1 state)" = lost ]
	}
	wait_for lost
	[ "$(run_key 1 reason)" = lease ]
	heal
	lago-dispatch -q
	[ -f "$LAGO_HOME/jobs/1/runs/1/crashes/$(echo late | sha256sum | cut -c 1-64)" ]
	lago-dispatch -q
	[ ! -e "$there" ]
	# the next try, as soon as there is a node, is a run of its own
	[ "$(run_key 1 run,attempt,losses)" = "2|2|1" ]
	# with what the first one had
	[ "$(ls "$(remote 1)/run/foreign")" = \
		"$(ls "$LAGO_HOME/jobs/1/runs/1/queue")" ]
}

@test "ssh: lago-node installs, probes, drains and revives" {
	echo 'n3 ssh:three 2 4096' >>"$LAGO_HOME/nodes"
	fake_job 1 && lago-import -q
	run lago-node probe n3
	[ "$status" -eq 69 ]
	[[ $output == *"lago is not installed there: lago-node install"* ]]
	run lago-node install n3
	[ "$status" -eq 0 ]
	[ "$output" = "n3	install" ]
	lago-node probe n3 >told || [ $? -eq 1 ]
	grep -qx "n3	cpus	$(nproc)" told
	grep -q "^n3	boot	$(cat /proc/sys/kernel/random/boot_id)" told
	"$HOME/three/lago/bin/lago-triage" -V
	lago-node drain n3
	[ "$(lago-node | awk '$1 == "n3"' | cut -f 7)" = drained ]
	# a database made anew has it too
	rm "$LAGO_HOME"/lago.db* && lago-import -a -q
	[ "$(lago-node list n3 | cut -f 7)" = drained ]
	lago-node revive -q n3
	[ "$(lago-node list n3 | cut -f 7)" = online ]
	run lago-node drain n9
	[ "$status" -eq 66 ]
}

@test "ssh: what one node's shard found goes to the other's, once" {
	fake_job 1 cpus=2 memory=1000 shards=2
	echo "wait find" >"$LAGO_HOME/jobs/1/bundle.zip"
	lago-import -q
	lago-dispatch -q
	rows() { sqlite3 "$LAGO_HOME/lago.db" "SELECT $1 FROM run ORDER BY run"; }
	[ "$(rows node)" = $'n1\nn2' ]
	one=$HOME/one/runs/$(rows uuid | head -n 1)/run
	two=$HOME/two/runs/$(rows uuid | tail -n 1)/run
	wait_for [ -s "$one/.queue" ]
	wait_for [ -s "$two/.queue" ]
	# what is found while a shard's node has no cores for it waits for it
	kill $(pgrep -f -- "-o $two ")
	wait_for [ -f "${two%/run}/exit" ]
	lago-dispatch >said
	[ "$(rows reason)" = $'\nsignal' ]
	sed -i 's/^retry_at=.*/retry_at=1/' "$LAGO_HOME/jobs/1/runs/2/run"
	# a node that names what it has not, or what is none
	echo ../../../../etc/passwd >>"$one/.queue"
	pushed() {
		lago-dispatch >>said
		[ "$(grep -c push said)" -ge 2 ]
	}
	wait_for pushed
	[ "$(ls "$one/incoming")" = "$(ls "$two/queue")" ]
	[ "$(ls "$two/incoming")" = "$(ls "$one/queue")" ]
	: >said
	lago-dispatch >said
	[ ! -s said ]
	touch "$one/../job/end" "$two/../job/end"
	wait_for reaches 1 "done"
	[ ! -e "$LAGO_HOME/jobs/1/runs/1/foreign" ]
	lago-dispatch -q
	[ ! -e "$one" ]
}
