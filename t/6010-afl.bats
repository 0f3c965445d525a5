load lib
load driver

setup() {
	driver_setup afl
}

# fake_afl VERSION LETTERS VARIABLE...: an afl-fuzz that only has a help text.
fake_afl() {
	mkdir -p ../bin
	{
		echo '#!/bin/sh'
		printf "printf '\\033[0;36mafl-fuzz++%%s\\033[0m\\\\n' %s\n" "$1"
		echo "cat <<'END'"
		echo "$2" | grep -o . | sed 's/.*/  -& something   - what it does/'
		shift 2
		printf '%s: what it does\n' "$@"
		echo END
		echo 'exit 1'
	} >../bin/afl-fuzz
	chmod +x ../bin/afl-fuzz
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

old_afl() {
	fake_afl 3.15a iopftmQUWNDLclnxsVEMSFTICbe ASAN_OPTIONS \
		AFL_NO_UI AFL_SKIP_CPUFREQ AFL_NO_AFFINITY AFL_IMPORT_FIRST \
		AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES AFL_DISABLE_TRIM \
		AFL_CMPLOG_ONLY_NEW AFL_FAST_CAL AFL_EXPAND_HAVOC_NOW
}

new_afl() {
	fake_afl 4.21c iopftmOQUWXPagGLclZNnxsVEMSFTICbe ASAN_OPTIONS \
		AFL_NO_UI AFL_SKIP_CPUFREQ AFL_NO_AFFINITY AFL_IMPORT_FIRST \
		AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES AFL_DISABLE_TRIM \
		AFL_CMPLOG_ONLY_NEW AFL_FAST_CAL AFL_EXPAND_HAVOC_NOW \
		AFL_FINAL_SYNC AFL_IGNORE_SEED_PROBLEMS \
		AFL_IGNORE_UNKNOWN_ENVS AFL_NO_WARN_INSTABILITY \
		AFL_TARGET_ENV AFL_FUZZER_STATS_UPDATE_INTERVAL
}

all_of() {
	for i in $(seq 0 $(($1 - 1))); do
		echo "== instance $i of $1"
		shown argv "$i" "$1"
	done
}

conf() {
	printf '%s' "$1" >"$LAGO_BUNDLE/target.conf"
}

@test "afl: instances differ as the guides say; what a version lacks is left out" {
	need jq
	old_afl
	all_of 1 | golden argv-afl-old-1
	all_of 8 | golden argv-afl-old-8
	for x in cmplog san laf; do
		cp "$LAGO_BUNDLE/target" "$LAGO_BUNDLE/target.$x"
	done
	echo '"x"' >"$LAGO_BUNDLE/target.dict"
	new_afl
	all_of 1 | golden argv-afl-new-1
	all_of 8 | golden argv-afl-new-8
}

@test "afl: stat reads old and new names, and nothing is executed" {
	need jq
	mkdir -p out/i0/crashes out/i0/hangs out/i0/crashes.2026-01-01-00:00:00
	touch out/i0/crashes/{README.txt,id:000000} out/i0/hangs/{a,b}
	touch out/i0/crashes.2026-01-01-00:00:00/id:000000
	for f in "$TOP"/t/golden/stat-afl-*.in; do
		sed '/^%%/,$d' "$f" >out/i0/fuzzer_stats
		sed '1,/^%% plot_data$/d' "$f" >out/i0/plot_data
		shown stat 0 | golden "$(basename "$f" .in)"
	done
	[ ! -e banner-ran ]
	[ ! -e out/i0/banner-ran ]
}

@test "afl: target.conf, all that Lagopus took of it" {
	need jq
	new_afl
	conf '{"session":"s","input":"./corpus","output":"./results",
		"target":"./target","cmdline":"-q  %% *","file":"in.xml",
		"timeout":"200+","mem_limit":"none","dict":"./d/my dict",
		"afl_margs":"-T b -i /etc -o/x -p seek -V 10 -D",
		"qemu":true,"master_instances":2}'
	mkdir "$LAGO_BUNDLE/d"
	echo '"x"' >"$LAGO_BUNDLE/d/my dict"
	shown argv 0 4 | golden argv-afl-conf
	[[ $(shown argv 1 4 | tr '\n' ' ') == *" -M i1:2/2 -- "*"-q in.xml_001 *"* ]]
	[[ $(shown argv 2 4 | tr '\n' ' ') == *" -S i2 -- "* ]]
	[[ $(shown replay target | sed '1,/^$/d' | tr '\n' ' ') == \
		"./target -q @@ *  file in.xml crash_status 86 " ]]
	conf '{"cmdline":"","mem_limit":"100","master_instances":0}'
	[[ $(shown argv 0 2 | tr '\n' ' ') == *" -m 100 "*" -S i0 -- ./target " ]]
	[[ $(shown replay target | sed '1,/^$/d' | tr '\n' ' ') == \
		"./target  stdin crash_status 86 " ]]
}

@test "afl: the environment a job asks for reaches the target, lago's own is dropped" {
	need jq
	new_afl
	cat >"$LAGO_JOB" <<-'END'
		driver=afl
		env.WORD=a "b" $(touch ran) \\ *
		env.TWO=x\ny
		env.ASAN_OPTIONS=detect_leaks=1
		env.LD_LIBRARY_PATH=/a b
		env.AFL_CRASH_EXITCODE=42
	END
	printf '%s\n' 'LD_PRELOAD=/x.so' 'AFL_BENCH_UNTIL_CRASH=1' 'BACK=a\nb' \
		>"$LAGO_ENV"
	[ "$(variable WORD)" = "a \"b\" \$(touch ran) \\ *" ]
	shown argv 0 1 | grep -x -A1 'TWO=x' | grep -x y
	[ "$(variable BACK)" = 'a\nb' ]
	[ "$(variable AFL_PRELOAD)" = /x.so ]
	[ "$(variable AFL_TARGET_ENV)" = 'LD_LIBRARY_PATH="/a b"' ]
	[[ $(variable ASAN_OPTIONS) == \
		detect_leaks=0:*:detect_leaks=1:abort_on_error=1:symbolize=0 ]]
	[ -z "$(variable AFL_BENCH_UNTIL_CRASH)" ]
	[ ! -e ran ]
	shown replay target >answer
	grep -qx 'LD_PRELOAD=/x.so' answer
	grep -qx 'LD_LIBRARY_PATH=/a b' answer
	grep -qx 'crash_status 42' answer
	run ! grep -q '^AFL_' answer
}

@test "afl: check runs the target" {
	need jq afl-showmap afl-fuzz
	examples
	cp "$EXAMPLES/chunk-afl-plain" "$LAGO_BUNDLE/target"
	conf '{"cmdline":"@@","afl_margs":"-S x"}'
	run --separate-stderr "$DRIVER" check
	[ "$status" -eq 0 ]
	[[ $stderr == *"dropped: -S x"* ]]
	cp "$EXAMPLES/chunk-plain" "$LAGO_BUNDLE/target"
	run --separate-stderr "$DRIVER" check
	[ "$status" -eq 65 ]
	[[ $stderr == *"no coverage from 'target'"* ]]
	echo mode=dumb >"$LAGO_JOB"
	"$DRIVER" check
	rm "$LAGO_BUNDLE/target"
	run --separate-stderr "$DRIVER" check
	[ "$status" -eq 65 ]
	PATH=$BATS_TEST_TMPDIR/nothing:/bin run "$DRIVER" probe
	run ls -d check.*
	[ "$status" -ne 0 ]
}

@test "afl: a real run without instrumentation, paths with blanks" {
	need jq afl-fuzz
	LAGO_BUNDLE="$BATS_TEST_TMPDIR/b un dle"
	mkdir "$LAGO_BUNDLE"
	touch "$LAGO_BUNDLE/libx.so"
	# Whole or not at all: it may be killed while it writes.
	printf '#!/bin/sh\nenv >%s/$$ && mv %s/$$ %s/env.out\n' "$PWD" "$PWD" \
		"$BATS_TEST_TMPDIR" >"$LAGO_BUNDLE/target"
	chmod +x "$LAGO_BUNDLE/target"
	conf '{"dumb":true}'
	"$DRIVER" check
	start 0 2 3 || cat "$LAGO_LOG"
	grep -qx "LD_LIBRARY_PATH=$LAGO_BUNDLE/lib:$LAGO_BUNDLE" ../env.out
	[ "$(value execs)" -ge 1 ]
	"$DRIVER" queue | tr '\0' '\n' | grep -q '^out/i0/queue/id:'
}

@test "afl: a real run, and crashes outlive resumes" {
	need jq afl-fuzz
	examples
	cp "$EXAMPLES/chunk-afl" "$LAGO_BUNDLE/target"
	conf '{"cmdline":"@@"}'
	export LAGO_IN=$EXAMPLES/seeds
	start 0 1 90 AFL_BENCH_UNTIL_CRASH=1 || cat "$LAGO_LOG"
	[ "$(value execs)" -gt 10 ]
	[ "$(value corpus)" -ge 2 ]
	[ "$(value edges)" -gt 10 ]
	[ "$(value crashes)" -ge 1 ]
	"$DRIVER" queue | tr '\0' '\n' | grep -q '^out/i0/queue/id:'
	"$DRIVER" crashes | tr '\0' '\n' >before
	before=$(xargs sha256sum <before | cut -c 1-64 | sort -u)
	n=$(value execs)
	LAGO_RESUME=1 start 0 1 90 AFL_BENCH_UNTIL_CRASH=1 || cat "$LAGO_LOG"
	"$DRIVER" crashes | xargs -0 sha256sum | cut -c 1-64 | sort -u >after
	[ -z "$(comm -23 <(echo "$before") after)" ]
	[ "$(value execs)" -ge "$n" ]
	run grep -c README.txt before
	[ "$output" = 0 ]
}
