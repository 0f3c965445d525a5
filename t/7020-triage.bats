load lib

# field NAME: of the only record in $output, or of all, one a line.
field() {
	jq -r "$1" <<<"$output"
}

# A target with bugs chosen by its first byte; the rest is printed first.
target() {
	need cc jq
	cd "$BATS_TEST_TMPDIR" || return 1
	[ ! -x "$BATS_FILE_TMPDIR/target" ] || {
		cp "$BATS_FILE_TMPDIR"/target* .
		return 0
	}
	cat >target.c <<'END'
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define NI __attribute__((noinline))
static volatile int zero, sink;
static const char *mode;
NI int main_loop(int c);
NI int newline_parse(char c)
{
	if (c == 's')
		sink = *(volatile int *)(long)(zero + 8);
	if (c == 'h')
		for (;;)
			sink++;
	if (c == 'z')
		for (;;)
			sleep(1000);
	if (c == 'a')
		abort();
	if (c == 'A')
		assert(mode == NULL);
	if (c == 'm')
		for (;;)
			sink += *(char *)memset(malloc(1 << 20), c, 1 << 20);
	if (c == 'r' && (getpid() / 1 + zero) % 1 == 0 && getenv("FLAKY"))
		abort();
	if (c == 'x')
		_exit(42);
	return c + sink;
}
NI int free_node(char c) { return newline_parse(c) + 1 + sink; }
NI int logger_write(char c) { return free_node(c) + 1 + sink; }
NI int assertion_check(char c) { return logger_write(c) + 1 + sink; }
NI int main_loop(int c) { return assertion_check((char)c) + 1 + sink; }
int main(int argc, char **argv)
{
	static char text[65536];
	FILE *fp = argc > 1 ? fopen(argv[1], "r") : stdin;
	size_t n = fread(text, 1, sizeof(text), fp);

	mode = argc > 2 ? argv[2] : argc > 1 ? argv[1] : "stdin";
	if (n > 1)
		fwrite(text + 1, 1, n - 1, stdout);
	if (argc > 2)
		printf("mode %s\n", argv[2]);
	fflush(stdout);
	return n > 0 ? main_loop(text[0]) & 0 : 0;
}
END
	cc -O1 -g -fno-omit-frame-pointer -o target target.c
	cp target target.c "$BATS_FILE_TMPDIR"
}

@test "triage: a plain segmentation fault is a crash, with its stack" {
	target
	printf s >in
	run lago-triage -jr2 in -- ./target @@
	[ "$status" -eq 0 ]
	[ "$(field '[.kind, .signal_name, .access, .address, .severity] |
		join(" ")')" = "null-dereference SIGSEGV READ 0x8 low" ]
	[ "$(field .exit_status)" -eq 139 ]
	[ "$(field '"\(.reproduced)/\(.replays)"')" = 2/2 ]
	[ "$(field .input_sha256)" = "$(sha256sum <in | cut -d' ' -f1)" ]
	line=$(grep -n 'zero + 8' target.c | cut -d: -f1)
	[[ $(field .crash_line) == */target.c:$line* ]]
}

@test "triage: functions that begin like runtime ones stay in the stack" {
	target
	printf s >in
	run lago-triage -jr1 in -- ./target @@
	[ "$(field '[.frames[] | select(.ign | not) | .fn] | join(" ")')" = \
		"newline_parse free_node logger_write assertion_check \
main_loop main" ]
	[ "$(field '.top | join(" ")')" = \
		"newline_parse free_node logger_write" ]
}

@test "triage: the replay runs the command as given: @@, arguments, stdin" {
	target
	printf s >in
	for command in "./target @@" "./target" "./target @@ fast"; do
		# shellcheck disable=SC2086
		run lago-triage -jr1 -o reports in -- $command
		[ "$status" -eq 0 ]
		[ "$(field .kind)" = null-dereference ]
	done
	grep -q 'mode fast' reports/*
}

@test "triage: a hang ends at its limit, is a timeout and has a stack" {
	target
	printf h >busy
	printf z >asleep
	run lago-triage -jt 0.3 -r3 -P1 busy asleep -- ./target @@
	[ "$status" -eq 0 ]
	[ "$(field .kind | sort -u)" = timeout ]
	# Two tries that agree are enough.
	[ "$(field '"\(.reproduced)/\(.replays)"' | sort -u)" = 2/2 ]
	[ "$(jq -r 'select(.input == "busy") | .top[0]' <<<"$output")" = \
		newline_parse ]
	[ "$(field .bucket | wc -l)" -eq 2 ]
}

@test "triage: a memory limit that is passed is an oom" {
	need clang
	target
	printf m >in
	clang -O1 -g -fsanitize=address -o asan target.c
	run lago-triage -jr1 -m 200 in -- ./asan @@
	[ "$status" -eq 0 ]
	[ "$(field .kind)" = oom ]
}

@test "triage: with control groups the memory of all processes counts" {
	need cc jq
	[ -w /sys/fs/cgroup ] &&
		grep -qs memory /sys/fs/cgroup/cgroup.subtree_control ||
		skip "no control group with memory can be made here"
	cd "$BATS_TEST_TMPDIR"
	cat >eat.c <<-'END'
		#include <stdlib.h>
		#include <string.h>
		#include <unistd.h>
		int main(void) {
			for (int i = 0; i < 8; i++)
				if (fork() == 0) {
					memset(malloc(40 << 20), 1, 40 << 20);
					sleep(3);
					_exit(0);
				}
			sleep(3);
		}
	END
	cc -o eat eat.c
	echo >in
	run lago-triage -jr1 -m 100 in -- ./eat
	[ "$status" -eq 0 ]
	[ "$(jq -r .kind <<<"$output")" = oom ]
	run ls -d /sys/fs/cgroup/lago.*
	[ "$status" -ne 0 ]
}

@test "triage: what the target prints is stored as it is, and stays data" {
	target
	# shellcheck disable=SC2016 # nothing is to expand
	printf 's"""\\ \n\r\t\001\000%%s \303\050 $(touch no) \033[31m\n' >in
	run --separate-stderr lago-triage -jr1 -o reports in -- ./target @@
	[ "$status" -eq 0 ]
	jq -e . <<<"$output" >/dev/null
	[ "$(field .kind)" = null-dereference ]
	tail -c +2 in | cmp - "reports/$(sha256sum <in | cut -d' ' -f1)"
	[ ! -e no ]
	# A message with all of it is one TSV field and one JSON string.
	printf 'p: x.c:3: f: Assertion `a == "\\t\t\001"'"' failed.\n" >log
	run lago-triage -l log
	[ "$(cut -f10 <<<"$output" | wc -l)" -eq 1 ]
	run lago-triage -lj log
	[ "$(field '.message | length')" -eq 11 ]
}

@test "triage: what does not reproduce keeps its trace, exit status 101" {
	target
	printf q >lost
	printf qq >gone
	mkdir traces
	cat >"traces/$(sha256sum <lost | cut -d' ' -f1)" <<'END'
==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000018 at pc 0x5 bp 0x7 sp 0x8
WRITE of size 8 at 0x602000000018 thread T0
    #0 0x55b in victim /src/a.c:12:97
END
	run lago-triage -jr1 -x traces=traces -o reports lost gone -- ./target @@
	[ "$status" -eq 1 ]
	[ "$(jq -r 'select(.input == "lost") | [.kind, .exit_status,
		.reproduced, .top[0]] | join(" ")' <<<"$output")" = \
		"heap-use-after-free 101 0 victim" ]
	[ "$(jq -r 'select(.input == "gone") | [.crash, .exit_status,
		.reproduced] | join(" ")' <<<"$output")" = "false 101 0" ]
	cmp reports/"$(sha256sum <lost | cut -d' ' -f1)" traces/*
	# AFL++ keeps no output, but the signal, in the name.
	cp gone id:000000,sig:11,src:000001
	run lago-triage -jr1 id:000000,sig:11,src:000001 -- ./target @@
	[ "$(field '[.kind, .reproduced, .exit_status] | join(" ")')" = \
		"segv 0 101" ]
}

@test "triage: the most frequent bucket wins, all are told" {
	need jq
	cd "$BATS_TEST_TMPDIR"
	cat >flaky <<END
#!/bin/sh
n=\$(cat $PWD/n)
echo \$((n + 1)) >$PWD/n
echo '==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x1000'
[ \$n -eq 0 ] || { echo '    #0 0x1 in often /x.c:1'; exit 1; }
echo '    #0 0x1 in once /x.c:1'; exit 1
END
	chmod +x flaky
	echo 0 >n
	echo >in
	run lago-triage -jr5 -P1 in -- ./flaky
	[ "$status" -eq 0 ]
	[ "$(field '.top[0]')" = often ]
	[ "$(field '"\(.reproduced)/\(.replays)"')" = 4/5 ]
	[ "$(field '[.buckets[].count] | join(" ")')" = "1 4" ]
}

@test "triage: an assertion is no security bug, an exit status can be a crash" {
	target
	printf A >assertion
	printf x >exits
	run lago-triage -jr1 assertion -- ./target @@
	[ "$(field '[.kind, .severity, .message] | join(" ")')" = \
		"assert low mode == NULL" ]
	[ "$(field '.top[0]')" = newline_parse ]
	run lago-triage -jr1 exits -- ./target @@
	[ "$status" -eq 1 ]
	run lago-triage -jr1 -x crash_status=42 exits -- ./target @@
	[ "$status" -eq 0 ]
	[ "$(field '[.kind, .exit_status] | join(" ")')" = "abort 42" ]
}

@test "triage: directories, standard input, names of any bytes, many workers" {
	target
	mkdir crashes
	for i in 1 2 3 4 5; do printf 's%d' $i >"crashes/$i"; done
	printf s >$'crashes/new\nline \303\050'
	run lago-triage -r1 -P3 crashes -- ./target @@
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 6 ]
	[ "$(cut -f2 <<<"$output" | sort -u | wc -l)" -eq 1 ]
	find crashes -type f -print0 >names
	run bash -c 'lago-triage -0r1 -- ./target @@ <names | wc -l'
	[ "$output" -eq 6 ]
	run bash -c 'find crashes -name "[0-9]" | lago-triage -r1 -- ./target @@'
	[ "${#lines[@]}" -eq 5 ]
}

@test "triage: what is not there is 66 and stops nothing else" {
	target
	printf s >in
	run --separate-stderr lago-triage -r1 -P1 none in -- ./target @@
	[ "$status" -eq 66 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $stderr == *none* ]]
	run lago-triage -r1 in -- ./not-there @@
	[ "$status" -eq 66 ]
	run lago-triage -r1 in
	[ "$status" -eq 66 ]
	run lago-triage -l none
	[ "$status" -eq 66 ]
	run bash -c 'lago-triage -r1 in -- ./target @@ >/dev/full'
	[ "$status" -eq 74 ]
	run bash -c 'lago-triage -l target.c >/dev/full'
	[ "$status" -eq 74 ]
}

@test "triage: the target sees the environment that was asked for only" {
	need jq
	cd "$BATS_TEST_TMPDIR"
	printf '#!/bin/sh\nenv\nkill -SEGV $$\n' >tell
	chmod +x tell
	echo >in
	SECRET=1 run lago-triage -r1 -x env.WORD='a b' -o reports in -- ./tell
	[ "$status" -eq 0 ]
	grep -q '^WORD=a b$' reports/*
	run ! grep -q SECRET reports/*
}

@test "triage: TERM ends it at once and leaves nothing behind" {
	target
	printf z >in
	lago-triage -r9 -t 1000 in -- ./target @@ >out 2>&1 3>&- &
	pid=$!
	asleep() {
		for d in /proc/[0-9]*; do
			[[ $(readlink "$d/exe") != "$PWD/target" ]] || return 0
		done
		return 1
	}
	awake() { ! asleep; }
	wait_for asleep
	kill "$pid"
	run ! wait "$pid"
	wait_for awake
}

@test "triage: the planted bugs of the examples, from both drivers' builds" {
	need jq
	examples
	cd "$BATS_TEST_TMPDIR"
	local bad=
	grep -v '^#' "$TOP/share/examples/chunk/bugs.tsv" |
		awk -F '\t' '$2 == "any"' >bugs
	for build in chunk-libfuzzer "chunk-asan @@"; do
		# shellcheck disable=SC2086
		lago-triage -jr2 -t 1 "$EXAMPLES/crashes" -- \
			"$EXAMPLES"/$build >records || [ $? -eq 1 ]
		while IFS=$'\t' read -r name _ kind one two three; do
			is=$(jq -r --arg name "$name" 'select(.input | endswith("/" +
				$name)) | [.kind] + .top | join(" ")' records)
			want="$kind $one $two $three"
			[ "$kind" != stack-overflow ] || {
				is=$(xargs -n1 <<<"$is" | sort | xargs)
				want=$(xargs -n1 <<<"$want" | sort | xargs)
			}
			[ "$is" = "$want" ] || {
				echo "$build $name: $is, not $want"
				bad=1
			}
		done <bugs
		jq -r .bucket records | sort >"buckets-${build%% *}"
		jq -r 'select(.input | test("index-leak|anim-shift|head-un") |
			not) | .bucket' records | sort >"b-${build%% *}"
	done
	cmp b-chunk-libfuzzer b-chunk-asan
	[ -z "$bad" ]
}
