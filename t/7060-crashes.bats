load lib
load home

bug_of() {
	lago-crashes list -a -j | jq -r --arg f "$1" 'select(.top | startswith($f)) | .id'
}

@test "crashes: bugs of everything, a project, a target, a job, a run" {
	need jq
	fake_home
	fake_job 3 target=other project=png
	fake_run 3 1
	fake_crash 3 1 z png_read >/dev/null
	fake_crash 3 1 y png_more >/dev/null
	lago-import >/dev/null
	# The worst first.
	[ "$(lago-crashes | cut -f 3 | tr '\n' ' ')" = 'high medium medium low ' ]
	[ "$(lago-crashes png | wc -l)" -eq 4 ]
	[ "$(lago-crashes other | wc -l)" -eq 2 ]
	[ "$(lago-crashes list -T png | wc -l)" -eq 3 ]
	[ "$(lago-crashes 3 | wc -l)" -eq 2 ]
	[ "$(lago-crashes 1.1 | wc -l)" -eq 3 ]
	[ "$(lago-crashes list -n 1 3 | wc -l)" -eq 1 ]
	[ "$(lago-crashes list -x kind=heap-use-after-free | wc -l)" -eq 1 ]
	# One bug of two jobs is one.
	bug=$(bug_of png_read)
	[ "$(lago-crashes "$bug" | cut -f 2,3 | sort)" = "$bug	1.1
$bug	1.1
$bug	3.1" ]
	[ "$(lago-crashes list -x each=crash 3 | wc -l)" -eq 2 ]
	for none in 2 zip 99 nothing 0123456789ab; do
		run lago-crashes list "$none"
		[ "$status" -eq 1 ]
		[ "$output" = '' ]
	done
	run lago-crashes list -x severity=bad
	[ "$status" -eq 64 ]
	run lago-crashes list -x nothing=1
	[ "$status" -eq 64 ]
}

@test "crashes: an id is exact, a prefix needs 13 digits and one meaning (D51)" {
	fake_home
	sha=$(printf 'crash a' | sha256sum | cut -c 1-64)
	lago-crashes show "${sha:0:13}" >/dev/null
	run lago-crashes show "${sha:0:12}"
	[ "$status" -eq 66 ]
	run lago-crashes show "${sha}0"
	[ "$status" -eq 66 ]
	run lago-crashes show "${sha^^}"
	[ "$status" -eq 66 ]
	run lago-crashes show "${sha:0:13}%"
	[ "$status" -eq 66 ]
	for twin in 0 1; do
		fake_record "$(printf 'f%.0s' {1..63})$twin" png_twin
	done >>"$LAGO_HOME/jobs/1/runs/1/crashes.jsonl"
	lago-import 1 >/dev/null
	run lago-crashes show ffffffffffffffff
	[ "$status" -eq 66 ]
	[[ $output == *'2 crashes'* ]]
	# Ids come from any output.
	[ "$(lago-crashes | lago-crashes show -j | wc -l)" -eq 4 ]
}

@test "crashes: show has the stack, the files and the command; nothing steers the terminal (D52)" {
	need jq
	fake_home
	fake_crash 1 1 evil png_evil message '"\u001b]0;owned\u0007 \u009b31m \u202e a\u0000b \"q\" <script>"' \
		frames '[{"i":0,"fn":"f\u001b[2J","file":"a\nb.c","line":1,"col":null},{"i":1,"fn":null,"raw":null,"mod":"libx.so","off":"0x10","ign":true}]' >/dev/null
	lago-import 1 >/dev/null
	run lago-crashes show "$(bug_of png_read)"
	[[ $output == *'#0 png_read png.c:42:7'* ]]
	[[ $output == *'(#2 LLVMFuzzerTestOneInput'* ]]
	[[ $output == *'WRITE'* ]]
	[[ $output == *"crashes/"* ]]
	[[ ${lines[-1]} == *"'./target'"*"/crashes/"* ]]
	lago-crashes show "$(printf evil | sha256sum | cut -c 1-20)" >"$BATS_TEST_TMPDIR/out"
	run grep -cP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' "$BATS_TEST_TMPDIR/out"
	[ "$output" -eq 0 ]
	grep -qF 'a\x00b "q" <script>' "$BATS_TEST_TMPDIR/out"
	grep -qF '(#1 ? libx.so+0x10)' "$BATS_TEST_TMPDIR/out"
	# A record that moved is not shown as if it were the one.
	sed -i '1d' "$LAGO_HOME/jobs/1/runs/1/crashes.jsonl"
	run lago-crashes show "$(printf 'crash b' | sha256sum | cut -c 1-20)"
	[ "$status" -eq 65 ]
	[[ $output == *'lago-import -a'* ]]
}

@test "crashes: set is a line of events first, and holds for what was seen" {
	need jq sqlite3
	fake_home
	bug=$(bug_of png_palette)
	note="no \"bug\"; \$(id)	<b> \\"
	lago-crashes set -x state=ignored -x "note=$note" "$bug"
	[ "$(grep -c "	state	\|	note	" "$LAGO_HOME/events")" -eq 2 ]
	run lago-crashes
	[[ $output != *"$bug"* ]]
	[ "$(lago-crashes list -x state=ignored | cut -f 1)" = "$bug" ]
	rm "$LAGO_HOME"/lago.db*
	lago-import -a
	[ "$(lago-crashes list -aj png | jq -r --arg b "$bug" \
		'select(.id == $b) | .state + " " + .note')" = "ignored $note" ]
	# By the SHA-256 of a crash, and many at once.
	lago-crashes set -x state=open "$(printf 'crash b' | sha256sum | cut -c 1-30)"
	lago-crashes | lago-crashes set -x state=fixed
	[ "$(lago-crashes list -a | cut -f 2 | sort -u)" = fixed ]
	run lago-crashes
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	run lago-crashes set -x state=reopened "$bug"
	[ "$status" -eq 64 ]
	run lago-crashes set "$bug"
	[ "$status" -eq 64 ]
	run lago-crashes set -x state=open 0123456789ab
	[ "$status" -eq 66 ]
	# A torn line of a writer that died spoils neither itself nor the next.
	printf '17637' >>"$LAGO_HOME/events"
	lago-crashes set -x state=open "$bug"
	[ "$(lago-crashes | cut -f 1,2)" = "$bug	open" ]
}

@test "crashes: export is whole, and repro runs the input as the job did" {
	need jq zip cc unzip
	fake_home
	cd "$BATS_TEST_TMPDIR"
	cat >target <<-'END'
		#!/bin/sh
		echo "$A|$*"
		for last; do :; done
		cat "$last"
		exit 7
	END
	chmod 755 target
	zip -q "$LAGO_HOME/jobs/1/bundle.zip" target
	printf '%s\n' "env.A=it's \"x\" \$(id)" bundle=bundle.zip >>"$LAGO_HOME/jobs/1/job"
	bug=$(bug_of png_read)
	run lago-crashes export -o 'out dir' "$bug"
	[ "$status" -eq 0 ]
	[ "$output" = "$bug	out dir/$bug" ]
	cd "out dir/$bug"
	[ "$(cat input)" = 'a longer crash of a' ]
	jq -e .input_sha256 record >/dev/null
	[ -s output ]
	[ ! -e reduced ]
	run --separate-stderr ./repro
	[ "$status" -eq 7 ]
	[[ $output == "it's \"x\" \$(id)|"*"a longer crash of a" ]]
	cd ../..
	run lago-crashes export -o 'out dir' "$bug"
	[ "$status" -eq 73 ]
	# What it became smaller to, in its place.
	run lago-crashes export -x minimized=1 -o none "$bug"
	[ "$status" -eq 0 ]
	[ "$(cat "none/$bug/input")" = 'a longer crash of a' ]
	[ ! -e "none/$bug/original" ]
	mkdir -p "$LAGO_HOME/jobs/1/runs/1/reduced"
	echo less >"$LAGO_HOME/jobs/1/runs/1/reduced/$(jq -r .input_sha256 \
		"none/$bug/record")"
	run lago-crashes export -x minimized=1 -o small "$bug"
	[ "$status" -eq 0 ]
	[ "$(cat "small/$bug/input")" = less ]
	[ "$(cat "small/$bug/original")" = 'a longer crash of a' ]
	# The input is gone: nothing is left of the export.
	rm -r "$LAGO_HOME/jobs/1/runs/1/crashes"
	run lago-crashes export -o gone "$bug"
	[ "$status" -eq 66 ]
	[ "$(find gone | wc -l)" -eq 1 ]
	run lago-crashes export "$bug"
	[ "$status" -eq 64 ]
}
