# shellcheck shell=bash
# An image of chunks with check sums, read by libpng.
. "$TOP/t/bench/tmin.bash"
target png
generated png
rivals "image of chunks" "plain build"
