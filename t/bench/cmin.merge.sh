# shellcheck shell=bash disable=SC2154
# The same code and files: the AFL++ build through lago-minimize, against the
# libFuzzer build's own -merge=1.
. "$TOP/t/bench/corpus.bash"
targets
ours() { minimize ours "$corpus" "$afl"; }
peer() { merge peer "$corpus"; }
measure less s "$what, $(find "$corpus" -type f | wc -l) files; peer: -merge=1"
compared "$corpus" "$afl" -
