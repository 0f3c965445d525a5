# shellcheck shell=bash
# Executions per CPU-second while fuzzing: afl-fuzz below lago-run, all that
# lago-run does counted, against the same afl-fuzz command alone.
. "$TOP/t/bench/calm.bash"
calm_bundle "$seconds"

# cpu_while PID CONDITION...: seconds of CPU below PID while it lasts.
cpu_while() {
	local pid=$1 from='' to
	shift
	while kill -0 "$pid" 2>/dev/null; do
		if "$@"; then
			to=$(cpu_of "$pid")
			from=${from:-$to}
		elif [ -n "$from" ]; then
			break
		fi
		sleep 0.1
	done
	awk -v from="$from" -v to="$to" 'BEGIN { print to - from }'
}

fuzzing() {
	grep -q '^phase=fuzz$' run/progress 2>/dev/null
}

ours() {
	local pid used
	rm -rf run
	lago-run -q -c "$cpu" -o run calm.zip >run.log 2>&1 &
	pid=$!
	used=$(cpu_while $pid fuzzing)
	wait $pid
	tail -n 1 run/stats.tsv | cut -f 5 |
		awk -v used="$used" '{ print $1 / used }'
}

# The vector that the driver gives, and -V for the time.
peer() {
	local words=() pid used
	rm -rf out
	mapfile -d '' words < <(LAGO_BUNDLE=$PWD/bundle LAGO_TARGET=target \
		LAGO_IN=$PWD/bundle/corpus LAGO_OUT=$PWD/out \
		LAGO_JOB=$PWD/bundle/job LAGO_REMAINING=$seconds \
		LAGO_MEMORY=2048 LAGO_RESUME=0 \
		"$TOP/lib/driver/afl" argv 0 1)
	set -- env
	while [ "${words[0]}" != '' ]; do
		set -- "$@" "${words[0]}"
		words=("${words[@]:1}")
	done
	set -- "$@" "${words[1]}" -V "$seconds" "${words[@]:2}"
	(cd bundle && exec taskset -c "$cpu" "$@") >out.log 2>&1 &
	pid=$!
	used=$(cpu_while $pid true)
	wait $pid
	sed -n 's/^execs_done *: //p' out/i0/fuzzer_stats |
		awk -v used="$used" '{ print $1 / used }'
}

measure more 'execs/CPU-s' "afl-fuzz for $seconds s on one CPU; peer: bare"
