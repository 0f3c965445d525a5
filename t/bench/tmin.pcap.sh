# shellcheck shell=bash
# A capture file: lengths inside lengths, a header's sum.
. "$TOP/t/bench/tmin.bash"
target pcap.asan -fsanitize=address
generated pcap
rivals "packets: lengths in lengths, sums" "AddressSanitizer"
