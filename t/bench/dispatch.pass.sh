# shellcheck shell=bash
# Own CPU seconds of a pass over 1,000 nodes, each with a run on its four CPUs,
# and 9,000 jobs that wait.
. "$TOP/t/bench/dispatch.bash"
dispatch_home 1000 10000 0
pass -n 1000 >/dev/null
ours() {
	pass -n 0
}
measure less s 'a pass over 1,000 nodes, 1,000 runs on them, 9,000 waiting jobs'
