# shellcheck shell=bash
# An archive of two parts, which say the same lengths and sums of its members.
. "$TOP/t/bench/tmin.bash"
target zip -lz
generated zip
rivals "archive of two parts" "plain build"
