# shellcheck shell=bash
# Chosen after the reducer was finished: a style sheet.
. "$TOP/t/bench/tmin.bash"
target css
generated css
rivals "style sheet" "plain build"
