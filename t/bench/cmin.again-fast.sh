# shellcheck shell=bash disable=SC2154
# A persistent target without a sanitizer: 60 microseconds a run, so that to look
# at each file is a good part of all.
. "$TOP/t/bench/corpus.bash"
targets
"$TOP/share/examples/build" "$MADE/chunk" >/dev/null
again "chunk reader, persistent" "$MADE/chunk/chunk-afl-plain"
