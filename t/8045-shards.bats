# One job on three nodes, with real fuzzers: each knows one word, and the path
# needs all three, one behind the other.
load lib

setup() {
	need bwrap jq afl-clang-fast afl-fuzz zip
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p bin "$LAGO_HOME" b/corpus
	mkdir -p "$LAGO_LOCKS"
	cp "$TOP"/bin/lago "$TOP"/bin/lago-{dispatch,submit,kill} bin
	# Nodes with cores of their own: this machine may have fewer than three.
	printf '%s\n' '#!/bin/sh' \
		"export LAGO_LOCKS=$LAGO_LOCKS/\$\$" \
		"exec '$TOP/bin/lago-run' \"\$@\"" >bin/lago-run
	chmod +x bin/lago-run
	export LAGO_LIBEXEC="$TOP/lib" LAGO_SHARE="$TOP/share"
	PATH=$PWD/bin:$PATH
	for n in a b c d; do
		echo "$n local 1 8192"
	done >"$LAGO_HOME/nodes"
}

teardown() {
	lago-kill -k -q 1 2 2>/dev/null || :
	[ -z "${PID-}" ] || kill "$PID" 2>/dev/null || :
	wait_for [ ! -e "$LAGO_HOME/jobs/2/runs/1/work" ]
}

# fnv WORD: what the targets know of it.
fnv() {
	local h=0xcbf29ce484222325 i
	for ((i = 0; i < 4; i++)); do
		printf -v c %d "'${1:i:1}"
		h=$(((h ^ c) * 1099511628211))
	done
	printf 0x%xu "$h"
}

bundle() {
	cat >t.c <<-'END'
		#include <stdint.h>
		#include <unistd.h>
		__AFL_FUZZ_INIT();
		/* One bit for four bytes: nothing to learn on the way. */
		__attribute__((noinline, optnone, no_sanitize("coverage")))
		static int is(const unsigned char *p, uint64_t want)
		{
			uint64_t h = 14695981039346656037u;
			for (int i = 0; i < 4; i++)
				h = (h ^ p[i]) * 1099511628211u;
			return h == want;
		}
		volatile int depth;
		int main(void)
		{
			__AFL_INIT();
			unsigned char *b = __AFL_FUZZ_TESTCASE_BUF;
			while (__AFL_LOOP(10000)) {
				if (__AFL_FUZZ_TESTCASE_LEN != 12)
					continue;
				if (is(b, ONE)) {
					depth = 1;
					if (is(b + 4, TWO)) {
						depth = 2;
						if (is(b + 8, THREE))
							depth = 3;
					}
				}
			}
			return 0;
		}
	END
	AFL_QUIET=1 afl-clang-fast -O1 -DONE="$(fnv k7Qz)" \
		-DTWO="$(fnv V2mX)" -DTHREE="$(fnv r5Lw)" \
		-o b/target t.c
	printf %012d 0 >b/corpus/seed
	# A third of the words for each.
	cat >b/provision.sh <<-'END'
		#!/bin/sh
		printf 'k7Qz\nV2mX\nr5Lw\n' |
			sed -n "${SHARD}s/.*/word=\"&\"/p" >target.dict
	END
	chmod +x b/provision.sh
	# -D: AFL++ looks at its peers behind each input, not every 30 s.
	echo '{"input": "./corpus", "output": "./results",
		"target": "./target", "cmdline": "", "afl_margs": "-D"}' \
		>b/target.conf
	(cd b && zip -qr ../b.zip .)
}

# has_all JOB: one of its runs keeps an input with all three.
has_all() {
	cat "$LAGO_HOME/jobs/$1"/runs/*/queue/* 2>/dev/null |
		grep -aq k7QzV2mXr5Lw
}

# fuzzed JOB: seconds, of all its runs.
fuzzed() {
	cat "$LAGO_HOME/jobs/$1"/runs/*/progress |
		awk -F= '$1 == "fuzzed" { n += $2 } END { print n + 0 }'
}

edges() { # JOB
	cat "$LAGO_HOME/jobs/$1"/runs/*/stats.tsv | cut -f 7 | sort -n | tail -n 1
}

@test "three shards get where one alone does not in the same time" {
	bundle
	lago-submit -q -x shards=3 -x cpus=1 -x memory=500 -t 200 b.zip
	lago-submit -q -x cpus=1 -x memory=500 -t 600 b.zip
	lago-dispatch -i 1 >said 3>&- &
	PID=$!
	wait_for has_all 1
	lago-kill -q 1
	ended() {
		[ "$(cat "$LAGO_HOME"/jobs/1/runs/*/run | grep -cx state=killed)" -eq 3 ]
	}
	wait_for ended
	# What one finds that has as long as they had together.
	enough() {
		[ "$(fuzzed 2)" -ge "$(fuzzed 1)" ]
	}
	wait_for enough
	! has_all 2 || false
	echo "# $(edges 1) edges with three in $(fuzzed 1) s, $(edges 2) with" \
		"one in $(fuzzed 2) s; exchanged: $(awk '$2 == "push" {
			files += $4; bytes += $6 } END {
			print files " files, " bytes " bytes" }' said)" >&3
	[ "$(edges 1)" -gt "$(edges 2)" ]
	# What the others had is in each one's minimal corpus.
	for run in 1 2 3; do
		cat "$LAGO_HOME/jobs/1/runs/$run"/corpus/* |
			grep -aq k7QzV2mXr5Lw
	done
}

@test "libFuzzer takes in what others find while it runs" {
	need clang
	mkdir lf lf/corpus
	cat >l.c <<-'END'
		#include <stddef.h>
		#include <stdint.h>
		__attribute__((noinline, no_sanitize("coverage")))
		static int is(const uint8_t *p, uint64_t want)
		{
			uint64_t h = 14695981039346656037u;
			for (int i = 0; i < 4; i++)
				h = (h ^ p[i]) * 1099511628211u;
			return h == want;
		}
		volatile int depth;
		int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
		{
			if (n > 4 && is(p, ONE))
				depth = 1;
			return 0;
		}
	END
	clang -O1 -fsanitize=fuzzer -DONE="$(fnv k7Qz)" -o lf/target l.c
	echo seed. >lf/corpus/seed
	(cd lf && zip -qr ../lf.zip .)
	lago-run -q -P 1 -t 60 -o r.run lf.zip &
	PID=$!
	says() {
		grep -qsa "$1" r.run/*/log/0
	}
	wait_for says INITED
	mkdir in r.run/incoming
	printf k7Qz+ >in/x
	sha=$(sha256sum <in/x | cut -c 1-64)
	# one that is not what its name says comes to nothing
	cp in/x "in/${sha//[0-9]/a}"
	mv in/x "in/$sha"
	mv in/* r.run/incoming
	wait_for says RELOAD
	[ "$(ls r.run/foreign)" = "$sha" ]
	[ -z "$(ls r.run/incoming)" ]
	echo stop >r.run/stop
	wait "$PID"
	PID=
	grep -qx '1 files of others, 5 bytes, taken in' r.run/log
	# others' finds are not its own, but its minimal corpus covers them
	[ ! -e "r.run/queue/$sha" ]
	cat r.run/corpus/* | grep -aq k7Qz
}
