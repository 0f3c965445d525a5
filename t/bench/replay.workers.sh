# shellcheck shell=bash
# The same inputs by two workers, against one.
. "$TOP/t/bench/replay.bash"
[ "$(nproc)" -ge 2 ] || without "one CPU"
chunk chunk-libfuzzer fuzz.c -fsanitize=fuzzer,address
chunk_inputs 200 palette-write escape-read title-use-after-free pixel-assert \
	background-null

ours() {
	triage 2 "$R/chunk-libfuzzer"
}

peer() {
	triage 1 "$R/chunk-libfuzzer"
}

measure more inputs/s '1000 crashing inputs by 2 workers; peer: by 1'
outside
