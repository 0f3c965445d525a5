# shellcheck shell=bash
# The same inputs by two workers, against one.  So many, because what is asked
# is how fast thousands are: what a worker does once (a server of its own, debug
# information of the C library, the buckets that only fresh processes confirm)
# is not shared, and is told apart: the time that ten inputs take.
. "$TOP/t/bench/replay.bash"
[ "$(nproc)" -ge 2 ] || without "one CPU"
chunk chunk-libfuzzer fuzz.c -fsanitize=fuzzer,address
bugs=(palette-write escape-read title-use-after-free pixel-assert
	background-null)
chunk_inputs 2 "${bugs[@]}"
mv inputs ten
chunk_inputs 600 "${bugs[@]}"

ours() {
	triage 2 "$R/chunk-libfuzzer"
}

peer() {
	triage 1 "$R/chunk-libfuzzer"
}

measure more inputs/s '3000 crashing inputs by 2 workers; peer: by 1'
outside
mv inputs all
mv ten inputs
for i in $(seq "$ROUNDS"); do
	awk -v rate="$(triage 1 "$R/chunk-libfuzzer")" 'BEGIN { print 10 / rate }'
done >start.txt
echo "# $name: $(median <start.txt) s of each worker are its start"
