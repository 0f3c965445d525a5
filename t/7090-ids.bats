# lago-triage and lago-minimize with ids: the job says how.
load lib
load home

setup_file() {
	load lib
	need jq bwrap
	examples
	export EXAMPLES LAGO_HOME=$BATS_FILE_TMPDIR/home
	wait_for fuzzed
}

# A home whose job 1 found what the tests need; fuzzers may be out of luck.
fuzzed() {
	rm -rf "$LAGO_HOME"
	lago-submit -q -t 4 -P 1 -x target=chunk "$EXAMPLES/chunk-libfuzzer.zip"
	timeout 90 lago-dispatch -q -i 0.5 -x drain=1
	lago-import -q
	[ -n "$(bug)" ] || {
		tail -n +1 "$LAGO_HOME"/jobs/1/runs/1/{progress,crashes.jsonl} >&2
		return 1
	}
}

setup() {
	export LAGO_HOME=$BATS_FILE_TMPDIR/home TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return 1
}

# bug: the id of one that reproduces in no time; its best input is sha.
bug() {
	lago-crashes -j | jq -r 'select(.kind != "timeout" and .kind != "oom" and
		.reproduced > 0) | .id' | head -n 1
}
sha() {
	lago-crashes show -j "$1" | jq -r .input_sha256
}

nothing_left() {
	[ -z "$(ls -A "$TMPDIR")" ]
}

@test "ids: triage of a bug, piped from lago-crashes: the job's own verdict" {
	bug=$(bug)
	[ -n "$bug" ]
	lago-crashes "$bug" | cut -f 1 | sort -u >crashes
	# shellcheck disable=SC2016 # $1 is for bash
	run --separate-stderr bash -c 'lago-crashes | grep "^$1" |
		lago-triage -j -r 1 -o reports' bash "$bug"
	[ "$status" -eq 0 ]
	jq -r .input_sha256 <<<"$output" | sort | diff crashes -
	[ "$(jq -r .bucket <<<"$output" | sort -u)" = \
		"$(lago-crashes show -j "$bug" | jq -r .bucket)" ]
	[ "$(jq -r .target <<<"$output" | sort -u)" = chunk ]
	# where the caller is, not where the bundle was
	find reports -type f -printf '%f\n' | sort | diff crashes -
	nothing_left
}

@test "ids: a crash by its prefix, a job and a run by their numbers" {
	sha=$(sha "$(bug)")
	run --separate-stderr env -u LAGO_HOME lago-triage -j -r 1 \
		-H "$BATS_FILE_TMPDIR/home" "${sha:0:13}"
	[ "$status" -eq 0 ]
	[ "$(jq -r .input_sha256 <<<"$output")" = "$sha" ]
	# of a hang the first second is enough here
	for id in 1 1.1; do
		run --separate-stderr lago-triage -j -r 1 -t 1 -x more=0 "$id"
		[ "$status" -le 1 ]
		jq -r .input_sha256 <<<"$output" | sort | diff - \
			<(find "$LAGO_HOME/jobs/1/runs/1/crashes" -type f \
				-printf '%f\n' | sort)
	done
	nothing_left
}

@test "ids: each bug of a home made smaller, where the caller is" {
	lago-crashes -j | jq -c 'select(.kind != "timeout" and
		.reproduced > 0)' >bugs
	jq -r .id bugs | head -n 3 >some
	lago-crashes | grep -F -f some |
		lago-minimize -j -b 6 -o small >records || [ $? -eq 1 ]
	[ "$(wc -l <records)" -eq "$(wc -l <some)" ]
	while read -r bug; do
		sha=$(sha "$bug")
		input=$LAGO_HOME/jobs/1/runs/1/crashes/$sha
		[ "$(stat -c %s "small/$sha")" -le "$(stat -c %s "$input")" ]
		jq -se --arg out "small/$sha" --slurpfile bug \
			<(lago-crashes show -j "$bug") 'any(.what == "input" and
			(.output | endswith($out)) and
			.bucket == $bug[0].bucket)' records
	done <some
	# It is the same bug to whoever looks at it.
	lago-triage -j small/* -- "$EXAMPLES/chunk-libfuzzer" >again
	[ "$(jq -r .bucket again | sort)" = "$(jq -r .bucket records | sort)" ]
	nothing_left
}

@test "ids: minimize of a job is that of its corpus" {
	run --separate-stderr lago-minimize -j -o small 1
	[ "$status" -eq 0 ]
	[ "$(jq -r .what <<<"$output")" = corpus ]
	files=$(find small -type f | wc -l)
	[ "$files" -gt 0 ]
	[ "$files" -le "$(find "$LAGO_HOME"/jobs/1/runs/1/corpus -type f |
		wc -l)" ]
	nothing_left
}

@test "ids: what is none is 66, and the others are done" {
	sha=$(sha "$(bug)")
	for id in 0123456789ab 0123456789abcd 9 1.9 "${sha:0:11}" no/file; do
		for command in lago-triage "lago-minimize -o out"; do
			# shellcheck disable=SC2086 # two words
			run --separate-stderr $command "$id"
			[ "$status" -eq 66 ]
			[ -z "$output" ]
			[ "${#stderr_lines[@]}" -eq 1 ]
			[[ $stderr == *"$id"* ]]
		done
	done
	run --separate-stderr lago-triage -j -r 1 9 "$sha"
	[ "$status" -eq 66 ]
	[ "$(jq -r .input_sha256 <<<"$output")" = "$sha" ]
	run --separate-stderr lago-minimize -o out 1 1.1 # jobs: one at a time
	[ "$status" -eq 66 ]
	run lago-minimize -o out </dev/null
	[ "$status" -eq 66 ]
	run --separate-stderr lago-triage -H none 1
	[ "$status" -eq 66 ]
	[ ! -e out ]
	nothing_left
}

@test "ids: a bundle with provision.sh is refused in one line, 69" {
	need zip
	export LAGO_HOME=$BATS_TEST_TMPDIR/home
	fake_home
	mkdir bundle
	cp "$EXAMPLES/chunk-libfuzzer" bundle/target
	printf '#!/bin/sh\ntouch %s/ran\n' "$PWD" >bundle/provision.sh
	(cd bundle && zip -qr "$LAGO_HOME/jobs/1/bundle.zip" .)
	for command in lago-triage "lago-minimize -o out"; do
		# shellcheck disable=SC2086 # two words
		run --separate-stderr $command \
			"$(printf 'crash a' | sha256sum | cut -d' ' -f1)"
		[ "$status" -eq 69 ]
		[ -z "$output" ]
		[ "${#stderr_lines[@]}" -eq 1 ]
		[[ $stderr == *provision.sh* ]]
	done
	[ ! -e ran ]
	nothing_left
}

@test "ids: TERM ends the target too and leaves nothing behind" {
	need cc zip
	export LAGO_HOME=$BATS_TEST_TMPDIR/home
	fake_home
	mkdir bundle
	printf '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n' >a.c
	cc -o bundle/target a.c
	(cd bundle && zip -qr "$LAGO_HOME/jobs/1/bundle.zip" .)
	sed -i 's/^driver=.*/driver=afl/' "$LAGO_HOME/jobs/1/job"
	asleep() {
		for d in /proc/[0-9]*; do
			[[ $(readlink "$d/exe") != "$TMPDIR"/*/target ]] ||
				return 0
		done
		return 1
	}
	awake() { ! asleep; }
	for signal in TERM KILL; do
		lago-triage -t 1000 1 >out 2>&1 3>&- &
		pid=$!
		wait_for asleep
		kill -"$signal" "$pid"
		status=0
		wait "$pid" || status=$?
		[ "$status" -gt 128 ]
		wait_for awake
		wait_for nothing_left
	done
}
