# lago-run on bundles with a fake driver: the life of a run, and how it fails.
load lib

setup() {
	need zip bwrap jq lago-triage
	cd "$BATS_TEST_TMPDIR" || return 1
}

# fake_bundle NAME [MODE...]: NAME.zip with the fake driver; the files in NAME.d
# come along.
fake_bundle() {
	local name=$1
	shift
	mkdir -p "$name.d/corpus"
	cp "$TOP/t/fake/driver" "$name.d/driver"
	echo "$*" >"$name.d/mode"
	echo "98765.$$$BATS_TEST_NUMBER" >"$name.d/stray" # seconds, and ours
	[ -e "$name.d/target" ] || cat >"$name.d/target" <<-'END'
		#!/bin/sh
		! grep -q crash "$1" || kill -SEGV $$
	END
	echo seed >"$name.d/corpus/seed"
	chmod +x "$name.d/target" "$name.d"/*.sh 2>/dev/null || :
	(cd "$name.d" && zip -qrX "../$name.zip" .)
}

# key FILE KEY: the value in a key=value file.
key() {
	sed -n "s/^$2=//p" "$1"
}

@test "answers of plug-ins, reasons, paths that a target can write" {
	run "$TOP/t/unit/run-test"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "the whole life: crash, corpus, stats; called again it says the same" {
	fake_bundle a crash
	run --separate-stderr lago-run -P 2 -t 2 -x env.FROM_JOB=job a.zip
	[ "$status" -eq 0 ]
	IFS=$'\t' read -r dir state reason seconds execs edges corpus crashes _ \
		<<<"$output"
	[ "$dir" = "$PWD/a.run" ]
	[ "$state" = "done" ]
	[ "$reason" = deadline ]
	[ "$seconds" = 2 ]
	[ "$edges" = 7 ]
	[ "$execs" -gt 300 ]
	[ "$corpus" -gt 0 ]
	[ "$crashes" = 2 ] # of instance 0 and 1, their inputs differ
	sha=$(echo 'crash of 1' | sha256sum | cut -c1-64)
	[ "$(cat "a.run/crashes/$sha")" = 'crash of 1' ]
	(cd a.run/crashes && for f in *; do
		[ "$(sha256sum <"$f" | cut -c1-64)" = "$f" ]
	done)
	# a queue of content names, the last line of the series keeps totals (D43)
	[ -f "a.run/queue/$(echo '0 1' | sha256sum | cut -c1-64)" ]
	[ "$(tail -n 1 a.run/stats.tsv | cut -f 5,14)" = "$execs	" ] ||
		[ "$(tail -n 1 a.run/stats.tsv | cut -f 5)" = "$execs" ]
	awk -F '\t' 'NF != 19 { exit 1 }' a.run/stats.tsv
	grep -q 'FROM_JOB=job' a.run/log
	[ ! -e a.run/work ] # nothing that a target wrote stays
	first=$output
	run --separate-stderr lago-run -P 2 -t 2 a.zip
	[ "$status" -eq 0 ]
	[ "$output" = "$first" ]
	lago-run -j a.zip | jq -e '.state == "done" and .crashes == 2'

	fake_bundle b crash
	run --separate-stderr lago-run -o a.run b.zip
	[ "$status" -eq 65 ]
	[[ $stderr == *"another bundle"* ]]
}

@test "crash records carry what lago-run knows" {
	fake_bundle a crash
	lago-run -P 1 -t 2 a.zip
	jq -es 'map(select(.artefact == "crash-0")) | last |
		.origin == "fuzz" and .instance == 0 and .found >= 0 and
		.found < 120 and (.input | startswith("crashes/"))' \
		a.run/crashes.jsonl
}

@test "crashes are judged on target.san, on target what it does not show" {
	fake_bundle a crash
	cat >a.d/target.san <<-'END'
		#!/bin/sh
		! grep -q 'crash of 0' "$1" || kill -BUS $$
	END
	chmod +x a.d/target.san
	fake_bundle a crash
	run --separate-stderr lago-run -P 2 -t 2 a.zip
	[ "$status" -eq 0 ]
	run jq -sr 'sort_by(.artefact)[] | "\(.judge) \(.signal_name)"' \
		<(sed -n '/"replays":3/p' a.run/crashes.jsonl)
	[ "${lines[0]}" = "target.san SIGBUS" ]
	[ "${lines[1]}" = "target SIGSEGV" ]
	# nothing is left of the build that did not show it
	[ "$(find a.run/crashes -type f | wc -l)" = 2 ]
	[ "$(key a.run/progress untriaged)" = 0 ]
}

@test "-N runs nothing and writes nothing" {
	fake_bundle a
	run --separate-stderr lago-run -N -t 90 a.zip
	[ "$status" -eq 0 ]
	[[ $output == *"deadline	90"* ]]
	[ ! -e a.run ]
}

@test "provision.sh fails: the job fails with its log (D12)" {
	mkdir a.d
	printf '#!/bin/sh\necho step one\necho no such thing >&2\nexit 3\n' \
		>a.d/provision.sh
	fake_bundle a
	run --separate-stderr lago-run -P 1 -t 2 a.zip
	[ "$status" -eq 65 ]
	[[ $stderr == *"status 3: no such thing"* ]]
	[[ $output == *"failed	provision	0"* ]]
	[ "$(key a.run/progress state)" = failed ]
	[ "$(key a.run/progress reason)" = provision ]
	grep -q 'step one' a.run/log
	# It is judged: the same call does not try again.
	run --separate-stderr lago-run -P 1 -t 2 a.zip
	[ "$status" -eq 65 ]
	[[ $stderr == *"status 3"* ]]
}

@test "provision.sh: its time is its own, LAGO_ENV reaches the fuzzers (D13)" {
	mkdir a.d
	# shellcheck disable=SC2016 # for provision.sh
	printf '%s\n' '#!/bin/sh' 'sleep 2' \
		'echo FROM_ENV=provision >>"$LAGO_ENV"' >a.d/provision.sh
	fake_bundle a
	run --separate-stderr lago-run -P 1 -t 2 a.zip
	[ "$status" -eq 0 ]
	[ "$(key a.run/progress fuzzed)" -ge 2 ]
	grep -q FROM_ENV=provision a.run/log
	fake_bundle b
	rm -r a.run
	run --separate-stderr lago-run -P 1 -x provision_timeout=1 a.zip
	[ "$status" -eq 65 ]
	[[ $stderr == *"longer than 1 s"* ]]
}

@test "provision.sh cannot change the system outside" {
	mkdir a.d
	printf '#!/bin/sh\necho x >/etc/lago-test-%s; echo done\n' "$$" \
		>a.d/provision.sh
	fake_bundle a
	lago-run -P 1 -t 1 a.zip || :
	[ ! -e "/etc/lago-test-$$" ]
}

@test "missing libraries are named, and are no bug" {
	need cc
	mkdir a.d
	echo 'int f(void) { return 0; }' >f.c
	echo 'int f(void); int main(void) { return f(); }' >m.c
	cc -shared -fPIC -o libgone1.so f.c
	cc -o a.d/target m.c -L. -lgone1
	fake_bundle a
	run --separate-stderr lago-run -P 1 -t 1 a.zip
	[ "$status" -eq 65 ]
	[[ $stderr == *"libraries are missing: libgone1.so"* ]]
	[ "$(key a.run/progress reason)" = provision ]
}

@test "a target that fails on everything is a bad build, not a bug" {
	mkdir a.d
	printf '#!/bin/sh\nkill -SEGV $$\n' >a.d/target
	fake_bundle a
	run --separate-stderr lago-run -P 1 -t 2 a.zip
	[ "$status" -eq 65 ]
	[ "$(key a.run/progress reason)" = target ]
	[ -z "$(ls a.run/crashes)" ]
}

@test "a seed that crashes goes to quarantine and into the records" {
	mkdir -p a.d/corpus
	echo 'a crash' >a.d/corpus/bad
	fake_bundle a
	lago-run -P 1 -t 2 a.zip
	sha=$(echo 'a crash' | sha256sum | cut -c1-64)
	[ -f "a.run/quarantine/$sha" ]
	[ -f "a.run/crashes/$sha" ]
	jq -es --arg sha "$sha" 'any(.input_sha256 == $sha and
		.origin == "seed")' a.run/crashes.jsonl
}

@test "a driver that refuses, a fuzzer that dies, one that does nothing (D22)" {
	fake_bundle a unfit
	run --separate-stderr lago-run -P 1 -t 1 a.zip
	[ "$status" -eq 65 ]
	[[ $stderr == *"not my kind of target"* ]]
	[ "$(key a.run/progress reason)" = driver ]
	fake_bundle b dies
	run --separate-stderr lago-run -P 1 -t 60 b.zip
	[ "$status" -eq 65 ]
	[[ $stderr == *"ends at once"*"cannot start: no reason"* ]]
	fake_bundle c idle
	run --separate-stderr lago-run -P 1 -t 2 c.zip
	[ "$status" -eq 65 ]
	[[ $stderr == *"executed nothing"* ]]
	lago-run -D nosuch -o d.run a.zip || status=$?
	[ "$status" -eq 69 ] || [ "$status" -eq 65 ]
}

@test "an instance that ends goes on till the deadline" {
	fake_bundle a ends
	lago-run -P 1 -t 4 a.zip
	[ "$(tail -n 1 a.run/stats.tsv | cut -f 4)" -ge 1 ]
	# executions of all incarnations, 800 each
	[ "$(tail -n 1 a.run/stats.tsv | cut -f 5)" -gt 800 ]
}

# start BUNDLE [OPTION...]: lago-run in the background, until it fuzzes; PID.
start() {
	local bundle=$1
	shift
	lago-run -P 1 "$@" "$bundle.zip" 3>&- &
	PID=$!
	wait_for fuzzing "$bundle.run"
}

teardown() {
	[ -z "${PID-}" ] || kill -KILL "$PID" 2>/dev/null || :
}

has_crash() {
	[ -n "$(ls a.run/crashes)" ]
}

fuzzing() {
	grep -qs ^phase=fuzz "$1/progress" && [ -n "$(ls "$1/queue")" ]
}

strays() {
	[ -n "$(pgrep -f "^sleep $(cat a.d/stray)$")" ]
}

@test "TERM delivers, leaves no process, and the same call goes on (D19, D20)" {
	fake_bundle a crash stray
	start a -t 60 -c 0
	wait_for strays
	# locked for others; the core is ours
	run --separate-stderr lago-run -P 1 a.zip
	[ "$status" -eq 75 ]
	fake_bundle b
	run --separate-stderr lago-run -P 1 -c 0 -t 1 b.zip
	[ "$status" -eq 75 ]
	kill -TERM "$PID"
	status=0
	wait "$PID" || status=$?
	[ "$status" -eq 143 ]
	run strays
	[ "$status" -ne 0 ]
	[ "$(key a.run/progress reason)" = signal ]
	[ -n "$(ls a.run/crashes)" ]
	before=$(key a.run/progress fuzzed)
	run --separate-stderr lago-run -P 1 -t $((before + 2)) a.zip
	[ "$status" -eq 0 ]
	[ "$(key a.run/progress fuzzed)" -eq $((before + 2)) ]
	[ "$(key a.run/progress state)" = "done" ]
}

@test "KILL at once and the same call: nothing is lost, nothing left (D21)" {
	fake_bundle a crash stray
	start a -t 60
	wait_for has_crash
	ls a.run/crashes >before
	kill -KILL "$PID"
	wait "$PID" || :
	run --separate-stderr lago-run -P 1 -t 3 a.zip
	[ "$status" -eq 0 ]
	run strays
	[ "$status" -ne 0 ]
	ls a.run/crashes >after
	comm -23 before after >gone
	[ ! -s gone ]
	[ "$(key a.run/progress untriaged)" = 0 ]
}

@test "a file stop ends it for good, with results; kill in it at once" {
	fake_bundle a crash
	start a -t 60
	echo stop >a.run/stop
	wait "$PID"
	[ "$(key a.run/progress state)" = killed ]
	[ -n "$(ls a.run/crashes)" ]
	[ ! -e a.run/work ]
	run --separate-stderr lago-run -P 1 a.zip
	[ "$status" -eq 0 ]
	[[ $output == *"killed	killed"* ]]
	fake_bundle b crash
	start b -t 60
	echo kill >b.run/stop
	wait "$PID"
	[ "$(key b.run/progress state)" = killed ] && [ ! -e b.run/work ]
}

@test "a budget ends the call, not the run" {
	fake_bundle a
	run --separate-stderr lago-run -P 1 -t 60 -b 2 a.zip
	[ "$status" -eq 75 ]
	[[ $(key a.run/progress state) =~ ^(starting|running)$ ]]
}

@test "a disk quota ends the job, its crashes are kept" {
	mkdir a.d
	printf '%s\n' '#!/bin/sh' 'head -c 20000000 /dev/zero >ballast' \
		>a.d/provision.sh
	fake_bundle a crash
	run --separate-stderr lago-run -P 1 -t 30 -x disk=25 a.zip
	[ "$status" -eq 65 ]
	[ "$(key a.run/progress reason)" = quota ]
}

@test "-x fail=new: 2 for a bug that known= does not have" {
	fake_bundle a crash
	run --separate-stderr lago-run -P 1 -t 2 -x fail=new a.zip
	[ "$status" -eq 2 ]
	cp -R a.run known
	run --separate-stderr lago-run -x fail=new -x known=known a.zip
	[ "$status" -eq 0 ]
}

@test "a job directory: its run is by lago-run, whole, and found again" {
	fake_bundle a crash
	id=$(lago-submit -P 1 -t 2 a.zip | cut -f 1)
	run --separate-stderr lago-run "$LAGO_HOME/jobs/$id"
	[ "$status" -eq 0 ]
	[ "${output%%	*}" = "$LAGO_HOME/jobs/$id/runs/1" ]
	[ "$(key "$LAGO_HOME/jobs/$id/runs/1/run" by)" = lago-run ]
	run --separate-stderr lago-run "$LAGO_HOME/jobs/$id"
	[ "$status" -eq 0 ]
	[ "$(ls "$LAGO_HOME/jobs/$id/runs")" = 1 ]
}

@test "the network and no sandbox are the owner's to allow" {
	fake_bundle a
	id=$(lago-submit -x network=1 -P 1 -t 1 a.zip | cut -f 1)
	run --separate-stderr lago-run "$LAGO_HOME/jobs/$id"
	[ "$status" -eq 69 ]
	[[ $stderr == *"not allowed"* ]]
	echo allow=network >"$LAGO_HOME/config"
	run --separate-stderr lago-run "$LAGO_HOME/jobs/$id"
	[ "$status" -eq 0 ]
}

@test "without a sandbox: no driver or provision.sh of a bundle, unless allowed" {
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' >bin/bwrap
	chmod +x bin/bwrap
	fake_bundle a crash stray
	PATH=$PWD/bin:$PATH run --separate-stderr lago-run -P 1 -t 2 a.zip
	[ "$status" -eq 69 ]
	[[ $stderr == *"needs a sandbox"* ]]
	run --separate-stderr lago-run -P 1 -t 2 -x sandbox=no -o b.run a.zip
	[ "$status" -eq 0 ]
	[ -n "$(ls b.run/crashes)" ]
	run strays
	[ "$status" -ne 0 ]
}
