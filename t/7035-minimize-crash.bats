load lib

setup() {
	examples
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$PWD/tmp
	mkdir tmp
}

field() {
	jq -r ".$1" <<<"$output"
}

# verdict FILE COMMAND...: what a bug is.
verdict() {
	local file=$1
	shift
	lago-triage -j "$file" -- "$@" |
		jq -c '[.bucket, .kind, .access, .security, .severity]'
}

# shrinks SECONDS INPUT COMMAND...: to something smaller with the same verdict.
shrinks() {
	local seconds=$1 input=$2 sum
	shift 2
	sum=$(cksum "$input")
	run --separate-stderr lago-minimize -j -b "$seconds" -o small "$input" \
		-- "$@"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(field what)" = input ]
	[ "$(field bytes_in)" -eq "$(stat -c %s "$input")" ]
	[ "$(field bytes)" -eq "$(stat -c %s small)" ]
	[ "$(field bytes)" -lt "$(field bytes_in)" ]
	[ "$(cksum "$input")" = "$sum" ]
	verdict "$input" "$@" >before
	verdict small "$@" >after
	cmp before after
	[ -z "$(ls -A tmp)" ]
}

@test "minimize: a crash input keeps its bug, whatever the fuzzer" {
	# with a tail, and chunks in front that the bug does not need
	in=$EXAMPLES/crashes/title-use-after-free
	{ cat "$in"; head -c 3000 /dev/zero; } >big
	for target in "chunk-afl @@" chunk-afl-plain; do
		# shellcheck disable=SC2086 # two words
		shrinks 30 big "$EXAMPLES/"$target
		[ "$(field reason)" = minimal ]
		[ "$(stat -c %s small)" -lt 30 ]
	done
	# without a fork server every try is a process with its sanitizer
	shrinks 3 big "$EXAMPLES/chunk-asan" @@
	shrinks 3 big "$EXAMPLES/chunk-libfuzzer"
	[ "$(stat -c %s small)" -lt 1000 ]
}

@test "minimize: another bug met on the way is another finding" {
	# two bugs: the first that is reached hides the second
	cat >two.c <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		static char in[100];
		__attribute__((noinline)) static void one(void) { abort(); }
		__attribute__((noinline)) static void two(void) { abort(); }
		int main(int argc, char **argv) {
			FILE *f = fopen(argv[argc - 1], "r");
			if (!f || !fread(in, 1, sizeof in - 1, f)) return 0;
			if (strstr(in, "ONE")) one();
			if (strstr(in, "TWO")) two();
			return 0;
		}
	END
	AFL_QUIET=1 afl-clang-fast -g -O1 -fno-inline -o two two.c
	printf 'xxTWOxxONExx' >input
	run --separate-stderr lago-minimize -j -o small -x others=others \
		input -- ./two @@
	[ "$status" -eq 0 ]
	[ "$(cat small)" = ONE ]
	[ "$(field others)" -eq 1 ]
	[ "$(find others -type f | wc -l)" -eq 1 ]
	grep -q TWO others/*
	! grep -q ONE others/* || false
}

@test "minimize: what does not crash, or is as small as it gets, is 1" {
	cp "$EXAMPLES/seeds/text" seed
	run --separate-stderr lago-minimize -j -o small seed -- \
		"$EXAMPLES/chunk-afl" @@
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[ ! -e small ]
	lago-minimize -q -o least "$EXAMPLES/crashes/escape-read" -- \
		"$EXAMPLES/chunk-afl" @@
	run --separate-stderr lago-minimize -j -o again least -- \
		"$EXAMPLES/chunk-afl" @@
	[ "$status" -eq 1 ]
	[ "$(field bytes)" -eq "$(field bytes_in)" ]
	cmp least again
	cp least keep
	run --separate-stderr lago-minimize -o least least -- \
		"$EXAMPLES/chunk-afl" @@
	[ "$status" -eq 73 ]
	cmp least keep
	mkdir dir
	run lago-minimize -o dir least -- "$EXAMPLES/chunk-afl" @@
	[ "$status" -eq 73 ]
}

# slow: an oracle that needs 400 bytes and a while for each try, so nobody comes
# to an end soon; what is a quarter of the input is there after a few tries.
slow() {
	# shellcheck disable=SC2016 # for that shell
	printf '#!/bin/sh\nsleep 0.1\n[ "$(wc -c <"$1")" -ge 400 ]\n' >slow
	chmod +x slow
	head -c 6400 /dev/zero | tr '\0' y >big
}

@test "minimize: TERM and the end of the budget deliver the smallest so far" {
	slow
	set -- -j -x oracle=./slow -o small big -- "$EXAMPLES/chunk-afl" @@
	run --separate-stderr lago-minimize -b 4 "$@"
	[ "$status" -eq 0 ]
	[ "$(field reason)" = budget ]
	[ "$(field bytes)" -le 3200 ]
	rm small
	lago-minimize "$@" >record 3>&- &
	pid=$!
	smaller() { [ -e small ] && [ "$(stat -c %s small)" -le 1600 ]; }
	wait_for smaller
	kill $pid
	wait $pid || status=$?
	[ "$status" -eq 143 ]
	[ "$(jq -r .reason record)" = signal ]
	[ "$(jq .bytes record)" -eq "$(stat -c %s small)" ]
	lago-minimize "$@" >/dev/null 3>&- &
	pid=$!
	wait_for smaller
	kill -9 $pid
	wait $pid || true
	smaller
	clean() { [ -z "$(ls -A tmp; find . -name '.*.lago.*')" ]; }
	wait_for clean
}

@test "minimize: a hang is reduced within a shorter limit" {
	{ cat "$EXAMPLES/crashes/anim-hang"; head -c 300 /dev/zero; } >big
	lago-minimize -q -t 0.5 -o small big -- "$EXAMPLES/chunk-afl" @@ 3>&- &
	pid=$!
	smaller() { [ -e small ] && [ "$(stat -c %s small)" -lt 100 ]; }
	wait_for smaller
	kill $pid || true # it may have come to its end
	wait $pid || true
	[ "$(lago-triage -j -t 0.5 small -- "$EXAMPLES/chunk-afl" @@ |
		jq -r .bucket)" = "$(lago-triage -j -t 0.5 big -- \
		"$EXAMPLES/chunk-afl" @@ | jq -r .bucket)" ]
}
