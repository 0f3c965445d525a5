# shellcheck shell=bash
# Configuration text: lines, two of them far apart.
. "$TOP/t/bench/tmin.bash"
target ini
generated ini
rivals "text" "plain build"
