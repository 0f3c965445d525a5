load lib

setup() {
	examples
	cd "$BATS_TEST_TMPDIR" || return
	export TMPDIR=$PWD/tmp
	target=$EXAMPLES/chunk-afl-plain
	mkdir in tmp
	cp "$EXAMPLES"/seeds/* in
	for seed in "$EXAMPLES"/seeds/*; do
		{ cat "$seed"; printf 000; } >"in/${seed##*/}.more"
	done
}

# field NAME of the record in $output
field() {
	jq -r ".$1" <<<"$output"
}

count() {
	find "$1" -type f | wc -l
}

caches() {
	find "$XDG_CACHE_HOME/lago/traces" -type f
}

@test "minimize: a second call runs what is new, and what it keeps" {
	for build in chunk-afl-plain chunk-libfuzzer; do
		rm -rf "$XDG_CACHE_HOME" in/new
		run lago-minimize -j -o first in -- "$EXAMPLES/$build"
		[ "$status" -eq 0 ]
		runs=$(field execs)
		cp -R in copies
		echo new >in/new
		run --separate-stderr lago-minimize -v -j -o second in -- \
			"$EXAMPLES/$build"
		[ "$status" -eq 0 ]
		[ "$(field execs)" -le $(($(field files) + 2)) ]
		[ "$(field execs)" -lt "$runs" ]
		[[ $stderr == *"known from an earlier call"* ]]
		run lago-minimize -j -x cache=no -o third in -- "$EXAMPLES/$build"
		[ "$(field execs)" -gt "$runs" ]
		# the search is bounded by time: not the same files, but as many
		[ "$(find third -type f | wc -l)" -eq \
			"$(find second -type f | wc -l)" ]
		# other files with these bytes are known too
		run lago-minimize -j -o fourth copies -- "$EXAMPLES/$build"
		[ "$(field execs)" -eq "$(field files)" ]
		# the choice begins with the one before
		lago-minimize -q -o fifth in -- "$EXAMPLES/$build"
		diff -r second fifth
		rm -r fifth first second third fourth copies
	done
}

@test "minimize: a damaged, a torn, a strange cache is as good as none" {
	lago-minimize -q -o good in -- "$target"
	cache=$(caches)
	size=$(stat -c %s "$cache")
	cp "$cache" whole
	for cut in 1 39 40 100 $((size / 2)) $((size - 1)); do
		head -c "$cut" whole >"$cache"
		lago-minimize -q -o out in -- "$target"
		diff -r good out
		run lago-minimize -j -o out in -- "$target"
		[ "$(field execs)" -eq "$(field files)" ]
	done
	for at in 0 9 17 30 60 $((size - 9)); do
		cp whole "$cache"
		printf '\377' | dd of="$cache" bs=1 seek="$at" conv=notrunc \
			status=none
		lago-minimize -q -o out in -- "$target"
		diff -r good out
	done
	echo nonsense >"$cache"
	lago-minimize -q -o out in -- "$target"
	diff -r good out
	# a cache that cannot be made is done without
	lago-minimize -q -x cache=/proc/nothing -o out in -- "$target"
	diff -r good out
}

@test "minimize: killed while it remembers, the next call is right" {
	lago-minimize -q -x cache=no -o good in -- "$target"
	for n in 1 2 3 4 5 6; do
		echo "killed $n" >"in/killed$n"
		lago-minimize -q -o out in -- "$target" 3>&- &
		pid=$!
		for ((i = n * 400; i > 0; i--)); do :; done
		kill -KILL $pid 2>/dev/null || :
		wait $pid || :
	done
	rm in/killed*
	lago-minimize -q -o out in -- "$target"
	diff -r good out
	run lago-minimize -j -o out in -- "$target"
	[ "$(field execs)" -eq "$(field files)" ]
}

@test "minimize: calls at the same time share a cache; another target has its own" {
	cp "$target" mine
	for i in 1 2 3 4; do
		lago-minimize -q -P 1 -o "out$i" in -- ./mine 3>&- &
	done
	wait
	for i in 2 3 4; do
		diff -r out1 "out$i"
	done
	[ "$(caches | wc -l)" -eq 1 ]
	printf x >>mine
	lago-minimize -q -o out in -- ./mine
	lago-minimize -q -o out in -- ./mine @@
	lago-minimize -q -x cover=edges -o out in -- ./mine
	lago-minimize -q -x env.A=B -o out in -- ./mine
	[ "$(caches | wc -l)" -eq 5 ]
}

@test "minimize: what is covered by which input, what one corpus adds" {
	run --separate-stderr lago-minimize -x result=files in -- "$target"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq "$(find in -type f | wc -l)" ]
	echo "$output" >files
	lago-minimize -x result=list in -- "$target" >list
	diff <(sort list) <(awk -F '\t' '$7 { print $1 }' files | sort)
	lago-minimize -0 -x result=list in -- "$target" | tr '\0' '\n' | diff list -
	lago-minimize -x result=tuples in -- "$target" >tuples
	# one input may have shown a tuple once only
	[ "$(comm -3 <(cut -f 1 tuples | uniq -c | awk '{ print $2, $1 }' |
		sort) <(awk -F '\t' '$5 { print $1, $5 }' files | sort) |
		wc -l)" -le 4 ]
	(cd in && sha256sum -- *) | sed 's, \+,\t,' | sort >sums
	diff <(awk -F '\t' '{ sub(/in./, "", $1); print $8 "\t" $1 }' files |
		sort) sums
	# nothing is added to itself, a new path is
	run lago-minimize -x base=in -x result=list in -- "$target"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	mkdir less more
	cp in/text* less
	run lago-minimize -x base=less -x result=list in -- "$target"
	[ -n "$output" ]
	[[ $output != *in/text* ]]
	lago-minimize -q -x base=less -o more in -- "$target"
	cp less/* more
	for cache in "$PWD/new" "$PWD/new" "$XDG_CACHE_HOME"; do
		cp -R more "more$((n = ${n:-0} + 1))"
		run lago-minimize -x cache="$cache" -x result=list \
			-x base="more$n" in -- "$target"
		[ "$status" -eq 0 ]
		[ -z "$output" ]
	done
}

@test "minimize: own names, in place, beside running instances" {
	mkdir both
	cp in/text both
	printf other >both/index
	run lago-minimize -j -x result=names -o named in both -- "$target"
	[ "$status" -eq 0 ]
	files=$(field files)
	[ "$(find named -type f | wc -l)" -eq "$files" ]
	for f in named/*; do
		f=${f#named/}
		[ -e "in/$f" ] || [ -e "both/$f" ] || [[ $f == index.* ]]
	done
	run lago-minimize -x result=names -o named in -- "$target"
	[ "$status" -eq 73 ]

	cp -R in place
	: >place/empty
	lago-minimize -j -o out place -- "$target" >kept
	run lago-minimize -j -x result=place place -- "$target"
	[ "$status" -eq 0 ]
	[ "$(field files)" -eq "$(jq .files kept)" ]
	diff <(cd place && sha256sum -- * | cut -d ' ' -f 1 | sort) <(ls out)

	# what a fuzzer works on stays as it is
	mkdir -p afl/default
	cp -R in afl/default/queue
	: >afl/default/fuzzer_stats
	exec 7<afl/default
	flock 7
	for dir in afl afl/default afl/default/queue; do
		run --separate-stderr lago-minimize -x result=place "$dir" -- \
			"$target" 7>&-
		[ "$status" -eq 75 ]
		[[ $stderr == *"stop it"* ]]
	done
	diff -r in afl/default/queue
	lago-minimize -q -x result=sync -o afl/lago in -- "$target"
	ls afl/lago/queue >first
	[ "$(wc -l <first)" -eq "$(count out)" ]
	[[ $(head -n 1 first) == id:000000,* ]]
	[ -e afl/lago/is_main_node ]
	# the same again adds nothing, others come behind
	lago-minimize -q -x result=sync -o afl/lago in -- "$target"
	diff first <(ls afl/lago/queue)
	exec 7<&-
	lago-minimize -q -x result=place afl/default -- "$target"
	[ "$(count afl/default/queue)" -eq "$(count out)" ]
}

@test "minimize: what comes and goes keeps few inputs, and loses none" {
	{
		cat <<-'END'
			#include <stdio.h>
			#include <time.h>
			static volatile int n;
			int main(void) {
				struct timespec t;
				int c = getchar();
				clock_gettime(CLOCK_MONOTONIC, &t);
				int k = t.tv_nsec / 100 % 128;
		END
		for i in $(seq 128); do
			echo "if (k == $i) n++;"
		done
		echo 'if (c == 120) n = 5; return 0; }'
	} >chance.c
	AFL_QUIET=1 afl-clang-fast -O1 -o chance chance.c
	rm in/*
	for i in $(seq 40); do
		echo "chance $i" >"in/$i"
	done
	echo x >in/x
	run --separate-stderr lago-minimize -j -x cache=no -o out in -- ./chance
	[ "$status" -eq 0 ]
	[ "$(field lost)" -eq 0 ]
	[ "$(field unstable)" -gt 5 ]
	[ "$(field files)" -le 20 ]
	[ -e "out/$(sha256sum in/x | cut -d ' ' -f 1)" ]
}

# tuples DIR: each edge with the class of its count, of all files of DIR, as
# afl-showmap has them (raw: 4.04 does not know all counts by class).
tuples() {
	rm -rf "raw.$1"
	AFL_QUIET=1 afl-showmap -q -r -t 5000 -i "$1" -o "raw.$1" -- \
		"$target" >/dev/null 2>&1
	cat "raw.$1"/* | awk -F : '
	function class(n) {
		if (n < 4) return n
		if (n < 8) return 4
		if (n < 16) return 8
		return n < 32 ? 16 : n < 128 ? 32 : 128
	}
	{ print $1, class($2 + 0) }' | sort -u
}

@test "minimize: joint=1 makes the files small, together they cover the same" {
	rm in/*
	for i in 1 2 3; do
		for seed in "$EXAMPLES"/seeds/*; do
			{ cat "$seed"; head -c 3000 /dev/zero | tr '\0' "$i"; } \
				>"in/${seed##*/}.long$i"
		done
	done
	run lago-minimize -j -o out in -- "$target"
	before=$(field bytes)
	for names in dir names; do
		run --separate-stderr lago-minimize -j -b 20 -x joint=1 \
			-x result=$names -o joint.$names in -- "$target"
		[ "$status" -eq 0 ]
		[ "$(field lost)" -eq 0 ]
		[ "$(field bytes)" -lt $((before / 2)) ]
		[ "$(field bytes)" -eq \
			"$(cat joint.$names/* | wc -c)" ]
		[ "$(tuples in | wc -l)" -gt 50 ]
		[ -z "$(comm -23 <(tuples in) <(tuples joint.$names))" ]
	done
	for f in joint.names/*; do
		[ -e "in/${f#*/}" ]
	done
	[ -z "$(ls -A "$TMPDIR")" ]
	run --separate-stderr lago-minimize -j -b 4 -x joint=1 -o j in -- \
		"$EXAMPLES/chunk-libfuzzer"
	[ "$status" -eq 0 ]
	[ "$(field lost)" -eq 0 ]
	[ "$(field bytes)" -lt "$before" ]
	run lago-minimize -x joint=1 -x result=list in -- "$target"
	[ "$status" -eq 64 ]
}

# What AFL++'s FRIDA mode is to us: a library that brings a fork server, with the
# handshake of 4.20 and later, into a binary without one.
@test "minimize: a plain binary, its fork server preloaded" {
	cat >mode.c <<-'END'
	#include <fcntl.h>
	#include <stdint.h>
	#include <stdlib.h>
	#include <sys/shm.h>
	#include <sys/wait.h>
	#include <unistd.h>
	static void say(uint32_t w) { if (write(199, &w, 4) != 4) _exit(1); }
	static uint32_t hear(void)
	{ uint32_t w; if (read(198, &w, 4) != 4) _exit(0); return w; }
	uint8_t *map;
	__attribute__((constructor)) static void
	serve(void)
	{
		const char *id = getenv("__AFL_SHM_ID");
		int status;
		if (id == NULL)
			return;
		map = shmat(atoi(id), NULL, 0);
		say(0x41464c01);
		if (hear() != (0x41464c01 ^ 0xffffffff))
			_exit(1);
		say(1);
		say(1024);
		say(0x41464c01);
		for (;;) {
			hear();
			pid_t pid = fork();
			if (pid == 0)
				return;
			say((uint32_t)pid);
			waitpid(pid, &status, 0);
			say((uint32_t)status);
		}
	}
	ssize_t
	read(int fd, void *p, size_t n)
	{
		extern ssize_t __read(int, void *, size_t);
		ssize_t got = __read(fd, p, n);
		if (fd != 198 && map != NULL && got > 0)
			map[100 + *(uint8_t *)p] = 1;
		return got;
	}
	END
	cc -w -shared -fPIC -o mode.so mode.c
	cc -x c -o plain - <<-'END'
	#include <fcntl.h>
	#include <unistd.h>
	int main(int n, char **v)
	{ char c; return read(open(v[1], 0), &c, 1) != 1; }
	END
	rm -rf in
	mkdir in
	for i in a1 a2 b1 c1 c2; do
		echo $i >in/$i
	done
	run --separate-stderr lago-minimize -j -D afl \
		-x env.LD_PRELOAD="$PWD/mode.so" -o out in -- ./plain @@
	[ "$status" -eq 0 ]
	[ "$(field files)" -eq 3 ]
	[ "$(field tuples)" -eq 3 ]
	run lago-minimize -D afl -x env.LD_PRELOAD="$PWD/none.so" -o q in -- \
		./plain @@
	[ "$status" -eq 69 ]
	[[ $output == *"not there: '$PWD/none.so'" ]]
	run --separate-stderr lago-minimize -o q in -- afl-qemu-trace -- ./plain @@
	if ! command -v afl-qemu-trace; then
		[ "$status" -eq 69 ]
		[[ $stderr == *"QEMU mode is not installed"* ]]
	fi
}

@test "minimize: a target of honggfuzz, a plain one: what to do" {
	echo 'const char *s = "_LIBHFUZZ_PERSISTENT_"; int main(void)
		{ return s == 0; }' | cc -x c -o hf -
	run --separate-stderr lago-minimize -o out in -- ./hf
	[ "$status" -eq 69 ]
	[[ $stderr == *honggfuzz*afl-clang-fast* ]]
	[ "${#stderr_lines[@]}" -eq 1 ]
	run --separate-stderr lago-minimize -o out in -- "$EXAMPLES/chunk-plain"
	[ "$status" -eq 69 ]
	[[ $stderr == *afl-qemu-trace* ]]
}
