# shellcheck shell=bash
# Crash records a second, durable: lago-import of a run with new crashes,
# against SQLite's own shell inserting the same rows in one transaction.
command -v sqlite3 >/dev/null || without "sqlite3 is not installed"
records=${BENCH_RECORDS:-20000}
export LAGO_HOME=$PWD/home
. "$TOP/t/home.bash"

fake_job 1
fake_run 1 1
run=$LAGO_HOME/jobs/1/runs/1
fake_record INPUT FUNCTION | awk -v n="$records" '{
	for (i = 1; i <= n; i++) {
		record = $0
		gsub(/INPUT/, sprintf("%064x", i), record)
		gsub(/FUNCTION/, "function_" i % 100, record)
		sub(/"bucket":"[0-9a-f]*"/, sprintf("\"bucket\":\"%012x\"",
			i % 100), record)
		sub(/"bucket_exact":"[0-9a-f]*"/,
			sprintf("\"bucket_exact\":\"%012x\"", i % 1000), record)
		print record
	}
}' >"$run/crashes.jsonl"

rate() {
	awk -v n="$records" -v s="$1" 'BEGIN { print n / s }'
}

ours() {
	local from
	rm -f "$LAGO_HOME"/lago.db*
	from=$(now)
	lago-import >/dev/null
	rate "$(since "$from")"
}

# The rows as lago-import left them.
peer() {
	local from
	[ -s rows.sql ] || rows
	rm -f peer.db*
	sqlite3 peer.db 'PRAGMA journal_mode=WAL' >/dev/null
	sqlite3 "$LAGO_HOME/lago.db" .schema | grep -v sqlite_ | sqlite3 peer.db
	from=$(now)
	sqlite3 peer.db <rows.sql
	rate "$(since "$from")"
}

rows() {
	{
		echo 'BEGIN;'
		sqlite3 "$LAGO_HOME/lago.db" '.mode insert crash' \
			'SELECT * FROM crash'
		echo 'COMMIT;'
	} >rows.sql
	[ "$(grep -c '^INSERT' rows.sql)" = "$records" ]
}

measure more records/s "$records crash records; peer: sqlite3, rows only"
