load lib

# Logs in bulk, and of any size.

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

report() {
	cat <<END
==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000018 at pc 0x55 bp 0x7f sp 0x7e
WRITE of size 8 at 0x602000000018 thread T0
    #0 0x55 in ${1:-parse_header} /src/a.c:12:3
    #1 0x56 in parse /src/a.c:30:1
END
}

# noise MiB: what libFuzzer prints for hours.
noise() {
	yes '#1024	NEW    cov: 12 ft: 13 corp: 5/20b lim: 4 exec/s: 0 rss: 30Mb' |
		head -c "$(($1 << 20))"
	echo
}

@test "logs: of any size, from a file or a pipe, in bounded memory" {
	need jq
	report >small
	{
		noise 6
		head -c $((11 << 20)) /dev/zero | tr '\0' y
		echo
		report
		noise 100
	} >big
	want=$(lago-triage -lj small | jq -c 'del(.log)')
	[ "$(lago-triage -lj big | jq -c 'del(.log)')" = "$want" ]
	# shellcheck disable=SC2002
	[ "$(cat big | lago-triage -lj | jq -c 'del(.log)')" = "$want" ]
	[ -z "${LAGO_ASAN-}" ] || return 0 # its shadow is larger
	(
		ulimit -v 100000
		lago-triage -l big >out
	)
	grep -q heap-use-after-free out
}

@test "logs: more telling lines than are kept: the end and the whole count" {
	need jq
	{
		echo "x.c:1:2: runtime error: shift exponent 40 is too large"
		noise 1
		for i in {1..9}; do
			yes "x.c:$i:2: runtime error: division by zero" |
				head -c $((1 << 20))
			echo
			[ "$i" != 5 ] || echo "FuzzerSecurityIssueHigh: of all"
		done
		report
	} >log
	[ "$(lago-triage -lj log | jq -r '[.kind, .truncated, .cf_severity] |
		join(" ")')" = "heap-use-after-free true high" ]
}

@test "logs: many are read at once, records keep their order" {
	for i in {1..200}; do
		report "function_$i" >"log.$i"
	done
	noise 6 >>log.17
	printf '%s\n' log.{1..200} >names
	lago-triage -l -P1 log.{1..200} >one
	[ "$(cut -f1 one)" = "$(cat names)" ]
	lago-triage -l -P3 log.{1..200} >three
	cmp one three
	tr '\n' '\0' <names | lago-triage -0l -P7 - >seven
	cmp one seven
	# A log that is not there is told, and the others are read.
	run -66 --separate-stderr lago-triage -l -P3 log.{1..50} none log.{51..200}
	[ "$output" = "$(cat one)" ]
	[[ $stderr == *none* ]]
	# Nobody waits for an answer that cannot be written.
	rc=0
	lago-triage -l -P3 log.{1..200} >/dev/full 2>said || rc=$?
	[ "$rc" = 74 ]
	[[ $(cat said) == "lago-triage: cannot write standard output"* ]]
	[ "$(wc -l <said)" = 1 ]
	lago-triage -l -P3 log.{1..200} | head -n 1 >first
	cmp first <(head -n 1 one)
}
