load lib
load home

db() {
	sqlite3 "$LAGO_HOME/lago.db" "$@"
}

@test "store: the file says what it is, and a released one opens with its rows" {
	need sqlite3
	fake_home
	[ "$(db 'PRAGMA application_id')" -eq $((0x4c61676f)) ]
	steps=$(find "$TOP/share/sql" -name '[0-9]*.sql' | wc -l)
	[ "$(db 'PRAGMA user_version')" -eq "$steps" ]
	[ "$(db 'PRAGMA journal_mode')" = wal ]
	[ "$(db "SELECT count(*) FROM pragma_table_list WHERE type = 'table'
		AND schema = 'main' AND name NOT LIKE 'sqlite_%'
		AND NOT strict")" -eq 0 ]
	for old in "$TOP"/t/schema/v*.sql; do
		version=${old##*/v}
		version=$((10#${version%.sql}))
		rm -f "$LAGO_HOME"/lago.db*
		sqlite3 "$LAGO_HOME/lago.db" <"$old"
		db "PRAGMA journal_mode=WAL" >/dev/null
		jobs=$(db 'SELECT count(*) FROM job')
		lago-import -q >/dev/null
		[ "$(db 'PRAGMA user_version')" -eq "$steps" ]
		[ "$(db 'SELECT count(*) FROM job')" -ge "$jobs" ]
		[ "$(db 'PRAGMA foreign_key_check')" = '' ]
		[ "$version" -eq "$steps" ] ||
			[ -f "$LAGO_HOME/lago.db.v$version" ]
		lago-status -a | grep -q png
	done
}

@test "store: an older file is brought up to date, a copy is kept" {
	need sqlite3
	fake_home
	rm "$LAGO_HOME"/lago.db*
	# What version 2 was: without the indexes of step 3.
	db <"$TOP/t/schema/v0003.sql"
	db 'PRAGMA journal_mode=WAL; DROP INDEX crash_bug; DROP INDEX crash_sha;
		PRAGMA user_version = 2'
	run --separate-stderr lago-status
	[ "$status" -eq 78 ]
	[[ $stderr == *lago-import* ]]
	run lago-import
	[ "$status" -eq 0 ]
	[ "$(db 'PRAGMA user_version')" -gt 2 ]
	[ "$(db "SELECT count(*) FROM sqlite_schema WHERE name = 'crash_sha'")" -eq 1 ]
	[ "$(sqlite3 "$LAGO_HOME/lago.db.v2" 'SELECT count(*) FROM crash')" -eq 4 ]
	[ "$(lago-crashes | wc -l)" -eq 3 ]
}

@test "store: newer, foreign and broken files are refused and left alone" {
	need sqlite3
	fake_home
	db 'PRAGMA user_version = 999'
	for command in lago-import lago-status 'lago-import -a'; do
		run --separate-stderr bash -c "$command"
		[ "$status" -eq 78 ]
		[[ $stderr == *newer* ]]
	done
	rm "$LAGO_HOME"/lago.db*
	db 'CREATE TABLE theirs (a)'
	sum=$(md5sum <"$LAGO_HOME/lago.db")
	for command in lago-import lago-status; do
		run bash -c "$command"
		[ "$status" -eq 65 ]
	done
	[ "$(md5sum <"$LAGO_HOME/lago.db")" = "$sum" ]
	echo 'no database at all, but quite some text' >"$LAGO_HOME/lago.db"
	run lago-import
	[ "$status" -eq 65 ]
	grep -q 'no database' "$LAGO_HOME/lago.db"
}

@test "store: many that find no database make one" {
	need sqlite3
	fake_job 1
	for round in 1 2 3; do
		rm -f "$LAGO_HOME"/lago.db*
		# A -wal that was left behind must not be taken for the new one's.
		[ $round -eq 1 ] || echo junk >"$LAGO_HOME/lago.db-wal"
		for i in {1..24}; do
			(lago-import 1 || echo "$i" >>"$BATS_TEST_TMPDIR/failed") &
		done
		wait
		[ ! -e "$BATS_TEST_TMPDIR/failed" ]
		[ "$(db 'SELECT count(*) FROM job')" -eq 1 ]
		[ "$(db 'PRAGMA integrity_check')" = ok ]
	done
	[ "$(find "$LAGO_HOME" -name 'lago.db*' | wc -l)" -le 3 ]
}

@test "store: a writer that holds the database keeps nobody from reading, and is waited for" {
	need sqlite3
	fake_home
	coproc sqlite3 -batch "$LAGO_HOME/lago.db"
	echo 'BEGIN IMMEDIATE; SELECT 1;' >&"${COPROC[1]}"
	read -r _ <&"${COPROC[0]}"
	[ "$(lago-crashes | wc -l)" -eq 3 ]
	fake_job 3
	lago-import 3>&- &
	import=$!
	[ "$(db 'SELECT count(*) FROM job')" -eq 2 ]
	printf 'COMMIT;\n.quit\n' >&"${COPROC[1]}"
	wait $import
	[ "$(db 'SELECT count(*) FROM job')" -eq 3 ]
}

@test "store: db= puts the file elsewhere; a network file system is refused" {
	need cc
	fake_job 1
	mkdir "$BATS_TEST_TMPDIR/local"
	echo "db=$BATS_TEST_TMPDIR/local/l.db" >"$LAGO_HOME/config"
	lago-import
	[ -f "$BATS_TEST_TMPDIR/local/l.db" ]
	[ ! -e "$LAGO_HOME/lago.db" ]
	echo 'db=relative.db' >"$LAGO_HOME/config"
	run lago-import
	[ "$status" -eq 78 ]
	rm "$LAGO_HOME/config"
	cat >"$BATS_TEST_TMPDIR/nfs.c" <<-'END'
		#include <sys/vfs.h>
		int statfs(const char *p, struct statfs *s)
		{
			(void)p;
			s->f_type = 0x6969;
			return 0;
		}
	END
	cc -shared -fPIC -o "$BATS_TEST_TMPDIR/nfs.so" "$BATS_TEST_TMPDIR/nfs.c"
	# What the sanitizers' runtime says about being preloaded is not meant.
	run env LD_PRELOAD="$BATS_TEST_TMPDIR/nfs.so" \
		ASAN_OPTIONS=verify_asan_link_order=0 lago-import
	[ "$status" -eq 78 ]
	[[ $output == *NFS* ]]
	[ ! -e "$LAGO_HOME/lago.db" ]
}

@test "store: records to a full disk are 74" {
	fake_home
	for command in 'lago-status -a' lago-crashes 'lago-crashes show' \
		'lago-status 1.1' 'lago-status -j nodes'; do
		case $command in *show) command+=" $(lago-crashes | head -n 1 | cut -f 1)" ;; esac
		run bash -c "$command >/dev/full"
		[ "$status" -eq 74 ]
	done
}

@test "store: lago-db(5) explains every column of every view, and no other" {
	need sqlite3
	fake_home
	for view in $(db "SELECT name FROM sqlite_schema WHERE type = 'view'
		AND name != 'v_last'"); do
		sed -n "/^\.Ss $view:/,/^\.S[sh] /p" "$TOP/man/lago-db.5" |
			sed -n 's/^\.It Li //p' | tr -d ',' | tr ' ' '\n' |
			grep -v '^$' | sort >"$BATS_TEST_TMPDIR/page"
		db "SELECT name FROM pragma_table_info('$view')" | sort |
			diff "$BATS_TEST_TMPDIR/page" - >&2 || {
			echo "$view"
			false
		}
	done
}
