# shellcheck shell=bash
# What a run costs while nothing crashes: CPU time of all but afl-fuzz and its
# targets, percent of the wall time, on one CPU that the fuzzer keeps busy.
. "$TOP/t/bench/calm.bash"
calm_bundle "$((seconds + 10))"

# The fuzzer below a process.
fuzzer_of() {
	local p
	for p in $(pgrep -P "$1"); do
		if [ "$(cat "/proc/$p/comm" 2>/dev/null)" = afl-fuzz ]; then
			echo "$p"
		else
			fuzzer_of "$p"
		fi
	done
}

ours() {
	local pid fuzzer from to start
	rm -rf run
	lago-run -q -c "$cpu" -o run calm.zip >run.log 2>&1 &
	pid=$!
	until fuzzer=$(fuzzer_of $pid) && [ -n "$fuzzer" ] &&
		grep -qs '^phase=fuzz$' run/progress; do
		kill -0 $pid || return
		sleep 0.1
	done
	sleep 2
	from="$(cpu_of $pid) $(cpu_of "$fuzzer")"
	start=$(now)
	sleep "$seconds"
	to="$(cpu_of $pid) $(cpu_of "$fuzzer")"
	echo "$from $to $(since "$start")" |
		awk '{ print 100 * (($3 - $4) - ($1 - $2)) / $5 }'
	wait $pid
}

measure less '% of a CPU' "all but the fuzzer and its targets, for $seconds s"
