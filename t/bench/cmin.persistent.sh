# shellcheck shell=bash
# A corpus to the files that cover the same: a persistent target, all CPUs,
# nothing remembered, against the distribution's afl-cmin.
. "$TOP/t/bench/corpus.bash"
targets

ours() {
	rm -rf ours
	seconds lago-minimize -q -x cache=no -o ours "$corpus" -- "$afl"
}

peer() {
	rm -rf peer
	AFL_QUIET=1 AFL_ALLOW_TMP=1 seconds afl-cmin -i "$corpus" -o peer -- \
		"$afl" -
}

measure less s "$what, $(find "$corpus" -type f | wc -l) files; peer: afl-cmin"
tuples "$corpus" "$afl" - >all
compare ours ours "$afl" -
compare peer peer "$afl" -
