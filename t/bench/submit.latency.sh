# shellcheck shell=bash
# Seconds from lago-submit to the first execution of the fuzzer, while
# lago-dispatch looks every second.
command -v afl-fuzz >/dev/null || without "afl-fuzz is not installed"
export LAGO_HOME=$PWD/home
mkdir home bundle bundle/corpus
AFL_QUIET=1 afl-clang-fast -O2 -o bundle/target "$TOP/t/bench/calm.c"
printf '[main]\nname = value\n' >bundle/corpus/ini
printf '%s\n' driver=afl args=@@ cpus=1 deadline=60 >bundle/job
(cd bundle && zip -qr ../calm.zip .)
lago-dispatch -q -i 1 &
dispatch=$!
trap 'kill $dispatch; lago-kill -k -q -a >/dev/null 2>&1 || :' EXIT

ours() {
	local from job
	from=$(now)
	job=$(lago-submit calm.zip | cut -f 1)
	until executed "$LAGO_HOME/jobs/$job"; do
		kill -0 $dispatch
		sleep 0.02
	done
	since "$from"
	lago-kill -k -q "$job"
	until grep -qs '^state=killed' "$LAGO_HOME/jobs/$job"/runs/1/run; do
		kill -0 $dispatch
		sleep 0.1
	done
}

# afl-fuzz writes this file after the first seed.
executed() {
	[ -n "$(find "$1"/runs/1/work -name plot_data 2>/dev/null)" ]
}

measure less s 'lago-dispatch -i 1; to the first execution by afl-fuzz'
