# shellcheck shell=bash
# XML, read by Expat.
. "$TOP/t/bench/tmin.bash"
target xml
generated xml
rivals "XML" "plain build"
