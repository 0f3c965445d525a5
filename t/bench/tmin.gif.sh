# shellcheck shell=bash
# An image of sub-blocks.  It was chosen as one of tmin.later-*, and lost: 19615
# bytes, libFuzzer 174; marks were learned then.
. "$TOP/t/bench/tmin.bash"
target gif.asan -fsanitize=address
generated gif
rivals "image of sub-blocks" "AddressSanitizer"
