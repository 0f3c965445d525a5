# shellcheck shell=bash
# The same with a format of records with lengths: the chunk reader's.
. "$TOP/t/bench/corpus.bash"
command -v afl-clang-fast >/dev/null || without "AFL++ is not installed"
limit=${BENCH_SECONDS:-60}
"$TOP/share/examples/build" "$MADE/chunk" >/dev/null
afl=$MADE/chunk/chunk-afl-plain
[ -d "$MADE/made" ] || made "$MADE/made"
corpus=$MADE/made

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
measure less bytes "chunk reader, $limit s; peer: fewest bytes by whole files"
tuples "$corpus" "$afl" >all
compare ours ours "$afl"
compare peer peer "$afl"
