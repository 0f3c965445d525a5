# shellcheck shell=bash
# An archive: sizes in octal digits, sums of headers.
. "$TOP/t/bench/tmin.bash"
target tar.asan -fsanitize=address
generated tar
rivals "archive" "AddressSanitizer"
