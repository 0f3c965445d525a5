# shellcheck shell=bash
# Milliseconds to ask a node for all its runs, 20, over a master connection.
. "$TOP/t/bench/ssh.bash"
runs 1 20
for ((i = 1; i <= 20; i++)); do
	engine "$i" start n "$(printf %032x "$i")"
	printf 'n\t%032x\t%s\tone\t0\n' "$i" "$LAGO_HOME/jobs/$i/runs/1"
done >asked

ours() {
	local from i
	from=$(now)
	for i in 1 2 3 4 5 6 7 8 9 10; do
		"$TOP/lib/engine/ssh" poll <asked >answer
	done
	milliseconds "$from" 10
	[ "$(grep -c alive answer)" = 20 ]
}

measure less ms 'a poll of 20 runs of a node over ssh; peer: ssh node true'
