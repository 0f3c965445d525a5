# Jobs on other machines with the real lago-run and a real fuzzer, over a real
# sshd on 127.0.0.1.
load lib
load home
load ssh

setup_file() {
	ssh_up
}

teardown_file() {
	ssh_down
}

@test "cluster: submitted here, fuzzed there, its bugs are in the database" {
	need parallel flock bwrap lago-run
	examples
	cd "$BATS_TEST_TMPDIR" || return 1
	ssh_use
	# as README says, but for names and sizes; all of it over there
	unset LAGO_HOME
	rm -rf "$HOME/.lago"
	cp "$EXAMPLES/chunk-libfuzzer.zip" parser.zip
	sed -n '/^Cluster/,/^Go on/s/^    \$ //p' "$TOP/README" | sed \
		-e 's/me@big 16 32000/one 2 4096/' -e "s/'here[^']*'//" \
		-e 's/-P 2/-t 8 -P 1/' -e 's/-i 30/-q/' >commands
	[ "$(wc -l <commands)" = 5 ]
	. ./commands >&2
	LAGO_HOME=$HOME/.lago
	run="$LAGO_HOME/jobs/1/runs/1"
	grep -qx node=big "$run/run"
	is_done() {
		lago-dispatch -q
		grep -qx state=done "$run/run"
	}
	wait_for is_done
	lago-import >news
	[ -s news ]
	[ -n "$(ls "$run/corpus")" ]
	[ -s "$run/stats.tsv" ]
	# it is whole: each crash of a record is here
	jq -r .input_sha256 "$run/crashes.jsonl" | sort -u >named
	find "$run/crashes" -type f -printf "%f\n" | sort |
		comm -13 - named >missing
	[ ! -s missing ]
	lago-dispatch -q
	[ -z "$(ls "$HOME/one/runs")" ]
	# a bug's input runs here as it did there
	lago-crashes export -o out "$(head -n 1 news | cut -f 1)"
	[ -n "$(find out -name repro -perm -100)" ]
}
