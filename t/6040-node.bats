# What a node may send: an engine that sends what it likes.
load lib
load home

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p lib/engine send "$LAGO_HOME"
	cat >lib/engine/evil <<-'END'
		#!/bin/sh
		case $1 in
		start) echo started ;;
		poll) awk -F '\t' -v news="$(cat news 2>/dev/null)" '{
			print $1 "\t" $2 "\talive\t1" news }' ;;
		fetch) echo >>fetched; cat >/dev/null; cat "$SEND" ;;
		stop) [ "$2" = n2 ] || exit 69; echo "$2" >>stopped ;;
		esac
	END
	chmod +x lib/engine/evil
	export LAGO_LIBEXEC=$PWD/lib SEND=$PWD/send.tar
	echo 'n1 evil 2 4096' >"$LAGO_HOME/nodes"
	fake_job 1 && lago-import -q
	run=$LAGO_HOME/jobs/1/runs/1
	lago-dispatch -q
	sha=$(echo good | sha256sum | cut -c 1-64)
	mkdir -p send/crashes
	echo good >"send/crashes/$sha"
}

# sends TAR-WORD...: the tar, behind it the end; then a pass.
sends() {
	printf 'sent\t1\n' >send/.end
	tar -cf send.tar -C send "$@"
	tar -rf send.tar -C send .end
	run lago-dispatch
}

@test "node: names that lead out, links and other files are refused, the rest comes" {
	echo x >send/x
	ln -s /etc/passwd "send/crashes/$(printf '%064d' 1)"
	mkfifo send/progress
	sends -P --transform 's,^x,../../x,' x crashes progress "crashes/$sha"
	[ "$status" -eq 0 ]
	[[ $output == *"node n1, run 1.1: "*refused* ]]
	[ "$(cat "$run/crashes/$sha")" = good ]
	[ ! -e "$LAGO_HOME/jobs/1/x" ]
	[ ! -e "$run/../../x" ]
	[ "$(find "$run/crashes" -type l)" = "" ]
	[ ! -p "$run/progress" ]
	[ -f "$run/.cursor" ]
}

@test "node: what is not what its name says, gaps and nonsense are refused" {
	echo bad >"send/crashes/$(printf '%064d' 2)"
	echo more >send/stats.tsv@99
	echo 'not=a=line' >send/progress
	printf 'state\n' >>send/progress
	sends crashes "stats.tsv@99" progress
	[[ $output == *"3 refused"* ]]
	[ "$(ls "$run/crashes")" = "$sha" ]
	[ ! -s "$run/stats.tsv" ]
	[ ! -e "$run/progress" ]
}

@test "node: a stream that is cut keeps what came, and is asked for again" {
	sends "crashes/$sha"
	truncate -s 1100 send.tar # the end is behind that
	rm -r "$run/crashes" "$run/.cursor"
	run lago-dispatch
	[[ $output == *"no tar, or cut"* ]]
	[ "$(cat "$run/crashes/$sha")" = good ]
	[ ! -e "$run/.cursor" ]
	echo nonsense >send.tar
	run lago-dispatch
	[[ $output == *"no tar"* ]]
}

@test "node: pieces of a file go where they belong, twice is once" {
	printf 'one\n' >send/log@0
	sends log@0
	rm send/log@0
	printf 'two\n' >send/log@4
	sends log@4
	sends log@4
	[ "$(cat "$run/log")" = $'one\ntwo' ]
}

@test "node: a run without news is asked for its numbers once a minute" {
	calls() {
		lago-dispatch -q
		wc -l <fetched
	}
	printf '\tnothing' >news
	sends "crashes/$sha"
	[ "$(calls)" = 1 ]
	printf '\tsomething' >news
	[ "$(calls)" = 2 ]
	[ "$(calls)" = 2 ]
	sed -i 's/^[0-9]*/0/' "$run/.fetched" # long ago
	[ "$(calls)" = 3 ]
}

@test "node: one that does not answer keeps a kill from no other" {
	echo 'n2 evil 2 4096' >>"$LAGO_HOME/nodes"
	fake_job 2 cpus=1 shards=2 && lago-import -q
	sed -i 's/evil 2/evil 3/' "$LAGO_HOME/nodes"
	lago-dispatch -q || :
	[ "$(cat "$LAGO_HOME"/jobs/2/runs/*/run | grep -c '^node=n[12]')" = 2 ]
	run lago-kill 2
	[ "$status" -eq 69 ]
	[ "$(cat stopped)" = n2 ]
}

@test "node: a start that comes when its run was purged starts nothing" {
	node() {
		env LAGO_NODE="$PWD/there" "$TOP/lib/exec/node" "$1"
	}
	mkdir -p job run
	echo driver=libfuzzer >job/job
	id=0123456789abcdef0123456789abcdef
	begin() {
		{
			printf 'run %s\nlease 9\nwall 9\n\n' "$id"
			tar -cf - run job/job
		} | node start
	}
	for _ in 1 2; do
		echo "$id" | node purge
	done
	run begin
	[ "$status" -eq 66 ]
	[ -z "$(ls -A there/runs)" ]
	[ "$(printf '%s\t0\n' "$id" | node poll)" = "$id	gone" ]
}

@test "node: the engine in the page runs a job" {
	awk '/^#!\/bin\/sh/ { on = 1 } /^\.Ed/ { on = 0 } on' \
		"$TOP/man/lago-engine.7" | sed 's/\\e/\\/g' >lib/engine/mine
	chmod +x lib/engine/mine
	export HOME=$PWD/there REACH=env
	mkdir -p there/.lago-node/lago/{bin,lib/exec}
	cp "$TOP"/lib/exec/{node,lease} there/.lago-node/lago/lib/exec
	cp "$TOP/t/fake/lago-run" there/.lago-node/lago/bin
	echo 'n2 mine 2 4096' >"$LAGO_HOME/nodes"
	fake_job 2 && echo 'done crash' >"$LAGO_HOME/jobs/2/bundle.zip"
	lago-import -q
	run lago-dispatch
	[ "$output" = "2.1	start	n2	" ]
	reached() {
		lago-dispatch -q
		[ "$(sqlite3 "$LAGO_HOME/lago.db" \
			'SELECT state FROM job WHERE id = 2')" = "done" ]
	}
	wait_for reached
	[ -n "$(ls "$LAGO_HOME/jobs/2/runs/1/crashes")" ]
	lago-dispatch -q
	[ -z "$(ls there/.lago-node/runs)" ]
}
