load lib

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	cat >many.c <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		static char in[4096];
		__attribute__((noinline)) static void one(void) { abort(); }
		__attribute__((noinline)) static void two(int n)
		{
			if (n > 3) abort();
			else abort();
		}
		int main(int argc, char **argv) {
			FILE *f = fopen(argv[argc - 1], "r");
			const char *mode = getenv("MODE");
			int deep = 4;
			for (int i = 1; i < argc; i++)
				if (!strncmp(argv[i], "--depth=", 8))
					deep = atoi(argv[i] + 8);
			if (!f || !fread(in, 1, sizeof in - 1, f)) return 0;
			if (mode && !strchr(mode, 'x')) return 0;
			if (deep > 3 && strstr(in, "ONE")) one();
			if (strstr(in, "TWO")) two(deep);
			if (strstr(in, "FIVE")) return 5;
			if (strstr(in, "COIN")) {
				FILE *r = fopen("/dev/urandom", "r");
				if (fgetc(r) & 7) one();
			}
			return 0;
		}
	END
	cc -g -O0 -o many many.c
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	many=$BATS_FILE_TMPDIR/many
}

# small INPUT OPTION... : what is left of it.
small() {
	printf %s "$1" >input
	shift
	run --separate-stderr lago-minimize -j -o small "$@" input -- \
		"$many" @@
	[ "$status" -eq 0 ]
	cat small
}

@test "minimize: what counts as the same bug can be said" {
	[ "$(small 'some ONE is here')" = ONE ]
	[ "$(small 'some ONE is here' -x oracle=exact)" = ONE ]
	[ "$(small 'ONE or TWO' -x oracle=crash | wc -c)" -eq 3 ]
	[ "$(small 'ONE or TWO' -x oracle=kind | wc -c)" -eq 3 ]
	[ "$(small 'take FIVE now' -x oracle=status)" = FIVE ]
	# a script: gets the input and the command
	cat >script <<-'END'
		#!/bin/sh
		grep -q W "$1" && [ -x "$2" ]
	END
	chmod +x script
	[ "$(small 'ONE or TWO' -x oracle=./script)" = W ]
	run lago-minimize -o small -x oracle=what input -- "$many" @@
	[ "$status" -eq 64 ]
}

@test "minimize: a bug that does not always show gets more runs" {
	[ "$(small 'here is the COIN to throw' -r 12 -b 20)" = COIN ]
}

@test "minimize: command line and environment are made smaller too" {
	printf 'this ONE' >input
	run --separate-stderr lago-minimize -j -b 60 -o small -x args=1 \
		-x env.MODE=oxen -x env.OTHER=1 input -- \
		"$many" --verbose --depth=4 --color=always @@
	[ "$status" -eq 0 ]
	[ "$(cat small)" = ONE ]
	[ "$(jq -r .command <<<"$output")" = "env -i $many @@" ]
}

@test "minimize: many crashes, the smallest of each bug" {
	printf 'a ONE' >a
	printf 'a longer ONE' >b
	printf 'TWO of them' >c
	printf 'nothing' >d
	run --separate-stderr lago-minimize -j -x each=1 -o out a b c d -- \
		"$many" @@
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 2 ]
	[ "$(cat out/* | sort)" = "$(cat "out/$(sha256sum a | cut -c 1-64)" \
		"out/$(sha256sum c | cut -c 1-64)" | sort)" ]
	[ "$(cat "out/$(sha256sum a | cut -c 1-64)")" = ONE ]
	[ "$(cat "out/$(sha256sum c | cut -c 1-64)")" = TWO ]
}

@test "minimize: words of a dictionary stand for others" {
	cat >words <<-'END'
		# a comment
		key="ON\x45"
		"unused"
	END
	[ "$(small 'some ONE is here' -x dict=words)" = ONE ]
	run lago-minimize -o small -x dict=absent input -- "$many" @@
	[ "$status" -eq 66 ]
}

@test "minimize: memory that runs out, another amount each time" {
	cat >target <<-'END'
		#!/bin/sh
		grep -q GROW "$1" || exit 0
		used=$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')
		echo "==$$== ERROR: libFuzzer: out-of-memory (used: ${used}Mb;" \
			"limit: 512Mb)" >&2
		echo "    #0 0x4f1234 in grow /src/grow.c:12:3" >&2
		echo "    #1 0x4f1299 in main /src/grow.c:20:3" >&2
		exit 71
	END
	chmod +x target
	printf 'when it GROWs' >input
	run --separate-stderr lago-minimize -j -o small input -- ./target @@
	[ "$status" -eq 0 ]
	[ "$(cat small)" = GROW ]
}
