load lib
load home

db() {
	sqlite3 "$LAGO_HOME/lago.db" "$@"
}

dump() {
	db .dump
}

@test "import: twice is once, and -a ends with the same rows" {
	need sqlite3
	fake_home
	dump >"$BATS_TEST_TMPDIR/first"
	run --separate-stderr lago-import
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	[ "$stderr" = '' ]
	dump | cmp "$BATS_TEST_TMPDIR/first" -
	bug=$(lago-crashes | head -n 1 | cut -f 1)
	lago-crashes set -x state=open -x note='seen' "$bug"
	dump >"$BATS_TEST_TMPDIR/second"
	run --separate-stderr lago-import -a
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	dump | diff "$BATS_TEST_TMPDIR/second" -
	rm "$LAGO_HOME"/lago.db*
	run lago-import -a
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	dump | diff "$BATS_TEST_TMPDIR/second" -
	rm "$LAGO_HOME"/lago.db*
	run lago-import
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	dump | diff "$BATS_TEST_TMPDIR/second" -
}

@test "import: a run that goes on comes in piece by piece, whole lines only" {
	need sqlite3
	fake_job 1
	fake_run 1 1 state=running reason= end=
	printf '%s\n' phase=fuzz state=running fuzzed=10 \
		>"$LAGO_HOME/jobs/1/runs/1/progress"
	records=$LAGO_HOME/jobs/1/runs/1/crashes.jsonl
	lago-import
	[ "$(db 'SELECT state FROM job')" = running ]
	sha=$(printf a | sha256sum | cut -c 1-64)
	fake_record "$sha" png_read >"$BATS_TEST_TMPDIR/record"
	head -c 700 "$BATS_TEST_TMPDIR/record" >"$records"
	run lago-import
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	[ "$(db 'SELECT crashes_at, (SELECT count(*) FROM crash) FROM run')" = '0|0' ]
	tail -c +701 "$BATS_TEST_TMPDIR/record" >>"$records"
	run lago-import
	[[ $output == *"	new	"* ]]
	[ "${#lines[@]}" -eq 1 ]
	# The tail that a killed writer left is cut before the next append.
	printf '{"v":1,"torn' >>"$records"
	lago-import
	truncate -s -12 "$records"
	fake_crash 1 1 b png_name >/dev/null
	fake_crash 1 1 a png_row >/dev/null
	# The bug of the known crash is no news, whatever its bucket is now.
	[ "$(lago-import | cut -f 5)" = 'png_name < png_decode' ]
	# The last record of an input wins, also in another bucket.
	[ "$(db 'SELECT count(*) FROM crash')" -eq 2 ]
	[ "$(db 'SELECT top FROM bug ORDER BY top')" = 'png_name < png_decode
png_row < png_decode' ]
	fake_run 1 1
	lago-import
	[ "$(db 'SELECT state FROM job')" = 'done' ]
	[ "$(db 'SELECT watched FROM run')" -eq 0 ]
}

@test "import: a run in which nothing happened, and one that ended, cost nothing" {
	need strace
	fake_job 1
	fake_run 1 1 state=running end=
	fake_job 2
	fake_run 2 1
	lago-import
	strace -f -o "$BATS_TEST_TMPDIR/calls" lago-import
	grep -q 'runs/1"' "$BATS_TEST_TMPDIR/calls"
	run ! grep -q 'jobs/2/' "$BATS_TEST_TMPDIR/calls"
	# One directory of a job is read, and nothing of its run.
	[ "$(grep -c 'getdents64(.* 0 /\* entries' "$BATS_TEST_TMPDIR/calls" ||
		:)" -le 1 ]
	run ! grep -q sync "$BATS_TEST_TMPDIR/calls"
}

@test "import: what a target says is data" {
	need sqlite3 jq
	fake_job 1
	fake_run 1 1
	evil=$(printf "%b" '""\0042; DROP TABLE crash;-- \\\\ \t \033[31m' \
		" <script>alert(1)</script> \$(id) '" | jq -Rs .)
	fake_crash 1 1 a png_read message "$evil" >/dev/null
	big=$BATS_TEST_TMPDIR/big.json
	head -c 1048576 /dev/zero | tr '\0' x | jq -Rs . >"$big"
	sha=$(printf b | sha256sum | cut -c 1-64)
	fake_record "$sha" "it's\\\\u0000hidden" | jq -c --slurpfile m "$big" \
		'.message = $m[0]' >>"$LAGO_HOME/jobs/1/runs/1/crashes.jsonl"
	run lago-import
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	[ "$(db 'SELECT count(*) FROM crash')" -eq 2 ]
	id=$(printf a | sha256sum | cut -c 1-64)
	[ "$(lago-crashes show -j "$id" | jq .message)" = "$evil" ]
	[ "$(lago-crashes show -j "$sha" | jq '.message | length')" -eq 1048576 ]
	[ "$(lago-crashes show "$id" | tr -d '\n\t -~' | wc -c)" -eq 0 ]
}

@test "import: records that are none are skipped, said once, counted" {
	need sqlite3
	fake_job 1
	fake_run 1 1 state=running end=
	records=$LAGO_HOME/jobs/1/runs/1/crashes.jsonl
	sha=$(printf good | sha256sum | cut -c 1-64)
	{
		echo 'no JSON'
		echo '{"input_sha256":"../../../../etc/passwd","kind":"segv"}'
		echo '{"input_sha256":"'"${sha^^}"'"}'
		echo '{"input_sha256":7,"kind":[]}'
		echo '[]'
		echo
		printf '{"input_sha256":"%s\0"}\n' "$sha"
		head -c 17000000 /dev/zero | tr '\0' x
		echo
		fake_record "$sha" png_read
		echo '{"input_sha256":"'"$sha"'","severity":"dreadful","kind":5,"found":1e300,"top":{"a":1},"bucket":"cafe","crash":true,"instance":"x"}'
	} >"$records"
	printf 'seconds\t1\n20\t\t\tNaN\t-7\n' >>"$LAGO_HOME/jobs/1/runs/1/stats.tsv"
	run --separate-stderr lago-import
	[ "$status" -eq 0 ]
	[ "$(grep -c 'crashes.jsonl' <<<"$stderr")" -eq 2 ]
	[ "$(db 'SELECT bad FROM run')" -eq 9 ]
	[ "$(db 'SELECT sha, kind, severity, bucket FROM crash')" = "$sha|||cafe" ]
	[ "$(db 'SELECT count(*), max(seconds) FROM stat')" = '2|20' ]
	run --separate-stderr lago-import
	[ "$stderr" = '' ]
	db .dump >"$BATS_TEST_TMPDIR/rows"
	lago-import -a 2>/dev/null
	db .dump | diff "$BATS_TEST_TMPDIR/rows" -
}

@test "import: one bad run or job does not keep the others out (D47)" {
	need sqlite3
	for job in 1 2 3 4 5; do
		fake_job $job
		fake_run $job 1
		fake_crash $job 1 "input $job" "fn_$job" >/dev/null
	done
	: >"$LAGO_HOME/jobs/1/runs/1/run"
	rm "$LAGO_HOME/jobs/2/runs/1/run"
	printf 'state=done\0\n' >"$LAGO_HOME/jobs/3/runs/1/run"
	echo 'not a key' >"$LAGO_HOME/jobs/4/job"
	mkdir "$LAGO_HOME/jobs/6"
	echo 9 >"$LAGO_HOME/jobs/.next"
	run --separate-stderr lago-import
	[ "$status" -eq 0 ]
	[[ $output == *fn_5* ]]
	[[ $stderr == *'job 4'* ]]
	[ "$(db "SELECT state FROM job WHERE id = 5")" = 'done' ]
	run --separate-stderr lago-import
	[[ $stderr != *'2.1'* ]]
}

@test "import: links and devices in place of results are not followed (D49)" {
	need sqlite3
	fake_job 1
	fake_run 1 1
	dir=$LAGO_HOME/jobs/1/runs/1
	fake_record "$(printf a | sha256sum | cut -c 1-64)" png_read >"$BATS_TEST_TMPDIR/secret"
	ln -s "$BATS_TEST_TMPDIR/secret" "$dir/crashes.jsonl"
	rm "$dir/stats.tsv"
	mkfifo "$dir/stats.tsv"
	run timeout 20 lago-import
	[ "$status" -eq 0 ]
	[ "$(db 'SELECT count(*) FROM crash')" -eq 0 ]
	[ "$(db 'SELECT bad FROM run')" -eq 2 ]
	# Only the exact names are read.
	fake_record "$(printf b | sha256sum | cut -c 1-64)" png_read >"$dir/xcrashes.jsonl"
	run lago-import -a
	[ "$(db 'SELECT count(*) FROM crash')" -eq 0 ]
}

@test "import: a record without stack, kind or trace comes in (D50)" {
	need sqlite3
	fake_job 1
	fake_run 1 1
	fake_crash 1 1 a x frames null stacks null top null kind null \
		bucket null crash false exit_status 101 reproduced 0 >/dev/null
	echo '{"input_sha256":"'"$(printf b | sha256sum | cut -c 1-64)"'"}' \
		>>"$LAGO_HOME/jobs/1/runs/1/crashes.jsonl"
	run lago-import
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	[ "$(db 'SELECT count(*) FROM crash')" -eq 2 ]
	[ "$(lago-crashes list -x each=crash | cut -f 10 | sort)" = '
101' ]
	for sha in $(lago-crashes list -x each=crash | cut -f 1); do
		lago-crashes show "$sha" >/dev/null
	done
}

@test "import: nothing is marked as read before its rows are there (D48)" {
	need sqlite3
	fake_home
	rm "$LAGO_HOME"/lago.db*
	# No room for the rows: the insert fails, and the next pass has them all.
	lago-import 2 >/dev/null
	db "CREATE TRIGGER full BEFORE INSERT ON bug BEGIN
		SELECT raise(ROLLBACK, 'disk full'); END"
	run lago-import 1
	[ "$status" -ne 0 ]
	[ "$(db 'SELECT count(*) FROM crash')" -eq 0 ]
	[ "$(db 'SELECT count(*) FROM run WHERE NOT watched')" -eq 0 ]
	db 'DROP TRIGGER full'
	lago-import 1
	[ "$(db 'SELECT count(*) FROM crash')" -eq 4 ]
}

@test "import: a job is done when every shard is, failed when one cannot be" {
	need sqlite3
	state() {
		lago-import -q 2>/dev/null
		db "SELECT state || ' ' || coalesce(reason, '-') FROM job WHERE id = $1"
	}
	fake_job 1 shards=2
	[ "$(state 1)" = 'queued -' ]
	fake_run 1 1 shard=1
	fake_run 1 2 shard=2 state=lost reason=node
	[ "$(state 1)" = 'queued -' ]
	fake_run 1 3 shard=2 state=running reason= end=
	[ "$(state 1)" = 'running -' ]
	fake_run 1 3 shard=2
	[ "$(state 1)" = 'done deadline' ]
	fake_job 2 retries=1
	fake_run 2 1 state=lost reason=disk
	fake_run 2 2 state=lost reason=signal
	[ "$(state 2)" = 'queued -' ]
	fake_run 2 3 state=lost reason='memory 4096'
	[ "$(state 2)" = 'failed memory' ]
	fake_job 3
	fake_run 3 1 state=failed reason=provision
	[ "$(state 3)" = 'failed provision' ]
	fake_job 4
	printf '1763700000\tann\tkill\t\n' >"$LAGO_HOME/jobs/4/events"
	[ "$(state 4)" = 'killed killed' ]
	fake_job 5
	fake_run 5 1 state=failed reason=target
	fake_job 6
	printf '1763700000\tann\tretry\t\n' >"$LAGO_HOME/jobs/5/events"
	[ "$(state 5)" = 'failed target' ]
	printf '9999999999\tann\tretry\t\n' >>"$LAGO_HOME/jobs/5/events"
	lago-import 5
	[ "$(state 5)" = 'queued -' ]
	# What a run says of itself is no judgement.
	fake_job 7
	fake_run 7 1 by=dispatch state=running reason= end=
	[ "$(state 7)" = 'running -' ]
	[ "$(db 'SELECT state FROM run WHERE job = 7')" = finishing ]
}

@test "import: -a and pieces agree on the points that are kept of a series" {
	need sqlite3
	fake_job 1
	fake_run 1 1 state=running end=
	stats=$LAGO_HOME/jobs/1/runs/1/stats.tsv
	for n in 1 2 198 199 200 333 397 398 399 900 2001; do
		have=$(wc -l <"$stats")
		seq $((have + 1)) "$n" | awk '{ print $1 * 10 "\t1" }' >>"$stats"
		lago-import
		db 'SELECT * FROM stat' >"$BATS_TEST_TMPDIR/pieces"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/pieces")" -le 200 ]
		[ "$(tail -n 1 "$BATS_TEST_TMPDIR/pieces" | cut -d'|' -f 4)" -eq $((n * 10)) ]
		lago-import -a
		db 'SELECT * FROM stat' | diff "$BATS_TEST_TMPDIR/pieces" -
	done
}

@test "import: news are told once, and again when nobody could read them" {
	need sqlite3
	fake_job 1
	fake_run 1 1 state=running end=
	fake_crash 1 1 a png_read >/dev/null
	run bash -c 'lago-import >/dev/full'
	[ "$status" -eq 74 ]
	[ "$(lago-import | cut -f 2)" = new ]
	[ "$(lago-import)" = '' ]
	bug=$(lago-crashes | cut -f 1)
	lago-crashes set -x state=fixed "$bug"
	[ "$(lago-import | cut -f 1,2)" = "$bug	fixed" ]
	[ "$(lago-import)" = '' ]
	# The same again is covered, another kind of it is not.
	fake_crash 1 1 b png_read >/dev/null
	[ "$(lago-import)" = '' ]
	fake_crash 1 1 c png_read access '"WRITE"' >/dev/null
	[ "$(lago-import | cut -f 1,2)" = "$bug	reopened" ]
	lago-crashes set -x state=ignored "$bug"
	[ "$(lago-import)" = '' ]
	fake_crash 1 1 d png_read severity '"critical"' >/dev/null
	[ "$(lago-import | cut -f 1-3)" = "$bug	reopened	critical" ]
	rm "$LAGO_HOME"/lago.db*
	[ "$(lago-import -a)" = '' ]
	# An event follows its crash into another bucket.
	fake_crash 1 1 a png_new >/dev/null
	fake_crash 1 1 b png_new >/dev/null
	fake_crash 1 1 c png_new access '"WRITE"' >/dev/null
	fake_crash 1 1 d png_new severity '"critical"' >/dev/null
	[ "$(lago-import)" = '' ]
	[ "$(lago-crashes list -a | cut -f 2,5)" = "reopened	png_new < png_decode" ]
	# The bug they left is no news either when another crash comes to it.
	fake_crash 1 1 e png_read severity '"critical"' >/dev/null
	[ "$(lago-import | grep -c new)" -eq 0 ]
}

@test "import: killed at any moment, the next pass has every row" {
	need sqlite3
	fake_job 1
	fake_run 1 1
	sha=$(printf SHA | sha256sum | cut -c 1-64)
	fake_record "$sha" FN | awk -v sha="$sha" '{
		for (i = 0; i < 4000; i++) {
			r = $0
			sub(sha, sprintf("%064x", i), r)
			sub(/"bucket":"[0-9a-f]+"/,
			    sprintf("\"bucket\":\"%012x\"", i % 50), r)
			print r
		}
	}' >"$LAGO_HOME/jobs/1/runs/1/crashes.jsonl"
	cp -r "$LAGO_HOME" "$BATS_TEST_TMPDIR/whole"
	lago-import -H "$BATS_TEST_TMPDIR/whole" >/dev/null
	sqlite3 "$BATS_TEST_TMPDIR/whole/lago.db" \
		'SELECT * FROM crash; SELECT * FROM bug' |
		sed 's/|new$/|/' >"$BATS_TEST_TMPDIR/rows"
	for i in 1 2 3 4 5 6 7 8; do
		timeout -s KILL "0.0$((i * 7 % 10))$i" lago-import >/dev/null || :
		rm -f "$LAGO_HOME/lago.db.never"
	done
	lago-import >/dev/null
	lago-import >/dev/null
	db 'SELECT * FROM crash; SELECT * FROM bug' | sed 's/|new$/|/' |
		diff "$BATS_TEST_TMPDIR/rows" -
	[ "$(db 'SELECT count(*) FROM touched_bug')" -eq 0 ]
}

@test "import: another home, job or run directory comes in once, under new numbers" {
	need sqlite3
	mine=$LAGO_HOME
	export LAGO_HOME=$BATS_TEST_TMPDIR/other
	fake_home
	fake_job 3
	fake_run 3 1 state=running end=
	fake_crash 3 1 'crash d' png_late >/dev/null
	fake_job 4
	fake_run 4 1
	rm "$LAGO_HOME/jobs/4/job"
	ln -s /etc/passwd "$LAGO_HOME/jobs/3/runs/1/crashes/$(printf x | sha256sum | cut -c 1-64)"
	export LAGO_HOME=$mine
	fake_job 1
	lago-import
	run --separate-stderr lago-import "$BATS_TEST_TMPDIR/other"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 4 ]
	[[ $stderr == *jobs/4* ]]
	[ "$(db 'SELECT id, state FROM job')" = '1|queued
2|done
3|queued
4|killed' ]
	db .dump >"$BATS_TEST_TMPDIR/rows"
	run lago-import "$BATS_TEST_TMPDIR/other"
	db .dump | diff "$BATS_TEST_TMPDIR/rows" -
	run lago-import "$BATS_TEST_TMPDIR/other/jobs/1"
	db .dump | diff "$BATS_TEST_TMPDIR/rows" -
	[ "$(find "$mine" -type l | wc -l)" -eq 0 ]
	lago-crashes | lago-crashes export -o "$BATS_TEST_TMPDIR/out" >/dev/null
	# What lago-run made without a home.
	cp -r "$BATS_TEST_TMPDIR/other/jobs/1/runs/1" "$BATS_TEST_TMPDIR/png.run"
	cp "$BATS_TEST_TMPDIR/other/jobs/1/job" "$BATS_TEST_TMPDIR/png.run/"
	sed -i 's/^uuid=.*/uuid=0123456789abcdef0123456789abcdef/' "$BATS_TEST_TMPDIR/png.run/run"
	run lago-import "$BATS_TEST_TMPDIR/png.run"
	[ "$status" -eq 0 ]
	[ "$output" = '' ]
	[ "$(db "SELECT state, origin FROM job WHERE id = 5")" = "done|$BATS_TEST_TMPDIR/png.run" ]
	run lago-import "$BATS_TEST_TMPDIR"
	[ "$status" -eq 66 ]
}
