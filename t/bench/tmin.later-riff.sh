# shellcheck shell=bash
# Chosen after the reducer was finished: chunks in lists, filled up to even sizes.
. "$TOP/t/bench/tmin.bash"
target riff.asan -fsanitize=address
generated riff
rivals "sound of chunks" "AddressSanitizer"
