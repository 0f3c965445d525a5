# shellcheck shell=bash
# A libFuzzer build, in shards on all CPUs, against its own -merge=1; features
# as the target itself counts them.
. "$TOP/t/bench/corpus.bash"
targets

ours() {
	rm -rf ours
	seconds lago-minimize -q -x cache=no -o ours "$corpus" -- "$libfuzzer"
}

peer() {
	rm -rf peer
	mkdir peer
	seconds "$libfuzzer" -timeout=5 -merge=1 peer "$corpus"
}

# features DIR: edges and features of all its files.
features() {
	"$libfuzzer" -runs=0 "$1" 2>&1 |
		sed -n 's/.*INITED cov: \([0-9]*\) ft: \([0-9]*\).*/\1 edges, \2 features/p'
}

measure less s "$what, libFuzzer build; peer: -merge=1"
for dir in "$corpus" ours peer; do
	echo "# $name: $(basename "$dir") $(find "$dir" -type f | wc -l) files," \
		"$(features "$dir")"
done
