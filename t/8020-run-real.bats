# lago-run with real fuzzers on the example targets.
load lib

setup() {
	need bwrap jq lago-triage
	examples
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	[ -z "${PID-}" ] || kill -KILL "$PID" 2>/dev/null || :
}

# names DIR: its files, hidden ones left out.
names() {
	find "$1" -type f ! -name '.*' -printf '%f\n' | sort
}

kinds() {
	jq -r 'select(.crash) | .kind' "$1/crashes.jsonl" | sort -u
}

bugs() {
	jq -rs 'group_by(.input_sha256) | map(last) | map(select(.crash) |
		.bucket) | unique | .[]' "$1/crashes.jsonl"
}

# Of the last line of the series.
last() {
	tail -n 1 "$1/stats.tsv" | cut -f "$2"
}

@test "libFuzzer: crashes do not end it; bugs, corpus, reduced inputs (D15)" {
	run --separate-stderr lago-run -P 1 -t 8 -o a.run \
		"$EXAMPLES/chunk-libfuzzer.zip"
	[ "$status" -eq 0 ]
	[ "$(sed -n 's/^fuzzed=//p' a.run/progress)" -ge 8 ]
	[ "$(last a.run 4)" -ge 1 ] # restarts
	[ "$(last a.run 5)" -gt 100 ]
	[ "$(last a.run 7)" -gt 50 ]
	[ "$(bugs a.run | wc -l)" -ge 3 ]
	# each kept crash has its record and what the target printed
	jq -r .input_sha256 a.run/crashes.jsonl | sort -u >records
	names a.run/crashes | cmp - records
	names a.run/reports | cmp - records
	# every crash is on its machine's disk under its name
	(cd a.run/crashes && sha256sum -- * | awk '$1 != $2 { exit 1 }')
	[ "$(names a.run/corpus | wc -l)" -gt 0 ]
	[ "$(names a.run/corpus | wc -l)" -le "$(names a.run/queue | wc -l)" ]
	# a reduced input is smaller and beside the original (D40)
	shopt -s nullglob
	for f in a.run/reduced/*; do
		[ "$(stat -c %s "$f")" -lt \
			"$(stat -c %s "a.run/crashes/${f##*/}")" ]
	done
}

@test "libFuzzer: hang, memory and leak are kept and typed (D16, D17)" {
	need clang zip
	mkdir -p b/corpus
	cat >b.c <<-'END'
		#include <stdint.h>
		#include <stdlib.h>
		#include <string.h>
		#include <fcntl.h>
		void *volatile p;
		/* once in a directory, so that a short run meets all */
		static int once(const char *f) {
			return open(f, O_CREAT | O_EXCL, 0600) >= 0;
		}
		int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
			if (n < 1) return 0;
			if (d[0] % 4 == 1 && once("hang")) for (;;) p = 0;
			if (d[0] % 4 == 2 && once("oom"))
				for (;;) memset(p = malloc(1 << 24), 1, 1 << 24);
			if (d[0] % 16 == 3) { p = malloc(77); p = 0; }
			return 0;
		}
	END
	clang -g -fsanitize=fuzzer,address -o b/target b.c
	echo x >b/corpus/x
	printf 'driver=libfuzzer\ntimeout=2\nmemory=600\n' >b/job
	(cd b && zip -qr ../b.zip .)
	lago-run -P 1 -t 120 b.zip &
	all_kinds() {
		kinds b.run >typed 2>/dev/null
		grep -q timeout typed && grep -q oom typed && grep -q leak typed
	}
	wait_for all_kinds
	# The hang does not keep it from ending.
	touch b.run/stop
	ended() { grep -q '^state=killed' b.run/progress; }
	wait_for ended
	wait
	all_kinds
}

@test "libFuzzer: a unit that it dies of whenever it starts leaves the corpus" {
	mkdir -p q/corpus
	cat >q.c <<-'END'
		#include <stdint.h>
		#include <stdlib.h>
		#include <string.h>
		static int fuzzing; /* a replay shows nothing */
		int LLVMFuzzerInitialize(int *argc, char ***argv) {
			for (int i = 0; i < *argc; i++)
				fuzzing |= strncmp((*argv)[i], "-max_total", 10) == 0;
			return 0;
		}
		int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
			if (fuzzing && n == 7 && memcmp(d, "badunit", 7) == 0)
				abort();
			return n > 2 && d[0] == 'x' && d[1] == 'y';
		}
	END
	clang -g -fsanitize=fuzzer -o q/target q.c
	printf badunit >q/corpus/bad
	echo good >q/corpus/good
	printf 'driver=libfuzzer\n' >q/job
	(cd q && zip -qr ../q.zip .)
	lago-run -q -P 1 -t 120 q.zip &
	goes_on() {
		[ -s "q.run/quarantine/$(printf badunit | sha256sum |
			cut -c1-64)" ] && grep -q INITED q.run/*/log/0
	}
	wait_for goes_on
	echo kill >q.run/stop
	wait
}

@test "AFL++: what takes too much memory is an oom, the instance goes on" {
	mkdir -p m/corpus
	cat >m.c <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		void *volatile p;
		int main(int argc, char **argv) {
			FILE *f = fopen(argv[1], "r");
			int c = getc(f);
			if (c == 'M' && getc(f) > 'a')
				for (;;) memset(p = malloc(1 << 20), 1, 1 << 20);
			return c == 'A' ? 3 : 0;
		}
	END
	AFL_QUIET=1 AFL_USE_ASAN=1 afl-clang-fast -g -O1 -o m/target m.c
	echo Lzzz >m/corpus/x
	printf 'driver=afl\nargs=@@\ntimeout=20\nmemory=300\n' >m/job
	(cd m && zip -qr ../m.zip .)
	lago-run -P 1 -t 120 m.zip 2>said &
	ooms() { [ "$(kinds m.run 2>/dev/null | sort -u)" = oom ]; }
	wait_for ooms
	echo kill >m.run/stop
	wait
	grep -q 'the largest process of instance 0 is ended' said
	[ "$(last m.run 4)" -eq 0 ] # restarts
}

@test "AFL++: a crash that needs what the process ran before" {
	mkdir -p p/corpus
	cat >p.c <<-'END'
		#include <stdint.h>
		#include <stdlib.h>
		#include <unistd.h>
		__AFL_FUZZ_INIT();
		static char *heap;
		int main(void) {
			unsigned char *p = __AFL_FUZZ_TESTCASE_BUF;
			while (__AFL_LOOP(10000)) {
				int n = __AFL_FUZZ_TESTCASE_LEN;
				if (n > 0 && p[0] == 'A')
					free(heap = malloc(8));
				if (n > 0 && p[0] == 'C' && heap != NULL)
					heap[2] = 1;
			}
		}
	END
	AFL_QUIET=1 AFL_USE_ASAN=1 afl-clang-fast -g -O1 -o p/target p.c
	echo Bx >p/corpus/x
	printf 'driver=afl\ntimeout=10\n' >p/job
	(cd p && zip -qr ../p.zip .)
	lago-run -q -P 1 -t 120 p.zip &
	judged() { [ -s p.run/crashes.jsonl ]; }
	wait_for judged
	echo kill >p.run/stop
	wait
	[ "$(jq -r 'select(.after > 0 and .reproduced > 0) | .kind' \
		p.run/crashes.jsonl | sort -u)" = heap-use-after-free ]
}

@test "AFL++: environment, statistics, bugs, corpus (D18, D38)" {
	run --separate-stderr lago-run -P 2 -t 8 -o a.run \
		"$EXAMPLES/chunk-afl.zip"
	[ "$status" -eq 0 ]
	[ "$(last a.run 3)" = 2 ]
	[ "$(last a.run 5)" -gt 100 ]
	[ "$(last a.run 7)" -gt 50 ] # edges
	[ "$(bugs a.run | wc -l)" -ge 3 ]
	[ "$(names a.run/corpus | wc -l)" -gt 0 ]
	[ "$(last a.run 15)" -eq "$(names a.run/crashes | wc -l)" ]
}

fuzzing() {
	grep -qs ^phase=fuzz "$1/progress" && [ -n "$(ls "$1/crashes")" ]
}

@test "KILL of a real run and the same command: no crash is lost (D21)" {
	for kind in libfuzzer afl; do
		lago-run -q -P 1 -t 5 -o "$kind" "$EXAMPLES/chunk-$kind.zip" \
			3>&- &
		PID=$!
		wait_for fuzzing "$kind"
		sleep 1 # some more of them, at no special moment
		kill -KILL "$PID"
		wait "$PID" || :
		# what the fuzzers had on disk then
		# shellcheck disable=SC2038
		(cd "$kind/work" && find out -path '*/crashes*/id*' -type f \
			-o -path '*/artifacts/*' -type f |
			xargs -r -d '\n' sha256sum) | cut -c 1-64 | sort -u >had
		[ -s had ]
		# hangs that there was no time for come with the next call
		finished() {
			lago-run -q -P 1 -t 5 -o "$kind" \
				"$EXAMPLES/chunk-$kind.zip"
			grep -qx untriaged=0 "$kind/progress"
		}
		wait_for finished
		[ -z "$(names "$kind/crashes" | comm -13 - had)" ]
		[ -e "$kind/crashes.jsonl" ]
		[ ! -e "$kind/work" ]
	done
}

@test "a job file's environment is in fuzzing and in replay (D18)" {
	need clang zip
	mkdir -p b/corpus
	cat >b.c <<-'END'
		#include <stdint.h>
		#include <stdlib.h>
		int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
			if (n > 0 && d[0] == 'A' && getenv("MAY_CRASH")) abort();
			return 0;
		}
	END
	clang -g -fsanitize=fuzzer,address -o b/target b.c
	echo x >b/corpus/x
	printf 'driver=libfuzzer\nenv.MAY_CRASH=1\n' >b/job
	(cd b && zip -qr ../b.zip .)
	lago-run -P 1 -t 4 b.zip
	jq -es 'any(.crash and .reproduced > 0)' b.run/crashes.jsonl
}
