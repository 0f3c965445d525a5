# shellcheck shell=bash
# Chosen after the reducer was finished: messages whose lengths are 7 bits a byte.
. "$TOP/t/bench/tmin.bash"
target proto.asan -fsanitize=address
generated proto
rivals "messages in messages" "AddressSanitizer"
