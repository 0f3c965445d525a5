load lib

# Saved output with known verdicts, where it is beside the checkout.  Each test
# prints passed/total; the total is what must pass.

@test "known: our own logs: kind, access, size, message and frames" {
	need jq
	need_data crash-logs/local
	cd "$DATA/crash-logs/local"
	mapfile -t logs < <(jq -r '"log/" + .file' expected.jsonl)
	lago-triage -lj "${logs[@]}" >"$BATS_TEST_TMPDIR/records" || [ $? -eq 1 ]
	jq -n --slurpfile want expected.jsonl \
		--slurpfile is "$BATS_TEST_TMPDIR/records" -r '
		[range($want | length)] | map({w: $want[.], i: $is[.]}) |
		map(.w as $w | .i as $i | {file: $w.file, ok: (
			$w.kind == $i.kind and $w.access == $i.access and
			$w.size == $i.access_size and
			($i.message // "" | contains($w.message // "")) and
			($w.frames == null or $w.frames ==
				($i.top[:($w.frames | length)] |
				map(sub(".*::"; "")))))}) |
		(.[] | select(.ok | not) | "# wrong: " + .file),
		"\(map(select(.ok)) | length)/\(length)"' >"$BATS_TEST_TMPDIR/out"
	echo "# local: $(tail -n 1 "$BATS_TEST_TMPDIR/out")" >&3
	cat "$BATS_TEST_TMPDIR/out"
	run ! grep -q wrong "$BATS_TEST_TMPDIR/out"
}

@test "known: ClusterFuzz's type, address, state and security" {
	need jq
	need_data crash-logs/clusterfuzz
	cd "$DATA/crash-logs/clusterfuzz"
	jq -r '.params as $p | [
			(if $p.detect_ooms_and_hangs then
				"-xreport_ooms=1" else empty end),
			(if $p.fuzz_target then
				"-xfuzz_target=" + $p.fuzz_target else empty end),
			(if $p.asserts_have_security_implication then empty
				else "-xassert_security=0" end),
			(if $p.checks_have_security_implication then
				"-xcheck_security=1" else empty end),
			("-xignore=" + .custom_ignore_regexes[]),
			"log/" + .file] | @sh' expected.jsonl |
		while IFS= read -r words; do
			eval "lago-triage -lj $words" || [ $? -eq 1 ]
		done >"$BATS_TEST_TMPDIR/records"
	jq -n --slurpfile want expected.jsonl \
		--slurpfile is "$BATS_TEST_TMPDIR/records" -r '
		[range($want | length)] | map($want[.] as $w | $is[.] as $i |
			{id: $w.id, ok: ($w.expected_type == $i.crash_type and
			$w.expected_address == $i.crash_address and
			$w.expected_state == $i.crash_state and
			$w.expected_security_flag == $i.security)}) |
		(.[] | select(.ok | not) | "# wrong: " + .id),
		"\(map(select(.ok)) | length)/\(length)"' >"$BATS_TEST_TMPDIR/out"
	echo "# clusterfuzz: $(tail -n 1 "$BATS_TEST_TMPDIR/out")" >&3
	cat "$BATS_TEST_TMPDIR/out"
	run ! grep -q wrong "$BATS_TEST_TMPDIR/out"
}

@test "known: ClusterFuzz's severity and comparison" {
	need jq
	need_data crash-logs/clusterfuzz/severity.jsonl
	cd "$DATA/crash-logs/clusterfuzz"
	local bad=
	while IFS= read -r case; do
		mapfile -t a < <(jq -r '(.analyzer == "sanitizer_chrome" |
			if . then 1 else 0 end),
			(if .requires_gestures then 1 else 0 end), .file,
			(.expected_severity // "null" | ascii_downcase)' <<<"$case")
		is=$("$TOP/t/unit/verdict-test" severity "${a[0]}" "${a[1]}" \
			"$(jq -r .crash_type <<<"$case")" <"log/${a[2]}")
		[ "$is" = "${a[3]}" ] || {
			echo "${a[2]}: $is, not ${a[3]}"
			bad=1
		}
	done <severity.jsonl
	while IFS= read -r case; do
		one=$(jq -j .a <<<"$case"; echo .)
		two=$(jq -j .b <<<"$case"; echo .)
		is=$("$TOP/t/unit/verdict-test" similar "${one%.}" "${two%.}")
		[ "$is" = "$(jq .similar <<<"$case")" ] || {
			echo "similar: $case"
			bad=1
		}
	done <comparer.jsonl
	[ -z "$bad" ]
}

# pairs KEY LABEL: F1 over all pairs, from lines "key label".
pairs() {
	sort | uniq -c | awk '
		{ both += $1 * ($1 - 1) / 2; key[$2] += $1; label[$3] += $1 }
		END {
			for (k in key) is += key[k] * (key[k] - 1) / 2
			for (l in label) want += label[l] * (label[l] - 1) / 2
			printf "%.3f\n", is + want ? 2 * both / (is + want) : 1
		}'
}

# casr_set SET: its logs in order, NUL-ended, from where labels.tsv has them.
casr_set() {
	local dir=$DATA/crash-logs/casr/$1/log
	[ -d "$dir" ] || {
		dir=$BATS_TEST_TMPDIR/$1/log
		mkdir "$BATS_TEST_TMPDIR/$1"
		tar xJf "$DATA/crash-logs/casr/$1/log.tar.xz" \
			-C "$BATS_TEST_TMPDIR/$1"
	}
	tail -n +2 "$DATA/crash-logs/casr/$1/labels.tsv" | cut -f1 |
		sed "s|^|$dir/|" | tr '\n' '\0'
}

# Duplicates against bucket_exact, clusters against -s.
@test "known: CASR's duplicates are our exact buckets, its clusters ours" {
	need jq xz
	need_data crash-logs/casr
	local passed=0 total=0
	cd "$BATS_TEST_TMPDIR"
	for set in clustering_san clustering_python clustering_small dedup \
		similarity; do
		casr_set $set | lago-triage -0lsj >records
		total=$((total + 2))
		for key in bucket_exact:2 cluster:3; do
			f1=$(tail -n +2 "$DATA/crash-logs/casr/$set/labels.tsv" |
				cut -f "${key#*:}" |
				paste -d ' ' <(jq -r ".${key%:*}" records) - | pairs)
			echo "# casr $set ${key%:*}: F1 $f1" >&3
			[ "$f1" != 1.000 ] || passed=$((passed + 1))
		done
	done
	echo "# casr: $passed/$total" >&3
	[ $passed -eq $total ]
}

@test "known: CASR's similarity figures" {
	need_data crash-logs/casr/similarity
	cd "$DATA/crash-logs/casr/similarity/log"
	[ "$(lago-crashes similar 3.txt 4.txt)" = 0.4215 ]
	[ "$(lago-crashes similar 4.txt 3.txt)" = 0.4215 ]
	[ "$(lago-crashes similar 1.txt 2.txt)" = 1.0000 ]
	[ "$(lago-crashes similar 5.txt 6.txt)" = 1.0000 ]
}
