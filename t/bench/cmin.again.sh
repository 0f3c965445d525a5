# shellcheck shell=bash disable=SC2154
# A file a process, as most targets are, and with ASan.
. "$TOP/t/bench/corpus.bash"
targets
[ "$what" = Expat ] || without "no source of expat"
again "Expat with ASan, a file a process" "$MADE/expat-asan" @@
