# shellcheck shell=bash
# Chosen after the reducer was finished: a message in parts of parts.
. "$TOP/t/bench/tmin.bash"
target mail
generated mail
rivals "message of parts" "plain build"
