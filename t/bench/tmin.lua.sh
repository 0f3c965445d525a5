# shellcheck shell=bash
# A script, run by Lua.
. "$TOP/t/bench/tmin.bash"
target lua
generated lua
rivals "script" "plain build"
