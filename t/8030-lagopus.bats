# What Lagopus did wrong, as far as the tests of the parts do not show it
# already.  D and a number: the defect in the study of it; grep finds them all.
# shellcheck disable=SC2012,SC2016 # names are ours; texts are not to expand
load lib
load home
load driver

setup() {
	need jq
	cd "$BATS_TEST_TMPDIR" || return
}

# asan PID BASE KIND FUNCTION: a report of a process at a load address.
asan() {
	cat <<-END
		==$1==ERROR: AddressSanitizer: $3 on address 0x${2}0014 at pc 0x${2}1af1 bp 0x7ffc${2}cb0 sp 0x7ffc${2}ca8
		READ of size 4 at 0x${2}0014 thread T0
		    #0 0x${2}1af0 in $4 /src/a.c:80:18
		    #1 0x${2}1c24 in decode /src/a.c:97:3
		    #2 0x${2}1d83 in handle /src/a.c:364:7
		    #3 0x${2}1e12 in main /src/a.c:419:28
		SUMMARY: AddressSanitizer: $3 /src/a.c:80:18 in $4
	END
}

# read FILTER LOG...: the records of saved output, through jq.
read_logs() {
	local filter=$1
	shift
	lago-triage -lj "$@" >records || [ $? -eq 1 ]
	jq -r "$filter" records
}

# fake_bundle MODE...: b.zip with the fake driver; what is in b comes along.
fake_bundle() {
	need zip bwrap
	mkdir -p b/corpus
	cp "$TOP/t/fake/driver" b/driver
	echo "$*" >b/mode
	[ -e b/target ] || cp /bin/true b/target
	echo seed >b/corpus/seed
	(cd b && zip -qrX ../b.zip .)
}

@test "a refused bundle leaves nothing on the disk (D02)" {
	need zip
	mkdir b
	echo 'no program' >b/target
	(cd b && zip -qr ../b.zip .)
	run --separate-stderr lago-submit b.zip
	[ "$status" -eq 65 ]
	[ "$(grep -c . <<<"$stderr")" -eq 1 ]
	[ ! -e "$LAGO_HOME" ]
}

@test "what is not known is an error, never empty fields (D10)" {
	need sqlite3
	fake_home
	for command in 'status 99' 'status 1.99' 'kill 99' \
		'crashes show 0123456789ab' 'import 99'; do
		# shellcheck disable=SC2086
		run --separate-stderr lago $command
		[ "$status" -eq 66 ]
		[ -z "$output" ]
		[ "$(grep -c . <<<"$stderr")" -eq 1 ]
	done
}

@test "a target that hangs in replay is a timeout, and the others go on (D23)" {
	examples
	printf ok >fine
	run lago-triage -jr1 -t 0.3 "$EXAMPLES/crashes/anim-hang" fine \
		"$EXAMPLES/crashes/palette-write" -- \
		"$EXAMPLES/chunk-asan" @@
	[ "$status" -eq 1 ] # one of them does not crash
	echo "$output" >records
	[ "$(wc -l <records)" -eq 3 ]
	[ "$(jq -r 'select(.kind == "timeout") | .reproduced' records)" = 1 ]
	[ "$(jq -r .kind records | sort | xargs)" = \
		'heap-buffer-overflow null timeout' ]
}

@test "the replay line is the fuzzing line, file or standard input (D24)" {
	examples
	for how in '@@' ''; do
		# shellcheck disable=SC2086
		lago-triage -jr1 "$EXAMPLES/crashes/palette-write" -- \
			"$EXAMPLES/chunk-asan" $how |
			jq -e '.reproduced == 1 and .top[0] == "palette_fill"'
	done
}

@test "a death by a plain signal has a type, a status and frames (D25)" {
	examples
	lago-triage -jr1 "$EXAMPLES/crashes/background-null" -- \
		"$EXAMPLES/chunk-plain" @@ >record
	[ "$(jq -r '[.crash, .kind, .signal_name, .exit_status] | join(" ")' \
		record)" = 'true null-dereference SIGSEGV 139' ]
	[ "$(jq -r '.top | join(" ")' record)" = \
		'colour_sum background_read chunk_read' ]
}

@test "each artefact finds its own trace in a log of several (D26, D28)" {
	mkdir b
	{
		asan 17 55aa heap-buffer-overflow first_bug
		echo "artifact_prefix='./'; Test unit written to ./crash-1"
		asan 18 55bb heap-use-after-free second_bug
		echo "artifact_prefix='./'; Test unit written to ./crash-2"
	} >b/said
	fake_bundle idle
	# Its fuzzer says that and leaves two inputs, which do nothing alone.
	cat >b/driver <<-'END'
		#!/bin/sh
		case $1 in
		fuzz) ;;
		crashes) find out/crashes -type f -print0 2>/dev/null; exit 0 ;;
		argv) printf '%s\0' "OUT=$LAGO_OUT" "B=$LAGO_BUNDLE" '' \
			"$LAGO_BUNDLE/driver" fuzz; exit ;;
		*) exec "$(dirname "$0")/fake" "$@" ;;
		esac
		mkdir -p "$OUT/crashes"
		cat "$B/said"
		echo 'input 1' >"$OUT/crashes/crash-1"
		echo 'input 2' >"$OUT/crashes/crash-2"
		echo 100 >"$OUT/execs.0"
		exec sleep 60
	END
	cp "$TOP/t/fake/driver" b/fake
	(cd b && zip -qr ../b.zip .)
	lago-run -q -P 1 -t 2 b.zip
	jq -rs 'group_by(.artefact) | map(last) | .[] | [.artefact, .kind,
		.top[0], .exit_status, .reproduced] | join(" ")' \
		b.run/crashes.jsonl >records
	cat records b.run/log
	diff records - <<-END
		crash-1 heap-buffer-overflow first_bug 101 0
		crash-2 heap-use-after-free second_bug 101 0
	END
}

@test "of a trace of a thousand lines the head is kept (D27)" {
	{
		asan 1 55aa stack-overflow deep | head -n 2
		for i in $(seq 0 999); do
			echo "    #$i 0x55aa$i in level_$i /src/a.c:$i:1"
		done
	} >log
	[ "$(read_logs '[.kind, .top[0]] | join(" ")' log)" = \
		'stack-overflow level_0' ]
}

@test "what a target prints is kept byte for byte and runs nowhere (D29)" {
	need cc
	cat >target.c <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		int main(void) {
			int c;
			while ((c = getchar()) != EOF) putchar(c);
			fflush(stdout);
			abort();
		}
	END
	cc -g -o target target.c
	printf '"""+open("pwned","w")+"""\\ \\n '"'"'$(touch pwned)`touch pwned`\0\001\377\033[2J\n' >in
	lago-triage -jr1 -o reports in -- ./target >record
	jq -e '.kind == "abort"' record
	cmp in "reports/$(sha256sum <in | cut -d' ' -f1)"
	# and as the text of a report
	{
		asan 1 55aa heap-buffer-overflow 'f"""\\$(touch pwned)'
		cat in
	} >log
	[ "$(read_logs '.top[0]' log)" != null ]
	printf 'a: a.c:3: f: Assertion `"""\\\\ $(touch pwned)\001\033[2J'"' failed.\n" \
		>log
	[ "$(read_logs .message log)" = \
		'"""\\ $(touch pwned)'$'\001' ]
	[ ! -e pwned ]
}

@test "one bug under two PIDs, addresses, load bases is one bucket (D30)" {
	asan 4711 55aa heap-buffer-overflow read_it >one
	asan 4 7f01 heap-buffer-overflow read_it >two
	asan 4 7f01 heap-buffer-overflow other >three
	run ! cmp -s one two
	read_logs '.bucket' one two three >buckets
	[ "$(head -n 2 buckets | sort -u | wc -l)" -eq 1 ]
	[ "$(sort -u buckets | wc -l)" -eq 2 ]
}

@test "running out of memory is typed, two places are two bugs (D31)" {
	for f in grow_table read_line; do
		cat >"$f" <<-END
			==9== ERROR: libFuzzer: out-of-memory (used: 2069Mb; limit: 2048Mb)
			   To change the out-of-memory limit use -rss_limit_mb=<N>

			Live Heap Allocations: 1 bytes in 1 chunks; quarantined: 0 bytes in 0 chunks
			SUMMARY: libFuzzer: out-of-memory
		END
		cat >"$f.malloc" <<-END
			==9== ERROR: libFuzzer: out-of-memory (malloc(3221225472))
			   To change the out-of-memory limit use -rss_limit_mb=<N>

			    #0 0x55aa10 in __interceptor_malloc (/src/fuzz+0x10)
			    #1 0x55aa20 in $f /src/a.c:12:3
			    #2 0x55aa30 in LLVMFuzzerTestOneInput /src/a.c:30:3
			SUMMARY: libFuzzer: out-of-memory
		END
	done
	[ "$(read_logs .kind ./*line ./*malloc | sort -u)" = oom ]
	[ "$(read_logs .bucket ./*.malloc | sort -u | wc -l)" -eq 2 ]
}

@test "libFuzzer's timeout report is a timeout (D32)" {
	cat >log <<-'END'
		ALARM: working on the last Unit for 26 seconds
		       and the timeout value is 25 (use -timeout=N to change)
		==9== ERROR: libFuzzer: timeout after 26 seconds
		    #0 0x55aa10 in __sanitizer_print_stack_trace (/src/fuzz+0x10)
		    #1 0x55aa20 in fuzzer::PrintStackTrace() (/src/fuzz+0x20)
		    #2 0x55aa30 in fuzzer::Fuzzer::AlarmCallback() (/src/fuzz+0x30)
		    #3 0x7f0140  (/lib/x86_64-linux-gnu/libc.so.6+0x40)
		    #4 0x55aa50 in spin /src/a.c:12:3
		    #5 0x55aa60 in LLVMFuzzerTestOneInput /src/a.c:30:3
		SUMMARY: libFuzzer: timeout
	END
	[ "$(read_logs '[.kind, .top[0]] | join(" ")' log)" = 'timeout spin' ]
}

@test "a type is one line, the size has its own field (D33)" {
	asan 1 55aa heap-buffer-overflow f >log
	[ "$(read_logs '[.kind, .access, .access_size] | join(" ")' log)" = \
		'heap-buffer-overflow READ 4' ]
	[ "$(lago-triage -l log | wc -l)" -eq 1 ]
}

@test "a failed assertion is a bug of low severity (D34)" {
	echo "a.out: a.c:3: f: Assertion \`n < 4' failed." >log
	[ "$(read_logs '[.kind, .severity, .message] | join(" ")' log)" = \
		'assert low n < 4' ]
}

@test "UBSan texts that nobody knows stay data of a known kind (D35)" {
	echo 'a.c:3:4: runtime error: something "new" that \ nobody knows' >log
	read_logs '[.crash, .tool] | join(" ")' log
	[ "$(read_logs '[.crash, .tool] | join(" ")' log)" = 'true ubsan' ]
	[ "$(lago-triage -lj log | wc -l)" -eq 1 ]
}

@test "functions named as those of a runtime stay; the list is a file (D36)" {
	{
		asan 1 55aa heap-buffer-overflow main_loop | head -n 3
		i=0
		for f in newline_parse free_node logger_write \
			assertion_check; do
			i=$((i + 1))
			echo "    #$i 0x55aa1$i in $f /src/a.c:$i:1"
		done
	} >log
	[ "$(read_logs '[.frames[] | select(.ign | not) | .fn] | join(" ")' \
		log)" = 'main_loop newline_parse free_node logger_write assertion_check' ]
	[ "$(lago-triage -lj -x ignore=main_loop log | jq -r '.top[0]')" = \
		newline_parse ]
	# an operator's own list
	mkdir share
	cp -R "$TOP/share/rules" share
	printf 'name\tmain_loop\n' >>share/rules/frames
	[ "$(LAGO_SHARE=$PWD/share lago-triage -lj log | jq -r '.top[0]')" = \
		newline_parse ]
}

@test "AFL++: no memory limit is a limit that is understood (D37)" {
	driver_setup afl
	printf '{"input":"./corpus","output":"./results","target":"./target",
		"cmdline":"@@","mem_limit":"none"}' >"$LAGO_BUNDLE/target.conf"
	[[ $(shown argv 0 1 | tr '\n' ' ') == *' -m none '* ]]
}

@test "a corpus is merged once, whatever the number of workers (D39)" {
	examples
	mkdir in
	cp "$EXAMPLES"/seeds/* in
	for i in 1 2 3; do cp in/"$(ls in | head -n 1)" "in/again-$i"; done
	lago-minimize -q -P 2 -o out in -- "$EXAMPLES/chunk-libfuzzer"
	[ "$(ls out | wc -l)" -ge 1 ]
	[ "$(ls out | wc -l)" -le "$(ls "$EXAMPLES/seeds" | wc -l)" ]
	[ "$(cat out/* | wc -c)" -le "$(cat in/* | wc -c)" ]
	[ "$(cd out && sha256sum -- * | cut -d' ' -f1 | uniq -d | wc -l)" -eq 0 ]
	# in a second merge nothing is left to do
	lago-minimize -q -P 1 -o again out -- "$EXAMPLES/chunk-libfuzzer"
	diff -r out again
}

@test "a large crash input is delivered small, beside the original (D40)" {
	examples
	{
		cat "$EXAMPLES/crashes/palette-write"
		head -c 20000 /dev/zero
	} >large
	lago-minimize -q -b 2 -o small large -- "$EXAMPLES/chunk-asan" @@
	[ "$(stat -c %s small)" -lt 2000 ]
	[ "$(stat -c %s large)" -gt 20000 ]
}

@test "AFL++ 4's statistics are read, crashes counted on the disk (D41)" {
	driver_setup afl
	mkdir -p out/i0/crashes
	touch out/i0/crashes/{README.txt,id:000000,sig:06}
	sed '/^%%/,$d' "$TOP/t/golden/stat-afl-new.in" >out/i0/fuzzer_stats
	[ "$(value corpus)" = 5 ]
	[ "$(value execs)" = 123456 ]
	[ "$(value crashes)" = 2 ]
}

@test "what stands in a fuzzer's files is never run (D42)" {
	driver_setup afl
	mkdir -p out/i0
	printf '%s\n' 'afl_banner : $(touch pwned)' 'execs_done : 12' \
		'execs_per_sec : `touch pwned`' 'corpus_count : 5;touch pwned' \
		'command_line : afl-fuzz $(touch pwned) -- ./x' \
		>out/i0/fuzzer_stats
	[ "$(value execs)" = 12 ]
	driver_setup_again libfuzzer
	printf '#12\tNEW cov: $(touch pwned) exec/s: `touch pwned`\n' >log
	[ "$(value execs)" = 12 ]
	[ -z "$(find "$BATS_TEST_TMPDIR" -name pwned)" ]
}

driver_setup_again() {
	rm -rf "$BATS_TEST_TMPDIR"/{run,bundle,seeds}
	driver_setup "$1"
}

@test "a status line without lim: has its own speed, not its memory's (D44)" {
	driver_setup libfuzzer
	printf '#7\tINITED cov: 12 ft: 13 corp: 5/21Kb exec/s: 0 rss: 30Mb\n' \
		>log
	[ "$(value execs_per_sec)" = 0 ]
	[ "$(value execs)" = 7 ]
}

@test "a series counts the run's own live processes and only grows (D45)" {
	fake_bundle
	lago-run -q -P 2 -t 2 b.zip
	awk -F '\t' '$2 > $3 || $3 != 2 { exit 1 }
		$1 + 0 < was + 0 || $5 + 0 < execs + 0 { exit 1 }
		{ was = $1; execs = $5 }' b.run/stats.tsv
	# memory is that of the run, not the machine's
	[ "$(tail -n 1 b.run/stats.tsv | cut -f 18)" -lt \
		"$(awk '/^MemTotal/ { print $2 / 1024 / 2 }' /proc/meminfo | cut -d. -f1)" ]
}

@test "a truncated archive is refused, the others are queued (D03, D47)" {
	need zip
	fake_bundle
	head -c 300 b.zip >cut.zip
	run --separate-stderr lago-submit cut.zip b.zip
	[ "$status" -eq 65 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $stderr == *cut.zip* ]]
}

@test "a job's end is what happened: failed, killed or done (D53)" {
	need sqlite3
	fake_job 1
	fake_run 1 1 state=failed reason=provision
	fake_job 2
	fake_run 2 1
	fake_job 3
	printf '1763700000\tann\tkill\t\n' >"$LAGO_HOME/jobs/3/events"
	lago-import -q
	[ "$(lago-status -aj | jq -r '"\(.id) \(.state)"' | sort)" = '1 failed
2 done
3 killed' ]
}
