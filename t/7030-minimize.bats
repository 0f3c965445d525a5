load lib

setup() {
	examples
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$PWD/tmp
	mkdir in tmp
	cp "$EXAMPLES"/seeds/* in
	for i in 1 2 3; do
		for seed in "$EXAMPLES"/seeds/*; do
			{ cat "$seed"; printf '%0*d' $i 0; } >"in/${seed##*/}.$i"
		done
	done
}

# field NAME of the record in $output
field() {
	jq -r ".$1" <<<"$output"
}

# edges DIR COMMAND...: afl-showmap's edges of all files of DIR together.
edges() {
	local dir=$1
	shift
	need afl-showmap
	AFL_QUIET=1 afl-showmap -q -e -t 5000 -C -i "$dir" -o "$dir.map" \
		-- "$@" >/dev/null 2>&1
	sort -u "$dir.map"
}

# covered DIR: what libFuzzer says of DIR, edges and features.  The features
# hold the depth of the stack, which is chance: the most of three runs.
covered() {
	for i in 1 2 3; do
		"$EXAMPLES/chunk-libfuzzer" -runs=0 "$1" 2>&1 |
			sed -n 's/.*INITED cov: \([0-9]*\) ft: \([0-9]*\).*/\1 \2/p'
	done | sort -n | tail -1
}

nothing_left() {
	[ -z "$(find . -name '.*.lago.*')" ] && [ -z "$(ls -A "$TMPDIR")" ]
}

@test "minimize: AFL++ targets, file and stdin and persistent, same edges" {
	local n=0
	for command in "chunk-afl @@" "chunk-afl-plain @@" chunk-afl-plain; do
		# shellcheck disable=SC2086 # two words
		set -- "$EXAMPLES/"$command
		run --separate-stderr lago-minimize -j -o "out$n" in -- "$@"
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[ "$(field lost)" -eq 0 ]
		[ "$(field files_in)" -eq 16 ]
		[ "$(field files)" -eq "$(find "out$n" -type f | wc -l)" ]
		[ "$(field files)" -lt 16 ]
		[ "$(field tuples)" -gt 50 ]
		edges in "$@" >before
		edges "out$n" "$@" >after
		[ -s before ]
		diff before after
		(cd "out$n" && for f in *; do echo "$f  $f"; done |
			sha256sum -c --quiet)
		n=$((n + 1))
	done
	nothing_left
}

# Stripped, our server does not fit, and libFuzzer's merge protocol does it.
@test "minimize: libFuzzer targets, same features, also a stripped one" {
	read -r cov ft < <(covered in)
	strip -o stripped "$EXAMPLES/chunk-libfuzzer"
	for target in "$EXAMPLES/chunk-libfuzzer" ./stripped; do
		run --separate-stderr lago-minimize -j -P 3 -o out in -- \
			"$target"
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[ "$(field files)" -lt 16 ]
		read -r out_cov out_ft < <(covered out)
		[ "$cov" -eq "$out_cov" ]
		[ "$ft" -le $((out_ft + 1)) ]
	done
	run --separate-stderr lago-minimize -x goal=time -o out in -- ./stripped
	[ "$status" -eq 69 ]
	[[ $stderr == *stripped* ]]
	nothing_left
}

# Threads, an end by itself, memory without end, a limit of length: as under
# libFuzzer.
@test "minimize: libFuzzer targets that do more than return" {
	cat >fuzz.c <<-'END'
	#include <pthread.h>
	#include <stdint.h>
	#include <stdlib.h>
	#include <string.h>
	#include <unistd.h>
	static int twice(int i) { return i > 5 ? i * 2 : i; }
	static void *run(void *p) { twice(*(int *)p); return NULL; }
	int
	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
	{
		pthread_t t;
		int i = (int)n;
		if (n > 100)
			abort();
		if (n > 0 && p[0] == 'e')
			_exit(0);
		while (n > 0 && p[0] == 's')
			sleep(1);
		while (n > 0 && p[0] == 'm')
			memset(malloc(1 << 20), 1, 1 << 20);
		pthread_create(&t, NULL, run, &i);
		pthread_join(t, NULL);
		return n > 2 && p[2] == 'x' ? -1 : 0;
	}
	END
	clang -g -fsanitize=fuzzer -o threads fuzz.c
	rm -r in
	mkdir in
	for text in a abc abx abcdefg exit memory; do
		printf %s $text >in/$text
	done
	head -c 200 /dev/zero | tr '\0' a >in/long
	run --separate-stderr lago-minimize -j -m 64 -o out in -- ./threads
	[ "$status" -eq 0 ]
	[ "$(field crashed)" -eq 3 ]
	run --separate-stderr lago-minimize -j -m 64 -o out in -- \
		./threads -max_len=50
	[ "$status" -eq 0 ]
	[ "$(field crashed)" -eq 2 ]
	[ "$(field lost)" -eq 0 ]
	rm in/*
	echo sleep >in/sleep # longer than the time that there is: no hang
	run --separate-stderr lago-minimize -j -b 1 -t 60 -o out in -- ./threads
	[ "$(field hung)" -eq 0 ]
	[ "$(field unrun)" -eq 1 ]
	nothing_left
}

@test "minimize: inputs that crash or hang are set aside, counted, kept" {
	cp "$EXAMPLES"/crashes/* in
	before=$(find in -type f | wc -l)
	for target in chunk-afl chunk-libfuzzer; do
		run --separate-stderr lago-minimize -j -t 1 -x quarantine=q \
			-o out in -- "$EXAMPLES/$target"
		[ "$status" -eq 0 ]
		[ "$(field lost)" -eq 0 ]
		[ "$(field crashed)" -gt 3 ]
		[ "$(field hung)" -ge 1 ]
		[[ $stderr == *crash* && $stderr == *hang* ]]
		[ "$(find q -type f | wc -l)" -eq \
			$(($(field crashed) + $(field hung))) ]
		for f in q/*; do
			[ ! -e "out/${f#q/}" ]
		done
		rm -r q
	done
	[ "$(find in -type f | wc -l)" -eq "$before" ]
	nothing_left
}

@test "minimize: nothing, empty files, odd names, links, lists of names" {
	target=$EXAMPLES/chunk-afl-plain
	mkdir none odd
	run --separate-stderr lago-minimize -j -o out none -- "$target"
	[ "$status" -eq 0 ]
	[ "$(field files)" -eq 0 ]
	[ -d out ]
	: >odd/empty
	cp in/text odd/$'new\nline'
	cp in/text odd/$'\xff\xfe'
	cp in/index "odd/--"
	mkfifo odd/fifo
	ln -s /etc/passwd odd/link
	for target in chunk-afl-plain chunk-libfuzzer; do
		run --separate-stderr lago-minimize -j -o out odd -- \
			"$EXAMPLES/$target"
		[ "$status" -eq 0 ]
		[ "$(field files_in)" -eq 4 ]
		[ "$(field files)" -eq 2 ]
	done
	find odd -type f -print0 >names
	run --separate-stderr lago-minimize -0 -j -o out2 -- \
		"$EXAMPLES/chunk-afl-plain" <names
	[ "$status" -eq 0 ]
	diff -r out out2
	run --separate-stderr lago-minimize -o out3 nowhere -- "$target"
	[ "$status" -eq 66 ]
	[ ! -e out3 ]
}

@test "minimize: targets that cannot be run end in one line, 69" {
	printf '#!/bin/sh\nexit 3\n' >script
	chmod +x script
	check() {
		run --separate-stderr lago-minimize -o out "$@"
		[ "$status" -eq 69 ]
		[ -z "$output" ]
		[ ! -e out ]
		[ "${#stderr_lines[@]}" -eq 1 ]
	}
	check in -- "$EXAMPLES/chunk-plain" @@
	[[ $stderr == *afl-clang-fast* ]]
	check -D afl in -- "$EXAMPLES/chunk-plain" @@
	check -D afl in -- ./script
	check -D libfuzzer in -- ./script
	check -D honggfuzz in -- "$EXAMPLES/chunk-plain"
	run lago-minimize -o out in -- ./nothing
	[ "$status" -eq 66 ]
	nothing_left
}

@test "minimize: only results are replaced, and at once" {
	target=$EXAMPLES/chunk-afl-plain
	lago-minimize -q -o out in -- "$target"
	ls out >first
	cp in/text in/other
	lago-minimize -q -o out in out -- "$target"
	diff first <(ls out)
	lago-minimize -q -o out out -- "$target"
	diff first <(ls out)
	mkdir mine && echo x >mine/notes
	run --separate-stderr lago-minimize -o mine in -- "$target"
	[ "$status" -eq 73 ]
	[ "$(cat mine/notes)" = x ]
	run lago-minimize -o names in -- "$target"
	run lago-minimize -o nowhere/out in -- "$target"
	[ "$status" -eq 73 ]
}

@test "minimize: a budget keeps what there was no time to run" {
	cp "$EXAMPLES"/crashes/*hang* in/zz-hang
	for i in $(seq 300); do
		printf 'more %d' "$i" >"in/more$i"
	done
	run --separate-stderr lago-minimize -j -b 0.001 -o out in -- \
		"$EXAMPLES/chunk-afl"
	[ "$status" -le 1 ]
	[ "$(field reason)" = budget ]
	[ "$(field unrun)" -gt 0 ]
	[ "$(field files)" -ge "$(field unrun)" ]
	[ "$(find out -type f | wc -l)" -eq "$(field files)" ]
}

# An AFL++ target that does odd things, by the first byte of its input.
odd_target() {
	cat >odd.c <<-'END'
		#include <signal.h>
		#include <stdio.h>
		#include <stdlib.h>
		#include <unistd.h>
		#include <time.h>
		static volatile int n;
		int main(int argc, char **argv) {
			FILE *f = fopen(argv[argc - 1], "r");
			struct timespec t;
			switch (f ? getc(f) : 0) {
			case 'c': /* chance */
				clock_gettime(CLOCK_MONOTONIC, &t);
				for (int i = 1 << t.tv_nsec / 100 % 7; i; i--)
					n++;
				break;
			case 'v': unlink(getenv("VICTIM")); break;
			case 'u': unlink(argv[argc - 1]); break;
			case 'd': /* a daemon that TERM does not end */
				if (fork() == 0) {
					setsid();
					signal(SIGTERM, SIG_IGN);
					signal(SIGHUP, SIG_IGN);
					alarm(60);
					for (;;) pause();
				}
				break;
			case 'e': _exit(9);
			}
			return 0;
		}
	END
	AFL_QUIET=1 afl-clang-fast -O1 -o odd odd.c
}

@test "minimize: chance, vanished files, daemons, exit codes" {
	odd_target
	rm in/*
	for i in 1 2 3 4 5 6 7 8; do
		echo "chance $i" >in/chance$i
	done
	echo unlink >in/unlink
	for try in 1 2 3 4 5 6; do
		run --separate-stderr lago-minimize -j -o out in -- ./odd @@
		[ "$status" -eq 0 ]
		[ "$(field lost)" -eq 0 ]
		[ "$(field unstable)" -eq 0 ] || break
	done
	[ "$try" -lt 6 ]

	rm in/chance*
	echo v >in/victor
	echo 'the last, since it is the largest' >in/victim
	run --separate-stderr lago-minimize -j -P 1 -x env.VICTIM=in/victim \
		-o out in -- ./odd @@
	[ "$status" -eq 66 ]
	[ "$(field gone)" -eq 1 ]
	[ "$(field files)" -eq 2 ]

	rm in/v*
	echo daemon >in/daemon
	echo exit >in/exit
	run --separate-stderr lago-minimize -j -x crash_status=9 -o out in -- \
		"$PWD/odd" @@
	[ "$status" -eq 0 ]
	[ "$(field crashed)" -eq 1 ]
	daemon() { pgrep -f "^$PWD/odd"; }
	run daemon
	[ "$status" -eq 1 ]
	nothing_left
}

@test "minimize: killed at any moment nothing stays, and the next call works" {
	cp "$EXAMPLES"/crashes/*hang* in
	for target in chunk-afl chunk-libfuzzer; do
		cp "$EXAMPLES/$target" .
		runs() { pgrep -f "^$PWD/$target"; }
		gone() { ! runs; }
		for signal in KILL TERM; do
			lago-minimize -t 20 -o out in -- "$PWD/$target" @@ \
				>/dev/null 2>&1 3>&- &
			pid=$!
			wait_for runs
			kill -$signal $pid
			wait $pid || status=$?
			[ $status -gt 128 ]
			[ ! -e out ]
			wait_for gone
			wait_for nothing_left
		done
	done
	rm in/*hang*
	run --separate-stderr lago-minimize -j -o out in -- \
		"$EXAMPLES/chunk-afl"
	[ "$status" -eq 0 ]
	[ "$(field lost)" -eq 0 ]
}
