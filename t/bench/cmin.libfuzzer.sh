# shellcheck shell=bash disable=SC2154
# A libFuzzer build, against its own -merge=1; features as the target itself
# counts them.
. "$TOP/t/bench/corpus.bash"
targets
ours() { minimize ours "$corpus" "$libfuzzer"; }
peer() { merge peer "$corpus"; }

# features DIR: edges and features of all its files.
features() {
	"$libfuzzer" -runs=0 "$1" 2>&1 |
		sed -n 's/.*INITED cov: \([0-9]*\) ft: \([0-9]*\).*/\1 edges, \2 features/p'
}

measure less s "$what, libFuzzer build; peer: -merge=1"
cpu
for dir in "$corpus" ours peer; do
	echo "# $name: $(basename "$dir") $(find "$dir" -type f | wc -l) files," \
		"$(features "$dir")"
done
