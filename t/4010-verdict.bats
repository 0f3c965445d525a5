load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# of FILTER: the record of the log on standard input, through jq.
of() {
	cat >this
	lago-triage -lj this | jq -r "$1"
}

asan() {
	cat <<END
=================================================================
==$1==ERROR: AddressSanitizer: ${4:-heap-use-after-free} on address 0x$2 at pc 0x$3ef4 bp 0x7ffe sp 0x7ffd
${5:-WRITE} of size 8 at 0x$2 thread T0
    #0 0x$3ef3 in __asan_memcpy (/src/t+0xa3ef3)
    #1 0x$3ef8 in void ns::C<int>::crash_here(int) /src/a.cc:12:97
    #2 0x$3f08 in (anonymous namespace)::middle_fn(char) /src/a.cc:13:34
    #3 0x$3f28 in outer_fn.part.0 /src/a.cc:14:33
    #4 0x$3f48 in main /src/a.cc:15:36
    #5 0x7fa9c4b16249 in __libc_start_call_main csu/../sysdeps/x.h:58:16

0x$2 is located 8 bytes inside of 16-byte region [0x602000000010,0x602000000020)
freed by thread T0 here:
    #0 0x$3aa2 in free (/src/t+0xa3ea2)
    #1 0x$3bb4 in destroy /src/a.cc:3:5

SUMMARY: AddressSanitizer: heap-use-after-free /src/a.cc:12:97 in crash_here
END
}

@test "verdict: names, frames, patterns, words" {
	run "$TOP/t/unit/verdict-test"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "verdict: one bug is one bucket, whatever PID, address and load base" {
	need jq
	one=$(asan 27002 602000000018 55b664388 | of '.bucket + .bucket_exact')
	two=$(asan 9 61d0000f0018 7f0aa1230 | of '.bucket + .bucket_exact')
	[ "$one" = "$two" ]
	# The heap's mood and the line are no part of it; the function is.
	one=${one:0:12}
	[ "$(asan 9 61d0 7f0 heap-buffer-overflow READ | of .bucket)" = "$one" ]
	[ "$(asan 9 61d0 7f0 SEGV | of .bucket)" = "$one" ]
	[ "$(asan 9 61d0 7f0 | sed 's/cc:/cc:1/' | of .bucket)" = "$one" ]
	[ "$(asan 9 61d0 7f0 | sed s/middle_fn/other_fn/ | of .bucket)" != "$one" ]
}

@test "verdict: kind, access, address and stacks of a report" {
	need jq
	asan 1 602000000018 55b6 >log
	[ "$(of '[.kind, .tool, .access, .access_size, .address, .thread,
		.severity, .exploitability, .class, .reports] | join(" ")' <log)" = \
		"heap-use-after-free asan WRITE 8 0x602000000018 T0 critical \
exploitable heap-use-after-free(write) 1" ]
	[ "$(of '.top | join(" ")' <log)" = "ns::C::crash_here middle_fn outer_fn" ]
	[ "$(of '.stacks[] | [.role, .thread, .frames[1].fn] | join(" ")' \
		<log)" = "free T0 destroy" ]
	[ "$(of '[.region[]] | join(" ")' <log)" = "heap 16 8 inside" ]
	[ "$(of .crash_type <log)" = $'Heap-use-after-free\nWRITE 8' ]
	[ "$(of .security <log)" = true ]
}

@test "verdict: kinds of every tool of this release" {
	need jq
	local bad=
	while IFS='|' read -r kind tool text; do
		is=$(printf '%b\n' "$text" | of '[.kind // "-", .tool // "-"] |
			join(" ")')
		[ "$is" = "$kind $tool" ] || {
			echo "$text: $is, not $kind $tool"
			bad=1
		}
	done <<'END'
use-of-uninitialized-value|msan|==1==WARNING: MemorySanitizer: use-of-uninitialized-value\n    #0 0x1 in f /x.c:1
data-race|tsan|WARNING: ThreadSanitizer: data race (pid=1)\n  Write of size 4 at 0x1 by thread T1:\n    #0 f /x.c:1 (t+0x1)
direct-leak|lsan|==1==ERROR: LeakSanitizer: detected memory leaks\n\nDirect leak of 48 byte(s) in 1 object(s) allocated from:\n    #0 0x1 in malloc (t+0x1)
oom|asan|==1==ERROR: AddressSanitizer: requested allocation size 0xfff exceeds maximum
null-dereference|asan|==1==ERROR: AddressSanitizer: SEGV on unknown address 0x000000000008 (pc 0x5 bp 0x7 sp 0x8 T0)
segv|asan|==1==ERROR: AddressSanitizer: SEGV on unknown address (pc 0x5 bp 0x7 sp 0x8 T0)
segv-exec|asan|==1==ERROR: AddressSanitizer: SEGV on unknown address 0x41410000 (pc 0x41410000 bp 0x7 sp 0x8 T0)
double-free|asan|==1==ERROR: AddressSanitizer: attempting double-free on 0x602 in thread T0:
bad-free|asan|==1==ERROR: AddressSanitizer: attempting free on address which was not malloc()-ed: 0x7f in thread T0
stack-overflow|asan|==1==ERROR: AddressSanitizer: stack-overflow on address 0x7ff (pc 0x5 bp 0x7 sp 0x8 T0)
timeout|libfuzzer|==1== ERROR: libFuzzer: timeout after 3 seconds\n    #0 0x1 in f /x.c:1
oom|libfuzzer|==1== ERROR: libFuzzer: out-of-memory (used: 2100Mb; limit: 2048Mb)
abort|libfuzzer|==1== ERROR: libFuzzer: deadly signal
unexpected-exit|libfuzzer|==1== ERROR: libFuzzer: fuzz target exited
slow-unit|libfuzzer|Slowest unit: 12 s:
integer-overflow|ubsan|x.c:1:2: runtime error: signed integer overflow: 1 + 2 cannot be represented in type 'int'
undefined-behavior|ubsan|x.c:1:2: runtime error: a new "check" \\\\ that nobody knows
integer-overflow|ubsan-minimal|ubsan: add-overflow by 0x55
assert|glibc|p: x.c:3: int f(int): Assertion `a == b' failed.
glibc-malloc-abort|glibc|free(): double free detected in tcache 2
stack-smashing|glibc|*** stack smashing detected ***: terminated
fortify|glibc|*** buffer overflow detected ***: terminated
uncaught-exception|other|terminate called after throwing an instance of 'E'\n  what():  boom
segv|gdb|Program received signal SIGSEGV, Segmentation fault.
rust-panic|rust|thread 'main' (1) panicked at x.rs:2:3:\nboom
-|-|nothing happened
-|-|This is about ERROR: AddressSanitizer: reports\n#0 is the first
-|-|==1==WARNING: AddressSanitizer failed to allocate 0x1 bytes
-|-|==1==LeakSanitizer has encountered a fatal error.
END
	[ -z "$bad" ]
}

@test "verdict: text that any bytes surround is read all the same" {
	need jq
	want=$(asan 1 6020 55b6 | of .bucket)
	# CRLF, colours, NULs, bytes that are no UTF-8, a long line, no end.
	[ "$(asan 1 6020 55b6 | sed 's/$/\r/' | of .bucket)" = "$want" ]
	[ "$(asan 1 6020 55b6 | sed "s/^/$(printf '\033[1;31m')/" |
		of .bucket)" = "$want" ]
	[ "$({
		printf 'a\0b\303\050"""\\\n'
		head -c 3000000 /dev/zero
		printf '\n'
		asan 1 6020 55b6
		head -c 1000 /dev/urandom
	} | of .bucket)" = "$want" ]
	[ "$(asan 1 6020 55b6 | head -c 400 | of .kind)" = heap-use-after-free ]
	asan 1 6020 55b6 | tail -n 3 | of .kind | grep -q heap-use-after-free
}

@test "verdict: the fatal one of several reports is it, others are counted" {
	need jq
	{
		echo "x.c:1:2: runtime error: shift exponent 40 is too large"
		asan 1 6020 55b6
	} >log
	[ "$(of '"\(.kind) \(.reports)"' <log)" = "heap-use-after-free 2" ]
	# An assertion explains the abort that follows.
	{
		echo "p: x.c:3: int f(int): Assertion \`a == 42' failed."
		echo "==1==ERROR: AddressSanitizer: ABRT on unknown address 0x1 (pc 0x5 bp 0x7 sp 0x8 T0)"
		echo "    #0 0x1 in raise (/lib/libc.so.6+0x1)"
		echo "    #1 0x1 in f /x.c:3:4"
	} >log
	[ "$(of '"\(.kind) \(.reports) \(.message) \(.top[0]) \(.signal_name)"' \
		<log)" = "assert 1 a == 42 f SIGABRT" ]
}

@test "verdict: a stack overflow is its cycle, a race both accesses" {
	need jq
	deep() {
		echo "==1==ERROR: AddressSanitizer: stack-overflow on address 0x7ff (pc 0x5 bp 0x7 sp 0x8 T0)"
		i=0
		for f in "$@" a b a b a b a b a b; do
			echo "    #$((i++)) 0x1 in $f /x.c:$i"
		done
	}
	one=$(deep leaf | of .bucket)
	[ "$(deep | of .bucket)" = "$one" ]
	[ "$(deep b | of .bucket)" = "$one" ]
	[ "$(deep other leaves | of .bucket)" = "$one" ]
	# The top is where the circle begins, and what it was called from.
	for leaves in '' b 'b leaf' 'other leaves'; do
		for from in '' a; do
			# shellcheck disable=SC2086
			is=$({
				deep $leaves
				for f in $from caller main; do
					echo "    #90 0x1 in $f /x.c:1"
				done
			} | of '.top | join(" ")')
			[ "$is" = 'a b caller' ]
		done
	done
	race() {
		printf 'WARNING: ThreadSanitizer: data race (pid=1)\n'
		printf '  Write of size 4 at 0x1 by thread T1:\n'
		printf '    #0 %s /x.c:1 (t+0x1)\n\n' "$1"
		printf '  Previous write of size 4 at 0x1 by main thread:\n'
		printf '    #0 %s /x.c:2 (t+0x2)\n' "$2"
	}
	[ "$(race f g | of .bucket)" = "$(race g f | of .bucket)" ]
	[ "$(race f g | of .bucket)" != "$(race f f | of .bucket)" ]
}

@test "verdict: a name that the tool did not demangle is the same name" {
	need jq
	log() {
		cat <<END
==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0 (pc 0x1 bp 0x2 sp 0x3 T0)
    #0 0x1 in $1 /x.cc:1:1
    #1 0x2 in $2 /x.rs:2:1
    #2 0x3 in main /x.cc:3:1

END
	}
	log _ZN2ns1CIiE5crashEPKc _RNvCs1234_4cart4push >mangled
	log 'ns::C<int>::crash(char const*)' 'cart::push' >plain
	lago-triage -lj mangled plain | jq -c '[.top, .bucket]' >found
	[ "$(sort -u found | wc -l)" -eq 1 ]
	grep -q '"ns::C::crash","cart::push"' found
}

@test "verdict: an interceptor is none of the functions, whatever it is called" {
	need jq
	log() {
		cat <<END
==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0 (pc 0x1 bp 0x2 sp 0x3 T0)
    #0 0x1 in compare /x.cc:1:1
    #1 0x2 in $1qsort_r (/bin/x+0x1234)
    #2 0x3 in sorts /x.cc:3:1
    #3 0x4 in main /x.cc:4:1

END
	}
	[ "$(log ___interceptor_ | of '.bucket + .top[1]')" = \
		"$(log '' | of '.bucket + "sorts"')" ]
	# Somebody's own has a source file.
	[ "$(log '' | sed 's|(/bin/x.*|/x.cc:2:1|' | of '.top[1]')" = qsort_r ]
}

@test "verdict: the tables of rules can be edited, mistakes are told" {
	need jq
	cp -R "$TOP/share" "$BATS_TEST_TMPDIR/share"
	export LAGO_SHARE=$BATS_TEST_TMPDIR/share
	printf 'name\tns::C::crash_here\n' >>"$LAGO_SHARE/rules/frames"
	sed -i '1i info\theap-use-after-free\t*\t*\tnot here' \
		"$LAGO_SHARE/rules/severity"
	[ "$(asan 1 6020 55b6 | of '[.top[0], .severity, .severity_reason] |
		join(" ")')" = "middle_fn info not here" ]
	[ "$(asan 1 6020 55b6 >log; lago-triage -lj -x ignore='middle_.*' log |
		jq -r '.top[0]')" = outer_fn ]
	printf 'nonsense\tx\n' >>"$LAGO_SHARE/rules/frames"
	run lago-triage -l log
	[ "$status" -eq 78 ]
	[[ $output == *"rules/frames"* ]]
}

@test "verdict: a bucket can be made of the token, the line or all lines" {
	need jq
	log() {
		cat <<END
==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000014 at pc 0x1 bp 0x2 sp 0x3
READ of size 4 at 0x602000000014 thread T0
    #0 0x1 in $1 /x.c:$2:1
    #1 0x2 in caller /x.c:$3:1

DEDUP_TOKEN: ${4-}
END
	}
	key() {
		lago-triage -lj -x key="$1" | jq -r .bucket
	}
	[ "$(log f 1 2 f--g | key token)" = "$(log h 3 4 f--g | key token)" ]
	[ "$(log f 1 2 f--g | key token)" != "$(log f 1 2 f--h | key token)" ]
	# Where there is none it is the names.
	[ "$(log f 1 2 | sed /DEDUP/d | key token)" = "$(log f 3 4 | key names)" ]
	[ "$(log f 1 2 | key line)" = "$(log f 1 3 | key line)" ]
	[ "$(log f 1 2 | key line)" != "$(log f 2 2 | key line)" ]
	[ "$(log f 1 2 | key exact)" = "$(log f 1 2 | of .bucket_exact)" ]
	run lago-triage -l -x key=what /dev/null
	[ "$status" -eq 64 ]
	[ "$(log f 1 2 | lago-triage -lj -x depth=1 | jq -r .bucket)" = \
		"$(log f 1 2 | sed s/caller/other/ | lago-triage -lj -x depth=1 |
			jq -r .bucket)" ]
}

@test "verdict: a timeout or memory limit is of its target and top frame" {
	need jq
	timeout_log() {
		echo '==1== ERROR: libFuzzer: timeout after 25 seconds'
		echo "    #0 0x1 in $1 /x.c:$2:1"
		echo "    #1 0x2 in $3 /x.c:9:1"
	}
	bucket() {
		lago-triage -lj -x fuzz_target="$1" | jq -r .bucket
	}
	[ "$(timeout_log f 1 g | bucket one)" = "$(timeout_log f 2 h | bucket one)" ]
	[ "$(timeout_log f 1 g | bucket one)" != "$(timeout_log h 1 g | bucket one)" ]
	[ "$(timeout_log f 1 g | bucket one)" != "$(timeout_log f 1 g | bucket two)" ]
	oom() {
		echo "==1== ERROR: libFuzzer: out-of-memory ($1)"
		echo "    #0 0x1 in $2 /x.c:1:1"
	}
	# Used up bit by bit there is no place, one great allocation has one.
	[ "$(oom 'used: 2100Mb; limit: 2048Mb' f | bucket one)" = \
		"$(oom 'used: 2060Mb; limit: 2048Mb' g | bucket one)" ]
	[ "$(oom 'malloc(4294967296)' f | bucket one)" != \
		"$(oom 'malloc(4294967296)' g | bucket one)" ]
}

@test "verdict: names without end take no time without end" {
	need jq
	# shellcheck disable=SC2016 # Rust's
	for c in . - @ '<' '(' '$u7b$' 'a::<' 'static '; do
		{
			echo "==1==ERROR: AddressSanitizer: SEGV on unknown address 0x1 (pc 0x5 bp 0x7 sp 0x8 T0)"
			awk -v c="$c" 'BEGIN {
				for (s = c; length(s) < 60000;) s = s s
				for (i = 0; i < 60; i++)
					print "    #" i " 0x1 in " substr(s, 1, 60000)
			}'
		} >log
		[ "$(lago-triage -lj log | jq '.frames | length')" = 60 ]
	done
}
