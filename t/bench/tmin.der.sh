# shellcheck shell=bash
# Values in values, whose lengths have as many bytes as they need.  It was chosen
# as one of tmin.later-*: nothing went, and the reducer learned it then.
. "$TOP/t/bench/tmin.bash"
target der.asan -fsanitize=address
generated der
rivals "values in values" "AddressSanitizer"
