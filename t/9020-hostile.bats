# Rules for all commands on a bad day: odd names, closed and full descriptors,
# missing tools, full disks, homes that cannot be read.  Each failure is one
# line: what, which file, what to do.
# shellcheck disable=SC2012,SC2016 # names are ours; texts are not to expand
load lib
load home

setup() {
	need jq sqlite3
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	cd / # not in what is unmounted
	[ ! -d "$BATS_TEST_TMPDIR/small" ] ||
		umount "$BATS_TEST_TMPDIR/small" 2>/dev/null || :
}

ODD=($'-dash\ttab\nline' $'$(touch pwned)`touch pwned`\303\050' \
	$'esc\033]0;x\007\302\2331m')

commands() {
	local file
	for file in "$TOP"/bin/lago-*.c; do
		basename "$file" .c
	done
}

# one_line STATUS COMMAND...: fails with it and one line on stderr that holds
# nothing a terminal obeys, and nothing on stdout.
one_line() {
	local want=$1 dir
	dir=$(mktemp -d "$BATS_TEST_TMPDIR/said.XXXXXX")
	shift
	status=0
	"$@" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
	stderr=$(cat "$dir/err")
	if [ "$status" -ne "$want" ] || [ "$(wc -l <"$dir/err")" -ne 1 ] ||
		[ -s "$dir/out" ] ||
		LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$dir/err"; then
		echo "$(printf '%q ' "$@"): status $status, not $want"
		cat -v "$dir/out" "$dir/err"
		rm -r "$dir"
		return 1
	fi
	rm -r "$dir"
}

# A bundle with the fake driver.
bundle() {
	need zip
	mkdir -p b/corpus
	cp "$TOP/t/fake/driver" b/driver
	echo "$*" >b/mode
	printf '#!/bin/sh\n! grep -q crash "$1" || kill -SEGV $$\n' >b/target
	chmod +x b/target
	echo seed >b/corpus/seed
	(cd b && zip -qrX ../bundle.zip .)
}

@test "hostile: names of any bytes that are not there, in every command" {
	local bad=
	for odd in "${ODD[@]}"; do
		for line in 'submit' 'run -N' 'triage -l' 'status' 'kill' \
			'crashes show' 'import'; do
			mkdir -p "$LAGO_HOME"
			[ -e "$LAGO_HOME/lago.db" ] || lago-import
			want=66
			[ "$line" != kill ] || want=65
			# shellcheck disable=SC2086
			one_line $want lago $line -- "$odd" || bad=1
		done
		one_line 66 lago-triage -r1 "./$odd" -- /bin/cat @@ || bad=1
		one_line 66 lago-triage -r1 none -- "./$odd" @@ || bad=1
		one_line 66 lago-minimize -o out "./$odd" -- /bin/cat @@ || bad=1
		for line in 'status' 'crashes' 'import' 'dispatch' 'kill'; do
			one_line 66 "lago-$line" -H "./$odd" || bad=1
		done
	done
	one_line 64 lago "$odd"
	one_line 66 lago help "$odd"
	[ -z "$bad" ]
	[ ! -e pwned ]
}

@test "hostile: bundles, inputs, directories and homes of such names work" {
	examples
	export LAGO_HOME
	for odd in "${ODD[@]}"; do
		LAGO_HOME=$BATS_TEST_TMPDIR/home\ $odd
		cp -- "$EXAMPLES/chunk-libfuzzer.zip" "./$odd"
		run --separate-stderr lago-submit -- "$odd"
		[ "$status" -eq 0 ]
		[ "${#lines[@]}" -eq 1 ]
		[ "$(lago-status | cut -f 1,2)" = "1	queued" ]
		lago-import
		lago-run -qN -- "$odd" >/dev/null
		rm -- "./$odd"
		mkdir -- "./$odd"
		cp "$EXAMPLES/crashes/palette-write" "./$odd/$odd"
		run lago-triage -r1 -o "./$odd/reports" "./$odd/$odd" -- \
			"$EXAMPLES/chunk-asan" @@
		[ "$status" -eq 0 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ $output == *palette_fill* ]]
		[ "$(ls "./$odd/reports" | wc -l)" -eq 1 ]
	done
	[ ! -e pwned ]
}

@test "hostile: closed standard input and output" {
	mkdir -p "$LAGO_HOME"
	fake_home
	for line in status crashes 'status 1' 'crashes show 0' 'import -a' \
		dispatch 'kill 2' 'submit x' 'run x' 'triage -l' \
		'triage -r1 x -- /bin/cat @@' 'minimize -o o x -- /bin/cat'; do
		status=0
		# shellcheck disable=SC2086
		timeout 20 lago $line <&- >/dev/null 2>&1 || status=$?
		[ "$status" -lt 124 ] || { echo "$line: $status"; false; }
		status=0
		# shellcheck disable=SC2086
		timeout 20 lago $line >&- 2>/dev/null </dev/null || status=$?
		[ "$status" -lt 124 ] || { echo "$line: $status"; false; }
	done
	# no descriptor at all: no file of ours becomes standard output
	lago-import -a <&- >&- 2>&- || :
	[ "$(sqlite3 "$LAGO_HOME/lago.db" 'PRAGMA integrity_check')" = ok ]
}

@test "hostile: records to a full device are 74 from every command" {
	bundle crash
	fake_home
	bug=$(lago-crashes | head -n 1 | cut -f 1)
	echo "==1==ERROR: AddressSanitizer: SEGV on unknown address" >log
	printf crash >input
	for line in status 'status 1' 'status nodes' crashes \
		"crashes show $bug" "crashes show -j $bug" \
		"crashes export -o out $bug" \
		"kill 2" "submit bundle.zip" "submit -N bundle.zip" \
		"triage -l log" 'triage -jl log' \
		'triage -r1 input -- b/target @@' 'dispatch -N' \
		'run -N bundle.zip' 'run -q -P 1 -t 1 bundle.zip'; do
		status=0
		# shellcheck disable=SC2086
		lago $line >/dev/full 2>err || status=$?
		[ "$status" -eq 74 ] || { echo "$line: $status"; cat err; false; }
		grep -q 'standard output\|write records' err
	done
}

@test "hostile: a missing tool is one line and 69" {
	examples
	cp -rs /usr/bin/. farm
	for tool in afl-fuzz jq; do
		rm "farm/$tool"
		status=0
		PATH=$TOP/bin:$PWD/farm lago-run -q -x sandbox=no -P 1 -t 2 \
			-o "$tool.run" "$EXAMPLES/chunk-afl.zip" \
			>out 2>err || status=$?
		cat err
		[ "$status" -eq 69 ]
		[ "$(wc -l <err)" -eq 1 ]
		grep -q "$tool" err
		ln -s "/usr/bin/$tool" farm
	done
	rm farm/bwrap
	bundle
	status=0
	PATH=$TOP/bin:$PWD/farm lago-run -q -P 1 -t 2 bundle.zip \
		>out 2>err || status=$?
	[ "$status" -eq 69 ]
	[ "$(wc -l <err)" -eq 1 ]
	grep -q bwrap err
	one_line 69 lago-minimize -o out "$EXAMPLES/seeds" -- /bin/cat @@
	one_line 66 lago-triage err -- no-such-program @@
	lago-run -q -D nosuch "$EXAMPLES/chunk-afl.zip" >out 2>err || status=$?
	[ "$status" -eq 69 ]
	[ "$(wc -l <err)" -eq 1 ]
	grep -q nosuch err
}

# small SIZE: a file system of that size at ./small, or skip.
small() {
	mkdir small
	mount -t tmpfs -o "size=$1" none small 2>/dev/null || {
		rmdir small
		skip "no small file system can be mounted here"
	}
}

@test "hostile: a full disk is one line that names the file, nothing half" {
	examples
	small 900k
	head -c 400000 /dev/zero >small/ballast
	export LAGO_HOME=$PWD/small/home
	one_line 74 lago-submit "$EXAMPLES/chunk-libfuzzer.zip"
	[[ $stderr == *"$LAGO_HOME/"* ]]
	[ -z "$(find "$LAGO_HOME/jobs" -mindepth 1)" ]
	fake_job 1
	fake_run 1 1
	fake_crash 1 1 input png_read >/dev/null
	rm -f "$LAGO_HOME"/lago.db*
	head -c 900000 /dev/zero >small/more 2>/dev/null || :
	one_line 74 lago-import
	[[ $stderr == *"$LAGO_HOME/"* ]]
	[ -z "$(find "$LAGO_HOME" -name '*.db*')" ]
	one_line 74 lago-run -o small/a.run "$EXAMPLES/chunk-libfuzzer.zip"
	[[ $stderr == *a.run* ]]
	one_line 74 lago-triage -r1 -o small/reports \
		"$EXAMPLES/crashes/palette-write" -- "$EXAMPLES/chunk-asan" @@
	[[ $stderr == *small/reports* ]]
	one_line 74 lago-minimize -q -b 2 -o small/less \
		"$EXAMPLES/crashes/palette-write" -- "$EXAMPLES/chunk-asan" @@
	[[ $stderr == *less* ]]
	one_line 74 lago-minimize -q -o small/corpus "$EXAMPLES/seeds" -- \
		"$EXAMPLES/chunk-libfuzzer"
	[[ $stderr == *corpus* ]]
	[ "$(ls -A small | sort | xargs)" = 'ballast home more reports' ]
	[ -z "$(ls -A small/reports)" ]
	rm small/more small/ballast
	lago-import # and then it works
	[ "$(lago-crashes | wc -l)" -eq 1 ]
}

# The machine's disk, filled as soon as the run has a crash.
fill() {
	wait_for test -s a.run/crashes.jsonl
	head -c 100M /dev/zero >ballast 2>/dev/null
}

@test "hostile: a disk that fills during a run ends it with what it found" {
	bundle crash
	small 90M
	cd small
	fill 3>&- &
	status=0
	lago-run -q -P 1 -t 60 -o a.run ../bundle.zip >../out 2>../err ||
		status=$?
	wait
	[ "$status" -eq 74 ]
	[ "$(wc -l <../err)" -eq 1 ]
	grep -q 'disk is full' ../err
	[ "$(ls a.run/crashes | wc -l)" -eq 1 ]
	(cd a.run/crashes && sha256sum -- * | awk '$1 != $2 { exit 1 }')
	rm ballast
	lago-run -q -P 1 -t 2 -o a.run ../bundle.zip | grep -q 'done	deadline'
	jq -es 'any(.crash)' a.run/crashes.jsonl
}

@test "hostile: a file that may not grow is an error, not a death" {
	examples
	for line in "0 submit $EXAMPLES/chunk-libfuzzer.zip" \
		"0 run -q -o a.run $EXAMPLES/chunk-libfuzzer.zip" \
		"1 triage -r1 -o r $EXAMPLES/crashes/palette-write -- $EXAMPLES/chunk-asan @@"; do
		run bash -c "ulimit -f ${line%% *}; lago ${line#* } 2>&1 | cat; exit \${PIPESTATUS[0]}"
		[ "$status" -eq 74 ] || [ "$status" -eq 73 ] || {
			echo "$line: $status $output"
			false
		}
		[ "${#lines[@]}" -eq 1 ]
	done
	[ ! -e a.run ]
	[ -z "$(ls -A r)" ]
}

# As somebody whom permissions bind.
bound() {
	if [ "$(id -u)" -eq 0 ]; then
		need setpriv
		setpriv --bounding-set=-dac_override,-dac_read_search "$@"
	else
		"$@"
	fi
}

@test "hostile: a home that cannot be read, a database that cannot be written" {
	bundle
	mkdir shut
	chmod 0 shut
	for line in 'submit bundle.zip' status crashes import dispatch 'kill 1'; do
		# shellcheck disable=SC2086
		LAGO_HOME=$PWD/shut one_line 66 bound lago $line
		[[ $stderr == *"$PWD/shut"*ermission* ]]
	done
	chmod 700 shut
	fake_home
	chmod 400 "$LAGO_HOME"/lago.db*
	for line in 'submit bundle.zip' import 'kill 2'; do
		# shellcheck disable=SC2086
		one_line 73 bound lago $line
		[[ $stderr == *"$LAGO_HOME/lago.db"*writable* ]]
	done
	[ "$(ls "$LAGO_HOME/jobs")" = '1
2' ]
	[ "$(bound lago-status | wc -l)" -eq 1 ]
	chmod -R a-w "$LAGO_HOME"
	one_line 73 bound lago-submit bundle.zip
	chmod -R u+w "$LAGO_HOME"
}

@test "hostile: two imports at once take everything in once" {
	fake_home
	for job in 3 4 5 6; do
		fake_job $job
		fake_run $job 1
		fake_crash $job 1 "input $job" "fn_$job" >/dev/null
	done
	for i in 1 2 3; do lago-import >"said.$i" 3>&- & done
	wait
	[ "$(cat said.* | wc -l)" -eq 4 ]
	[ "$(sqlite3 "$LAGO_HOME/lago.db" 'SELECT count(*) FROM crash')" -eq 8 ]
	lago-import -a
	[ "$(sqlite3 "$LAGO_HOME/lago.db" 'SELECT count(*) FROM crash')" -eq 8 ]
}

@test "hostile: nothing that a target or a bundle says steers a terminal" {
	need script
	esc='\u001b]0;owned\u0007\u009b31m\u202e\u001b[2J'
	fake_home
	fake_crash 1 1 evil png_evil message "\"$esc\"" \
		top "[\"f$esc\"]" kind "\"k$esc\"" \
		frames "[{\"i\":0,\"fn\":\"f$esc\",\"file\":\"a$esc.c\",\"line\":1}]" \
		severity_reason "\"$esc\"" artefact "\"$esc\"" >/dev/null
	printf 'reason_text=%b\n' 'bad \033]0;owned\007\033[2J' \
		>>"$LAGO_HOME/jobs/1/runs/1/progress"
	fake_run 1 2 state=failed reason=target \
		"$(printf 'node=n\033[2J')" "$(printf 'reason_text=r\033[2J')"
	lago-import -a >/dev/null 2>&1
	id=$(printf evil | sha256sum | cut -c 1-64)
	printf 'x.c:1: f: Assertion `\033[2J\302\2331m\342\200\256'"' failed.\n" >log
	for line in "crashes show $id" "crashes show -j $id" crashes \
		'crashes list -j' 'crashes list -x each=crash 1' \
		'status -a' 'status 1' 'status -j 1' 'status -v 1' \
		'status nodes' 'triage -l log' 'triage -jl log' \
		"import -av"; do
		script -qec "lago $line" /dev/null </dev/null | tr -d '\r' >seen
		[ -s seen ] || { echo "$line: nothing"; false; }
		if LC_ALL=C grep -qP \
			'[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' seen; then
			echo "$line:"
			cat -v seen
			false
		fi
	done
	# as data it stays what it was
	[ "$(lago-triage -jl log | jq -r .kind)" = assert ]
	[ "$(lago-crashes show -j "$id" | jq .message)" = "$(jq -n "\"$esc\"")" ]
	# such a name of a target is refused
	bundle
	for option in -xtarget= -T; do
		run lago-submit "$option$(printf 'x\033[2J')" bundle.zip
		[ "$status" -eq 64 ]
		run grep -c "$(printf '\033')" <<<"$output"
		[ "$output" -eq 0 ]
	done
}
