# How lago-triage runs inputs: which targets can be copied, and that a copy shows
# what a fresh process shows.
load lib

# Six inputs of one bug for each; the fast mode has to begin after three.
inputs() {
	for i in 1 2 3 4 5 6; do
		{
			cat "$TOP/share/examples/chunk/crashes/$1"
			echo "$i"
		} >"in/$1-$i"
	done
}

# modes MODE COMMAND...: all inputs, in MODE after the first three, alike.
modes() {
	local want=$1
	shift
	lago-triage -jv -r1 -P1 in -- "$@" >records 2>said || :
	[ "$(jq -r .mode records | sort | uniq -c | xargs)" = \
		"$([ -n "$want" ] && echo 3 exec 3 fork || echo 6 exec)" ] ||
		{ cat said; return 1; }
	grep -q "${want:-a fresh process}" said
	[ "$(jq -c '[.kind, .access, .bucket, .bucket_exact, .signal, .address,
		[.frames[] | [.fn, .file, .line, .col, .off, .inl]],
		[.stacks[] | [.role, [.frames[] | [.fn, .line, .off]]]]]' \
		records | sort -u | wc -l)" -eq 1 ]
	[ "$(jq .crash records | sort -u)" = true ]
}

@test "modes: a copy shows what a fresh process shows, in every kind of build" {
	need jq gcc
	examples
	cd "$BATS_TEST_TMPDIR"
	local chunk="$TOP/share/examples/chunk" flags="-g -O1"
	mkdir in
	inputs palette-write
	modes "first look" "$EXAMPLES/chunk-asan" @@
	modes "at main" "$EXAMPLES/chunk-asan"
	modes "open of the input" "$EXAMPLES/chunk-libfuzzer"
	modes "first look" "$EXAMPLES/chunk-afl" @@
	# shellcheck disable=SC2086 # flags are words
	gcc $flags -fsanitize=address -o shared "$chunk"/chunk.c "$chunk"/main.c
	modes "first look" ./shared @@
	rm in/*
	inputs pixel-assert
	modes "first look" "$EXAMPLES/chunk-plain" @@
	# Where in its cycle it overflows may differ.
	rm in/*
	inputs list-endless
	lago-triage -jr1 -P1 in -- "$EXAMPLES/chunk-plain" @@ >records
	[ "$(jq -r '[.kind, .bucket, .bucket_exact] | join(" ")' records |
		sort -u | wc -l)" -eq 1 ]
	[ "$(jq -r .mode records | sort -u | xargs)" = "exec fork" ]
	rm in/*
	inputs pixel-assert
	# shellcheck disable=SC2086
	gcc $flags -static -o static "$chunk/chunk.c" "$chunk/main.c"
	modes "" ./static @@
	# shellcheck disable=SC2016 # the inner shell's
	modes "at main" sh -c 'exec "$0" "$1"' "$EXAMPLES/chunk-plain" @@
	rm in/*
	inputs head-uninitialized
	modes "first look" "$EXAMPLES/chunk-msan" @@
	rm in/*
	inputs anim-shift
	modes "first look" "$EXAMPLES/chunk-ubsan" @@
	rm in/*
	inputs index-leak
	modes "open of the input" "$EXAMPLES/chunk-libfuzzer"
}

@test "modes: AFL++'s own fork server, where nothing can be preloaded" {
	need afl-clang-fast jq
	cd "$BATS_TEST_TMPDIR"
	local chunk="$TOP/share/examples/chunk"
	export AFL_QUIET=1
	mkdir in
	inputs background-null
	afl-clang-fast -g -O1 -static -o static "$chunk/chunk.c" "$chunk/main.c"
	modes "AFL++'s fork server" ./static @@
	modes "AFL++'s fork server" ./static
	# Test cases in shared memory, or else from the start of standard input,
	# for fresh processes too while the server is there.
	cat >shared.c <<'END2'
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
__AFL_FUZZ_INIT();
__attribute__((noinline)) static void first(void) { abort(); }
int
main(void)
{
	__AFL_INIT();
	unsigned char *bytes = __AFL_FUZZ_TESTCASE_BUF;
	while (__AFL_LOOP(1000)) {
		int n = __AFL_FUZZ_TESTCASE_LEN;
		if (n > 4 && memcmp(bytes, "CHNK", 4) == 0)
			first();
	}
	return 0;
}
END2
	afl-clang-fast -g -O1 -static -o shared shared.c
	modes "AFL++'s fork server" ./shared
	# What one leaves behind is not the next one's.
	rm in/*
	inputs pixel-assert
	cat >state.c <<'END2'
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
static int seen;
__attribute__((noinline)) static void first(void) { abort(); }
int
main(void)
{
	volatile int started = 1;

	__AFL_INIT();
	while (__AFL_LOOP(1000)) {
		if (seen++ > 0 || mkdir("left", 0700) != 0)
			raise(SIGSEGV);
		if (getchar() != EOF && fork() == 0)
			for (setsid();;)
				sleep(1);
		first();
	}
	return started;
}
END2
	sed -i '1i #include <signal.h>' state.c
	afl-clang-fast -g -O1 -static -o state state.c
	modes "AFL++'s fork server" ./state
	[ "$(jq -r '.top[0]' records | sort -u)" = first ]
	run grep -c "^$PWD/state" <(for p in /proc/[0-9]*; do
		readlink "$p/exe"
	done 2>/dev/null)
	[ "$output" -eq 0 ]
}

@test "modes: a set-uid program" {
	need afl-clang-fast clang jq runuser
	[ "$(id -u)" -eq 0 ] || skip "not root"
	cd "$BATS_TEST_TMPDIR"
	local chunk="$TOP/share/examples/chunk" dir
	export AFL_QUIET=1
	dir=$(mktemp -d /tmp/lago-setuid.XXXXXX)
	chmod 755 "$dir"
	cd "$dir"
	mkdir in
	inputs palette-write
	afl-clang-fast -g -O1 -fsanitize=address -o afl "$chunk/chunk.c" \
		"$chunk/main.c"
	clang -g -O1 -fsanitize=address -o plain "$chunk/chunk.c" \
		"$chunk/main.c"
	chmod u+s afl plain
	cp -RL "$TOP/bin" "$TOP/lib" "$TOP/share" .
	local status=0
	runuser -u nobody -- env PATH="$dir/bin:$PATH" \
		lago-triage -jv -r1 -P1 in -- "$dir/afl" @@ \
		>"$BATS_TEST_TMPDIR/records" 2>"$BATS_TEST_TMPDIR/said" || status=$?
	runuser -u nobody -- env PATH="$dir/bin:$PATH" \
		lago-triage -j -r1 -P1 in -- "$dir/plain" @@ \
		>>"$BATS_TEST_TMPDIR/records" || status=$?
	cd "$BATS_TEST_TMPDIR"
	rm -rf "$dir"
	cat said
	[ "$status" -eq 0 ]
	grep -q "AFL++'s fork server" said
	[ "$(jq -r .mode records | sort | uniq -c | xargs)" = "9 exec 3 fork" ]
	[ "$(jq -r '[.kind, .bucket] | join(" ")' records | sort -u |
		wc -l)" -eq 1 ]
	[ "$(jq -r .kind records | sort -u)" = heap-buffer-overflow ]
}

@test "modes: threads before the input, and answers that differ" {
	need cc jq
	cd "$BATS_TEST_TMPDIR"
	cat >odd.c <<'END2'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static long seed;
static void *nap(void *p) { sleep(1000); return p; }
__attribute__((noinline)) static void even(void) { abort(); }
__attribute__((noinline)) static void uneven(void) { *(volatile int *)8 = 1; }
int
main(int argc, char **argv)
{
	pthread_t t;
	char c = 0;
	FILE *fp;

	if (argc > 2 && strcmp(argv[2], "thread") == 0)
		pthread_create(&t, NULL, nap, NULL);
	if (argc > 2 && strcmp(argv[2], "pid") == 0)
		seed = getpid();
	fp = fopen(argv[1], "r");
	c = fgetc(fp);
	if (argc > 2 && strcmp(argv[2], "pid") == 0 && seed != getpid())
		uneven();
	if (argc > 2 && strcmp(argv[2], "pid") == 0 && c == 'x')
		puts("");
	even();
}
END2
	cc -g -O1 -pthread -o odd odd.c
	mkdir in
	for i in 1 2 3 4 5 6; do echo "$i" >in/$i; done
	modes "at main" ./odd @@ thread
	# What begins at the open shows another bug: not believed.
	lago-triage -jv -r1 -P1 in -- ./odd @@ pid >records 2>said
	[ "$(jq -r '.top[0]' records | sort -u)" = even ]
	run grep -c 'first look' said
	[ "$output" -eq 0 ]
}

@test "modes: targets in Python, Java and shell" {
	need jq
	cd "$BATS_TEST_TMPDIR"
	mkdir in
	for i in 1 2; do echo "x$i" >in/$i; done
	# shellcheck disable=SC2016 # the target's
	printf '%s\n' '#!/bin/sh' 'read -r line' 'case $line in' \
		'x*) kill -SEGV $$ ;;' 'esac' >target.sh
	chmod +x target.sh
	lago-triage -j in -- ./target.sh >records
	[ "$(jq -r '[.kind, .mode, .reproduced] | join(" ")' records |
		sort -u)" = "segv exec 3" ]
	if command -v python3 >/dev/null; then
		cat >target.py <<'END2'
import sys
def parse(text):
    if text.startswith("x"):
        raise ValueError("not a number: " + text)
    return int(text)
def main():
    with open(sys.argv[1]) as f:
        parse(f.read())
main()
END2
		lago-triage -j in -- python3 "$PWD/target.py" @@ >records
		[ "$(jq -r '[.tool, .kind, .exception, .top[0], .reproduced,
			(.crash_line | sub(".*/"; ""))] | join(" ")' records |
			sort -u)" = "python python-exception ValueError parse \
3 target.py:4" ]
	fi
	if command -v javac >/dev/null; then
		cat >Target.java <<'END2'
import java.nio.file.*;
public class Target {
	static int parse(String text) {
		int[] v = new int[1];
		return text.startsWith("x") ? v[text.length()] : 0;
	}
	public static void main(String[] args) throws Exception {
		parse(Files.readString(Path.of(args[0])));
	}
}
END2
		javac Target.java
		lago-triage -j -r2 in -- java -cp "$PWD" Target @@ >records
		[ "$(jq -r '[.tool, .exception, .top[0], .reproduced,
			.crash_line] | join(" ")' records | sort -u)" = \
			"java java.lang.ArrayIndexOutOfBoundsException \
Target.parse 2 Target.java:5" ]
	fi
}

@test "modes: what shows only after others, in one process" {
	need clang afl-clang-fast jq
	cd "$BATS_TEST_TMPDIR"
	cat >state.c <<'END2'
#include <stdint.h>
#include <stdlib.h>
static char *heap;
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > 0 && p[0] == 'A')
		free(heap = malloc(8));
	if (n > 0 && p[0] == 'C' && heap != NULL)
		heap[2] = 1;
	return 0;
}
END2
	cat >loop.c <<'END2'
#include <stdint.h>
#include <unistd.h>
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
__AFL_FUZZ_INIT();
int
main(void)
{
	unsigned char *buf = __AFL_FUZZ_TESTCASE_BUF;
	while (__AFL_LOOP(10000))
		LLVMFuzzerTestOneInput(buf, __AFL_FUZZ_TESTCASE_LEN);
}
END2
	clang -g -O1 -fsanitize=fuzzer,address state.c -o libfuzzer
	AFL_QUIET=1 AFL_USE_ASAN=1 afl-clang-fast -g -O1 state.c loop.c -o afl
	mkdir queue tmp
	for c in B A D; do echo $c >queue/$c; done
	echo C >in
	for target in libfuzzer afl; do
		TMPDIR=$PWD/tmp run lago-triage -jr2 -x more=0 -x before=queue \
			in -- ./$target
		[ "$status" -eq 0 ]
		[ "$(jq -r '[.kind, .top[0], .reproduced, .replays, .after,
			.exit_status] | join(" ")' <<<"$output")" = \
			"heap-use-after-free LLVMFuzzerTestOneInput 2 4 3 134" ]
	done
	run lago-triage -jr1 -x more=0 in -- ./libfuzzer
	[ "$status" -eq 1 ]
	[ "$(jq -r .exit_status <<<"$output")" = 101 ]
	[ -z "$(ls -A tmp)" ]
}
