# shellcheck shell=bash
# Crashing inputs a second of a C++ target with ASan and much debug
# information: lago-triage, with stacks and verdicts, against the target alone,
# which symbolizes.
. "$TOP/t/bench/replay.bash"
command -v llvm-symbolizer >/dev/null || without "llvm-symbolizer is missing"
built heavy "$TOP/t/bench/heavy.sh" ||
	"$TOP/t/bench/heavy.sh" "$R"
mkdir inputs
for format in a b c d e f g h i j k l; do
	for bug in h u n t; do
		for i in $(seq 7); do
			printf '%s%s\nname: 0x%d\nsize = %d ;%d\n' $format \
				$bug "$i" "$i" "$i" >"inputs/$format$bug$i"
		done
	done
done

ours() {
	triage 1 "$R/heavy" @@
}

peer() {
	one_by_one 32 env ASAN_OPTIONS=symbolize=1 "$R/heavy"
}

measure more inputs/s "336 crashing inputs, $(du -m "$R/heavy" |
	cut -f 1) MB of target; peer: exec, symbolize=1, 32 of them"
outside
