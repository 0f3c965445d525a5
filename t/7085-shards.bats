load lib
load home
load queue

# A tree of its own, where lago-run is t/fake/lago-run.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p "$BATS_TEST_TMPDIR/bin" "$LAGO_HOME"
	cp "$TOP"/bin/lago "$TOP"/bin/lago-{dispatch,kill,import,status,submit} \
		"$TOP/t/fake/lago-run" "$BATS_TEST_TMPDIR/bin"
	export LAGO_LIBEXEC="$TOP/lib" LAGO_SHARE="$TOP/share"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	printf '%s\n' 'a local 2 4096' 'b local 2 4096' 'c local 4 4096' \
		>"$LAGO_HOME/nodes"
}

job() { # ID HOW [KEY=VALUE...]
	queued "$1" "$2" cpus=1 memory=100 "${@:3}"
}

@test "shards: runs at once, apart while there are nodes; done when all are" {
	job 1 wait shards=4
	run --separate-stderr lago-dispatch
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 4 ]
	[ "$(printf '%s\n' "${lines[@]}" | cut -f 3 | sort | uniq -c |
		awk '{ print $1 $2 }' | tr '\n' ' ')" = "1a 1b 2c " ]
	[ "$(for n in 1 2 3 4; do field 1.$n shard; done | tr '\n' ' ')" = "1 2 3 4 " ]
	lago-dispatch
	[ "$(ls "$LAGO_HOME/jobs/1/runs")" = "$(seq 4)" ]
	touch "$LAGO_HOME/jobs/1/end"
	wait_for reaches 1 "done"
	[ "$(ls "$LAGO_HOME/jobs/1/runs")" = "$(seq 4)" ]
}

@test "shards: each is tried again by itself, one that cannot fails the job" {
	job 1 lost shards=2 retries=0
	lago-dispatch -q
	wait_for reaches 1 failed
	[ "$(field 1.1 state)" = failed ]
	[ "$(field 1.2 state)" = failed ]
	job 2 lost shards=2
	known() {
		lago-dispatch -q
		[ "$(field 2.1 losses) $(field 2.2 losses)" = "1 1" ]
	}
	wait_for known
}

@test "shards: what does not fit waits for its turn, the job goes on" {
	printf '%s\n' 'a local 1 4096' >"$LAGO_HOME/nodes"
	job 1 "done" shards=3
	run lago-dispatch
	[ "${#lines[@]}" -eq 1 ]
	wait_for reaches 1 "done"
	[ "$(for n in 1 2 3; do field 1.$n shard; done | tr '\n' ' ')" = "1 2 3 " ]
}

# The inputs that runs find, as they are named.
of() { # RUN...
	local n
	for n; do
		echo "of $n" | sha256sum | cut -c 1-64
	done | sort
}

@test "shards: each gets what the others found, once; a late one as its seeds" {
	job 1 "wait find" shards=3
	lago-dispatch -n 2
	cd "$LAGO_HOME/jobs/1/runs"
	wait_for [ -s 1/.queue ]
	wait_for [ -s 2/.queue ]
	run lago-dispatch
	[ "${lines[0]}" = "1.1	push	${lines[0]#*push	}" ]
	[[ ${lines[0]} == *"	1 files 5 bytes" ]]
	[[ ${lines[1]} == "1.2	push	"* ]]
	[[ ${lines[2]} == "1.3	start	"* ]]
	[ "$(ls 1/incoming)" = "$(of 2)" ]
	[ "$(ls 2/incoming)" = "$(of 1)" ]
	[ "$(ls 3/foreign)" = "$(of 1 2)" ]
	wait_for [ -s 3/.queue ]
	run lago-dispatch
	[ "${#lines[@]}" -eq 2 ]
	[ "$(ls 1/incoming)" = "$(of 2 3)" ]
	[[ $(lago-status -v 1 2>&1) == *"1.1: 2 files, 10 bytes came from other shards"* ]]
	# nothing is new, nothing is sent
	run lago-dispatch
	[ -z "$output" ]
	[ ! -e 3/incoming ]
	touch "$LAGO_HOME/jobs/1/end"
	wait_for reaches 1 "done"
	[ ! -e 1/incoming ]
	[ ! -e 3/foreign ]
}

@test "engine local: only files named by hashes are taken" {
	mkdir in out
	sha=$(echo x | sha256sum | cut -c 1-64)
	echo x >"in/$sha"
	echo y >in/evil
	ln -s /etc/passwd "in/${sha//[0-9]/a}"
	mkdir "in/${sha//[0-9]/b}"
	tar cf - -C in . >all.tar
	run env LAGO_RUN_DIR="$PWD/out" "$TOP/lib/engine/local" push a u1 <all.tar
	[ "$status" -eq 0 ]
	[[ $output == *"3 refused" ]]
	[ "$(ls -A out)" = incoming ]
	[ "$(ls out/incoming)" = "$sha" ]
	# as the page says
	grep -qx "$(printf x | sha256sum | cut -c 1-64)" "$TOP/man/lago-engine.7"
	# cut in the middle, it is pushed again
	tar cf all.tar -C in "$sha"
	rm out/incoming/*
	run env LAGO_RUN_DIR="$PWD/out" "$TOP/lib/engine/local" push a u1 \
		< <(head -c 513 all.tar)
	[ "$status" -eq 74 ]
	[ "$(ls -A out)" = incoming ]
	[ -z "$(ls out/incoming)" ]
}

@test "shards: more CPUs than a node has are divided at submission" {
	need zip
	mkdir -p good/corpus
	{ cat "$(type -P true)" && echo __AFL_SHM_ID; } >good/target
	chmod +x good/target
	(cd good && zip -qr ../b.zip .)
	run --separate-stderr lago-submit -x cpus=10 -x memory=3000 b.zip
	[ "$status" -eq 0 ]
	[[ $stderr == *"3 shards of 4"* ]]
	grep -qx shards=3 "$LAGO_HOME/jobs/1/job"
	grep -qx cpus=4 "$LAGO_HOME/jobs/1/job"
	grep -qx memory=1000 "$LAGO_HOME/jobs/1/job"
}
