# shellcheck shell=bash
# Chosen after the reducer was finished: an image of sub-blocks.
. "$TOP/t/bench/tmin.bash"
target gif.asan -fsanitize=address
generated gif
rivals "image of sub-blocks" "AddressSanitizer"
