# Queued jobs and what becomes of them, for tests of what runs the queue.  Source
# it behind home.bash.

# queued ID HOW [KEY=VALUE...]: a job whose bundle tells t/fake/lago-run how to end.
queued() {
	local id=$1 how=$2
	shift 2
	fake_job "$id" "$@"
	echo "$how" >"$LAGO_HOME/jobs/$id/bundle.zip"
	lago-import -q
}

sql() {
	sqlite3 "$LAGO_HOME/lago.db" "$@"
}

state() { # JOB
	sql "SELECT state FROM job WHERE id = $1"
}

# A pass, for what is polled until the job is in that state.
reaches() { # JOB STATE
	lago-dispatch -q
	[ "$(state "$1")" = "$2" ]
}

# Of the job's last run, as the database has it.
run_key() { # JOB COLUMN
	sql "SELECT $2 FROM run WHERE job = $1 ORDER BY run DESC LIMIT 1"
}

# Of a run, as its file has it.
field() { # JOB.RUN KEY
	sed -n "s/^$2=//p" "$LAGO_HOME/jobs/${1%.*}/runs/${1#*.}/run"
}

rows() {
	local table
	for table in job run crash bug; do
		sql "SELECT * FROM v_$table" | sort
	done
}

# The database is what one made anew from the files is.
same_rows() {
	lago-import -q
	rows >rows.were
	rm -f "$LAGO_HOME"/lago.db*
	lago-import -q -a
	rows >rows.are
	diff rows.were rows.are
}
