# shellcheck shell=bash
# Crashing inputs a second of a plain C target: lago-triage against gdb.
. "$TOP/t/bench/replay.bash"
command -v gdb >/dev/null || without "gdb is not installed"
chunk chunk-plain main.c
chunk_inputs 150 pixel-assert background-null

ours() {
	triage 1 "$R/chunk-plain" @@
}

peer() {
	one_by_one 12 gdb -nx -batch -ex run -ex bt --args "$R/chunk-plain"
}

measure more inputs/s '300 crashing inputs; peer: gdb -batch -ex run -ex bt'
outside
