# shellcheck shell=bash
# Milliseconds to start a run on a node over a master connection: the job goes
# over, lago-run is under way there.
. "$TOP/t/bench/ssh.bash"
next=1

ours() {
	local from i
	runs $next 10
	from=$(now)
	for ((i = next; i < next + 10; i++)); do
		engine "$i" start n "$(printf %032x "$i")"
	done
	milliseconds "$from" 10
	next=$i
	end_all
}

runs 999 1
engine 999 start n "$(printf %032x 999)" # the master
measure less ms 'a start over ssh; peer: ssh node true'
