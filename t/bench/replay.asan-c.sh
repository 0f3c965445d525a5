# shellcheck shell=bash
# Crashing inputs a second of a C target of libFuzzer with ASan: lago-triage,
# with stacks and verdicts, against the target alone, which symbolizes.
. "$TOP/t/bench/replay.bash"
command -v llvm-symbolizer >/dev/null || without "llvm-symbolizer is missing"
chunk chunk-libfuzzer fuzz.c -fsanitize=fuzzer,address
chunk_inputs 58 palette-write escape-read title-use-after-free pixel-assert \
	background-null
chunk_inputs 10 list-endless

ours() {
	triage 1 "$R/chunk-libfuzzer"
}

peer() {
	one_by_one 60 env ASAN_OPTIONS=symbolize=1 "$R/chunk-libfuzzer"
}

measure more inputs/s '300 crashing inputs; peer: exec, symbolize=1, 60 of them'
outside
