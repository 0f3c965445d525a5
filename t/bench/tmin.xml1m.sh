# shellcheck shell=bash
# A megabyte of XML, read by Expat.
. "$TOP/t/bench/tmin.bash"
target xml
generated xml1m
rivals "XML" "plain build"
