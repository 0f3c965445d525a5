# shellcheck shell=bash
# The same code and files: the AFL++ build through lago-minimize, against the
# libFuzzer build's own -merge=1.
. "$TOP/t/bench/corpus.bash"
targets

ours() {
	rm -rf ours
	seconds lago-minimize -q -x cache=no -o ours "$corpus" -- "$afl"
}

peer() {
	rm -rf peer
	mkdir peer
	seconds "$libfuzzer" -timeout=5 -merge=1 peer "$corpus"
}

measure less s "$what, $(find "$corpus" -type f | wc -l) files; peer: -merge=1"
tuples "$corpus" "$afl" - >all
compare ours ours "$afl" -
compare peer peer "$afl" -
