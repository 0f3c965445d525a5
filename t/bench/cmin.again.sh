# shellcheck shell=bash
# The second minimisation, with one new file for a hundred old ones, against
# the first.  Without AFL++'s persistent mode, as most targets are.
. "$TOP/t/bench/corpus.bash"
targets
export XDG_CACHE_HOME=$PWD/cache
"$TOP/share/examples/build" "$MADE/chunk" >/dev/null
target=$MADE/chunk/chunk-afl
made in
sleep 3 # so that the files count as settled
sh -c 'rm -rf cache'

# Each round another hundredth is new.
ours() {
	local i
	round=$((${round:-0} + 1))
	for i in $(seq 60); do
		echo "new $round $i" >"in/new$i"
	done
	seconds lago-minimize -q -o ours in -- "$target"
}

peer() {
	seconds lago-minimize -q -x cache=no -o peer in -- "$target"
}

lago-minimize -q -o first in -- "$target"
measure less s "chunk reader with ASan, 6000 files, 60 new; peer: all anew"
