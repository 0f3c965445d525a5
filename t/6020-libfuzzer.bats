load lib
load driver

setup() {
	driver_setup libfuzzer
}

@test "libfuzzer: flags, and what a bundle may set of them" {
	cat >"$LAGO_BUNDLE/target.options" <<-'END'
		[asan]
		detect_leaks=0
		[libfuzzer]
		max_len = 64
		jobs=8
		artifact_prefix=/etc/
		ignore_crashes=1
		close_fd_mask=3
		only_ascii=random(1, 1)
		junk=$(touch ran) `touch ran` "
		bad-key=1
	END
	echo '"x"' >"$LAGO_BUNDLE/target.dict"
	for i in 0 1 2; do
		echo "== instance $i of 3"
		shown argv $i 3
	done | golden argv-libfuzzer-3
	shown replay target | golden replay-libfuzzer
	[ ! -e ran ]
	echo 'use_value_profile=0' >>"$LAGO_BUNDLE/target.options"
	[ "$(shown argv 1 3 | grep -c value_profile)" = 1 ]
}

@test "libfuzzer: stat with and without lim:, in fork mode, after a crash" {
	for f in "$TOP"/t/golden/stat-libfuzzer-*.in; do
		LAGO_LOG=$f shown stat 0 | golden "$(basename "$f" .in)"
	done
	LAGO_LOG=$PWD/none shown stat 0 | golden stat-libfuzzer-nothing
	[ ! -e banner-ran ]
}

@test "libfuzzer: an instance that mostly loads goes on in fork mode" {
	echo 'INFO: Loaded 1 modules   (149 inline 8-bit counters): 149 [0x5, 0x6),' \
		>"$LAGO_LOG"
	for i in $(seq 30); do
		"$DRIVER" stat 0 >/dev/null
	done
	shown argv 1 2 >other
	run ! grep -- -fork other
	shown argv 0 2 | grep -x -A5 -e -fork=1 | golden argv-libfuzzer-fork
	LAGO_REMAINING=4000
	[ "$(shown argv 0 2 | grep max_total_time)" = -max_total_time=300 ]
	# It stays so, although it does not load any more.
	printf '#8\tINITED cov: 9 ft: 1 corp: 7/300b exec/s: 0 rss: 30Mb\n' \
		>>"$LAGO_LOG"
	for i in $(seq 40); do
		"$DRIVER" stat 0 >/dev/null
	done
	shown argv 0 2 | grep -qx -e -fork=1
}

@test "libfuzzer: a fork mode run counts what it finds" {
	examples
	cp "$EXAMPLES/chunk-libfuzzer" "$LAGO_BUNDLE/target"
	export LAGO_IN=$EXAMPLES/seeds LAGO_REMAINING=4
	mkdir -p out/tally
	touch out/tally/0.fork
	start 0 1 20 || :
	[ "$(value execs)" -gt 1 ]
	[ "$(value crashes)" -ge 1 ]
	"$DRIVER" crashes | tr '\0' '\n' |
		grep -qE '^out/artifacts/0/(crash|leak|oom|timeout)-[0-9a-f]{40}$'
}

@test "libfuzzer: environment, the bundle's libraries" {
	touch "$LAGO_BUNDLE/libx.so"
	cat >"$LAGO_JOB" <<-'END'
		env.LD_LIBRARY_PATH=/more
		env.ASAN_OPTIONS=detect_leaks=0
	END
	[ "$(variable LD_LIBRARY_PATH | sed "s,/T,$BATS_TEST_TMPDIR,g")" = \
		"$LAGO_BUNDLE/lib:$LAGO_BUNDLE:/more" ]
	[[ $(variable ASAN_OPTIONS) == *:detect_leaks=0:symbolize=0 ]]
}

@test "libfuzzer: check runs the target" {
	examples
	cp "$EXAMPLES/chunk-libfuzzer" "$LAGO_BUNDLE/target"
	printf '[libfuzzer]\njobs=3\n' >"$LAGO_BUNDLE/target.options"
	run --separate-stderr "$DRIVER" check
	[ "$status" -eq 0 ]
	[[ $stderr == *"dropped: jobs"* ]]
	cp "$EXAMPLES/chunk-plain" "$LAGO_BUNDLE/target"
	run --separate-stderr "$DRIVER" check
	[ "$status" -eq 65 ]
	[[ $stderr == *"is no libFuzzer target"* ]]
}

@test "libfuzzer: a real run keeps what it finds" {
	examples
	cp "$EXAMPLES/chunk-libfuzzer" "$LAGO_BUNDLE/target"
	export LAGO_IN=$EXAMPLES/seeds LAGO_REMAINING=5
	found() {
		start 0 2 10 || :
		[ -n "$("$DRIVER" crashes | tr -d '\0')" ] || return
		[ -n "$("$DRIVER" queue | tr -d '\0')" ]
	}
	wait_for found
	[ "$(value execs)" -gt 1 ]
	[ "$(value edges)" -gt 10 ]
	[ "$(value last_crash)" -gt 1700000000 ]
	"$DRIVER" crashes | tr '\0' '\n' |
		grep -qE '^out/artifacts/0/(crash|leak|oom|timeout)-[0-9a-f]{40}$'
	"$DRIVER" queue | tr '\0' '\n' | grep -qE '^out/corpus/[0-9a-f]{40}$'
}

@test "drivers: the transcript in lago-driver(7) is true" {
	need jq
	export LAGO_TIMEOUT='' LAGO_MEMORY=''
	awk '/transcript/ { on = 1; next } on && /^\.Ed/ { exit } on' \
		"$TOP/man/lago-driver.7" >page
	[ -s page ]
	sed -n 's/^> //p' page | while read -r name args; do
		echo "> $name $args"
		# shellcheck disable=SC2086 # words
		"$TOP/lib/driver/$name" $args 2>/dev/null >said || echo $? >status
		tr '\0' '\n' <said | sed 's/^/< /; s/ $//'
		[ ! -e status ] || sed 's/^/! /' status
		rm -f status
	done >true
	diff -u page true
}
