# shellcheck shell=bash
# JSON: a tree.
. "$TOP/t/bench/tmin.bash"
target json.asan -fsanitize=address
generated json
rivals "JSON" "AddressSanitizer"
