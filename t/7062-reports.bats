load lib
load home

# LOGS: a record for each tool and kind in the logs of t/golden.
setup_file() {
	load lib
	need jq
	export LOGS=$BATS_FILE_TMPDIR/logs
	lago-triage -l -j "$TOP"/t/golden/logs/*.log >"$LOGS.all" || [ $? -eq 1 ]
	jq -cs 'unique_by([.tool, .kind])[]' "$LOGS.all" >"$LOGS"
}

# Text that tries to leave whatever it is put into.
# shellcheck disable=SC2016
evil() {
	jq -cn --arg s "$(printf '```\n</script><img src=x>[x](http://evil.example) @all #1 `` ` {0} | \033[2J\302\2331m \342\200\256 \\ end')" \
		--arg big "$(printf 'A%.0s' {1..100000})" '
		{v: 1, crash: true, log: $s, crash_type: $s, kind: $s, tool: $s,
		access: $s, access_size: 4, address: $s, near_null: true,
		region: {kind: $s, size: -4, offset: 9223372036854775807, where: $s},
		signal: 99999, signal_name: $s, pc: $s, sp: "0xfffffffffffffffffff",
		thread: $s, message: ($s + "\n```\n" + $big), exception: $s,
		top: [$s, $big], severity: $s, severity_reason: $s, class: $s,
		exploitability: $s, crash_line: $s, bucket: $s, bucket_exact: $s,
		reports: 3, truncated: true, target: $s, bug: $s, state: $s,
		note: $s, run: $s, frames: ([{fn: $s, raw: $big, file: $s,
		line: -1, col: 0, pc: $s, inl: true}, {fn: $big, mod: null,
		file: ("/../../" + $big), line: 1e99}, {mod: $s, off: $s, ign: true}] +
		[range(500) | {fn: "f", file: "c:\\x y.c", line: 1}]),
		stacks: ([range(40) | {role: $s, thread: $s, frames: [{fn: $s}]}]
		+ [7, null])}'
}

# Records that say little, and of the wrong types.
odd() {
	echo '{"v":1,"crash":true}'
	echo '{"v":1,"crash":true,"frames":{},"stacks":"x","top":7,"region":[],"kind":7,"message":"\ud800 a\u0000b","crash_line":":1:1"}'
}

@test "reports: a record of saved output, without a home" {
	need jq
	unset LAGO_HOME
	cd "$BATS_TEST_TMPDIR"
	lago-triage -l -j "$TOP/t/golden/logs/asan-use_after_free.log" >record
	run --separate-stderr bash -c 'lago-crashes show - <record'
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ ${lines[0]} == heap-use-after-free:* ]]
	for part in Severity: 'CWE-416' 'heap block of' 'Crash stack:' \
		'Freed by:' 'Allocated by:' 'Bucket: '; do
		[[ $output == *"$part"* ]] || { echo "$part"; false; }
	done
	[[ $output != *'To see it again'* ]]
	# The same again of what show -j says; one that is none stops nothing.
	run bash -c 'cat record <(echo {}) record | lago-crashes show -f text -'
	[ "$status" -eq 65 ]
	[ "$(grep -c '^Severity:' <<<"$output")" -eq 2 ]
	: >empty
	run bash -c 'lago-triage -l -j empty | lago-crashes show -'
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	run lago-crashes show -f html - <record
	[ "$status" -eq 64 ]
	run lago-crashes show -j -f md - <record
	[ "$status" -eq 64 ]
}

@test "reports: text fits 80 columns but for words that are longer" {
	fake_home
	{
		lago-crashes show - <"$LOGS"
		lago-crashes | lago-crashes show
		lago-crashes list -f text
	} >"$BATS_TEST_TMPDIR/out"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -gt 500 ]
	# Fields break at blanks; shell lines, names and numbers stay whole.
	run awk '/^([A-Z][A-Za-z ]*:| {13}) / && length > 80 &&
		substr($0, 14) ~ /[^ ] +[^ ]/ { print }' "$BATS_TEST_TMPDIR/out"
	[ -z "$output" ] || { echo "$output"; false; }
}

@test "reports: hostile text neither steers a terminal nor leaves its place" {
	need jq perl
	cd "$BATS_TEST_TMPDIR"
	{ evil && odd; } >records
	for format in text md sarif casrep; do
		lago-crashes show -f $format - <records >out.$format
		[ "$(stat -c %s out.$format)" -lt 500000 ]
		run grep -cP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' out.$format
		[ "$output" -eq 0 ]
	done
	[ "$(lago-crashes show -j - <records | wc -l)" -eq 3 ]
	# What is left of the Markdown without fenced blocks and code spans.
	perl -0pe 's/^(`{3,})\n.*?^\1$//msg; s/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)//g' out.md >left
	run grep -nE '[<>@`#|{}\\]|\]\(|://|AAAA' left
	[ "$(grep -vcE '^[0-9]+:### ' <<<"$output")" -eq 0 ] || { echo "$output"; false; }
	[ "$(grep -c '^\(```\+\)$' out.md)" -ge 4 ]
	run jq -cf "$TOP/t/sarif.jq" out.sarif
	[ "$output" = '[]' ] || { echo "$output"; false; }
	jq -e '.runs[0].results | length == 3' out.sarif
	[ "$(jq -es 'length' out.casrep)" -eq 3 ]
}

@test "reports: a table's cells hold what is in them" {
	need jq
	fake_home
	# shellcheck disable=SC2016
	fake_crash 1 1 pipe 'a|b`|`c' crash_line '"x|y:1:2"' bucket '"0123456789ab"' >/dev/null
	lago-import 1 >/dev/null
	lago-crashes list -f md >"$BATS_TEST_TMPDIR/out"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq 6 ]
	[ "$(awk -F '|' '{ print NF }' "$BATS_TEST_TMPDIR/out" | sort -u)" = 9 ]
	[ "$(lago-crashes list -f text | wc -l)" -eq 8 ]
}

@test "reports: the command shows the crash again when it is pasted" {
	need jq zip cc unzip
	LAGO_HOME="$BATS_TEST_TMPDIR/it's a \$(home) "$'\033[1m'
	fake_home
	cd "$BATS_TEST_TMPDIR"
	cat >target <<-'END'
		#!/bin/sh
		printf '%s|' "$A" "$@"
		for last; do :; done
		cat "$last"
		exit 7
	END
	chmod 644 target
	zip -q "$LAGO_HOME/jobs/1/bundle.zip" target
	printf '%s\n' "env.A=it's \"x\" \$(id)" bundle=bundle.zip >>"$LAGO_HOME/jobs/1/job"
	sha=$(printf 'crash a' | sha256sum | cut -c 1-64)
	for format in text md; do
		lago-crashes show -f $format "$sha" >report
		sed -n "/mktemp -d/,/^ *'.\/target'/p" report >pasted
		run bash pasted
		[ "$status" -eq 7 ] || { cat pasted; echo "$output"; false; }
		[[ $output == "it's \"x\" \$(id)|"*"/crashes/$sha|crash a" ]]
		# The input, from the page.
		sed -n '/^ *00000000: /,/^[^ 0]*$/p' report | grep '^ *0' >dump
		[ "$(tr -s ' ' <dump | cut -d ' ' -f "$([ $format = md ] && echo 2- || echo 3-)" |
			cut -d ' ' -f 1-4 | tr -d ' ')" = "$(printf 'crash a' | od -An -tx1 | tr -d ' \n')" ]
	done
}

@test "reports: how often, when and where a bug was seen" {
	need jq
	fake_home
	fake_job 3 build="$(printf '%064d' 3)"
	fake_run 3 1
	fake_crash 3 1 z png_read reproduced 0 >/dev/null
	lago-import >/dev/null
	bug=$(lago-crashes -j | jq -r 'select(.crashes == 3) | .id')
	lago-crashes set -x state=open -x 'note=a note' "$bug" >/dev/null
	run lago-crashes show "$bug"
	[[ $output == *'3 crash inputs, 2 reproduced; 2 jobs'* ]]
	[[ $output == *'3.1 png build 000000000000 (1); 1.1 png (2)'* ]]
	[[ $output == *'First seen:  2025-11-21'* ]]
	[[ $output == *"$bug in png, open"* ]]
	[[ $output == *'a note'* ]]
	[[ $output == *"SHA-256"*"/jobs/1/runs/1/{crashes,reports}/"* ]]
}

@test "reports: SARIF has what its schema wants, for logs and for a home" {
	need jq
	cd "$BATS_TEST_TMPDIR"
	fake_home
	lago-crashes set -x state=ignored -x note=known \
		"$(printf 'crash b' | sha256sum | cut -c 1-20)" >/dev/null
	lago-crashes list -f sarif >open.sarif
	lago-crashes list -a -f sarif >all.sarif
	lago-crashes show -f sarif - <"$LOGS" >logs.sarif
	for file in open all logs; do
		run jq -cf "$TOP/t/sarif.jq" $file.sarif
		[ "$output" = '[]' ] || { echo "$file $output"; false; }
	done
	[ "$(jq '.runs[0].results | length' open.sarif)" -eq 2 ]
	[ "$(jq '.runs[0].results | length' logs.sarif)" -eq "$(jq -s 'map(select(.crash)) | length' "$LOGS")" ]
	jq -e '[.runs[0].results[] | select(.suppressions)] | length == 1 and
		.[0].suppressions[0].justification == "known"' all.sarif
	jq -e '.runs[0].results[0] | .occurrenceCount == 2 and .level == "error" and
		.locations[0].physicalLocation == {artifactLocation: {uri: "png.c",
		index: 0}, region: {startLine: 42, startColumn: 7}} and
		(.partialFingerprints | length) == 2 and
		.provenance.firstDetectionTimeUtc[:4] == "2025"' open.sarif
	# The checker sees what is wrong.
	for wrong in '.runs[0].results[0].level = "bad"' \
		'.runs[0].results[0].ruleIndex = 99' \
		'.runs[0].artifacts[0].location.uri = "a b"' \
		'.runs[0].results[0].more = 1' \
		'.runs[0].results[0].locations[0].physicalLocation.region.startLine = 0'; do
		[ "$(jq "$wrong" open.sarif | jq -cf "$TOP/t/sarif.jq")" != '[]' ]
	done
}

@test "reports: casrep has CASR's keys and types, and the stack in the tool's form" {
	need jq
	cd "$BATS_TEST_TMPDIR"
	fake_home
	lago-crashes show -f casrep - <"$LOGS" >casreps
	lago-crashes list -f casrep | tee -a casreps >fromhome
	run jq -cs '
		def strings: type == "array" and all(.[]; type == "string" and (test("\n") | not));
		map(select([(["Date", "Uname", "OS", "OSRelease", "Architecture",
			"ExecutablePath", "ProcCmdline", "Stdin", "Package",
			"PackageVersion", "PackageArchitecture", "PackageDescription",
			"CrashLine"][] as $k | .[$k] | type == "string"),
			(["ProcEnviron", "ProcStatus", "ProcMaps", "ProcFiles",
			"NetworkConnections", "Stacktrace", "Disassembly", "AsanReport",
			"UbsanReport", "PythonReport", "GoReport", "JavaReport",
			"RustReport", "JsReport", "CSharpReport", "LuaReport",
			"Source"][] as $k | .[$k] | strings),
			(.Registers | type == "object" and all(.[]; type == "number")),
			(.CrashSeverity | (keys == ["Description", "Explanation",
			"ShortDescription", "Type"]) and all(.[]; type == "string") and
			(.Type | IN("EXPLOITABLE", "PROBABLY_EXPLOITABLE",
			"NOT_EXPLOITABLE", "UNDEFINED"))),
			([.[] | select(type == "array")] | length == 17)] | all | not))
		| map(.CrashSeverity)' casreps
	[ "$output" = '[]' ] || { echo "$output"; false; }
	[ "$(wc -l <casreps)" -gt 20 ]
	jq -es '.[0] | .AsanReport == ["==1==ERROR: AddressSanitizer: heap-buffer-overflow"] and
		.Stacktrace[0] == "    #0 0x4f1234 in png_read png.c:42:7" and
		.CrashLine == "png.c:42:7" and .Registers.pc == 5182004 and
		.CrashSeverity.Type == "PROBABLY_EXPLOITABLE" and
		(.ProcCmdline | test("/crashes/[0-9a-f]{64}$"))' fromhome
	lago-crashes | head -n 1 | lago-crashes show -f casrep |
		jq -e ".ProcCmdline | startswith(\"'./target' \")"
	# Frames as each tool prints them.
	for tool in python:'  File "f.c", line 7, in fn' java:'    at fn(f.c:7)' \
		go:'fn in f.c:7' rust:'0: 0x10 - fn at f.c:7:3' \
		js:'    at fn (f.c:7:3)' csharp:'  at fn in f.c:line 7' \
		gdb:'#0  0x0000000000000010 in fn () at f.c:7:3' \
		msan:'    #0 0x10 in fn f.c:7:3'; do
		[ "$(jq -cn --arg t "${tool%%:*}" '{v: 1, crash: true, tool: $t, frames: [{fn: "fn",
			file: "f.c", line: 7, col: 3, pc: "0x10"}]}' |
			lago-crashes show -f casrep - | jq -r '.Stacktrace[0]')" = "${tool#*:}" ]
	done
}

@test "reports: every kind has its line in share/rules/kinds" {
	diff -u <(sed -n '/^\.Ss Kinds/,/^\.Sh/p' "$TOP/man/lago-records.5" |
		grep '^[a-z]' | tr -s ' ' '\n' | sort) \
		<(grep -v '^#' "$TOP/share/rules/kinds" | cut -f 1 | sort)
	cp -R "$TOP/share" "$BATS_TEST_TMPDIR/share"
	echo 'segv	no number' >>"$BATS_TEST_TMPDIR/share/rules/kinds"
	run env LAGO_SHARE="$BATS_TEST_TMPDIR/share" lago-crashes show - <<<'{"v":1,"crash":true}'
	[ "$status" -eq 78 ]
	[[ $output == *"rules/kinds'"* ]]
}
