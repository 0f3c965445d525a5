# shellcheck shell=bash
# Chosen after the reducer was finished: values in values, whose lengths have as
# many bytes as they need.
. "$TOP/t/bench/tmin.bash"
target der.asan -fsanitize=address
generated der
rivals "values in values" "AddressSanitizer"
