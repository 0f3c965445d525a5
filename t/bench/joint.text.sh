# shellcheck shell=bash disable=SC2154
# Real XML files.
. "$TOP/t/bench/corpus.bash"
targets
joint "$what" "$corpus" "$afl" -
