# shellcheck shell=bash
# Chosen after the reducer was finished: statements that need each other.
. "$TOP/t/bench/tmin.bash"
target sql
generated sql
rivals "statements" "plain build"
