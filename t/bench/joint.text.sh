# shellcheck shell=bash
# Bytes after joint minimisation, against those of the same files as they were.
. "$TOP/t/bench/corpus.bash"
targets
limit=${BENCH_SECONDS:-60}

ours() {
	rm -rf ours
	lago-minimize -q -b "$limit" -x joint=1 -o ours "$corpus" -- "$afl"
	cat ours/* | wc -c
}

peer() {
	rm -rf peer
	lago-minimize -q -x goal=bytes -o peer "$corpus" -- "$afl"
	cat peer/* | wc -c
}

export ROUNDS=1
measure less bytes "$what, $limit s; peer: fewest bytes by whole files"
tuples "$corpus" "$afl" - >all
compare ours ours "$afl" -
compare peer peer "$afl" -
