# shellcheck shell=bash disable=SC2154
# A corpus to the files that cover the same: a persistent target, all CPUs,
# nothing remembered, against the distribution's afl-cmin.
. "$TOP/t/bench/corpus.bash"
targets
ours() { minimize ours "$corpus" "$afl"; }
peer() { afl_cmin peer "$corpus" "$afl" -; }
measure less s "$what, $(find "$corpus" -type f | wc -l) files; peer: afl-cmin"
compared "$corpus" "$afl" -
