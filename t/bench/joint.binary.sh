# shellcheck shell=bash disable=SC2154
# A format of records with lengths: the chunk reader's.
. "$TOP/t/bench/corpus.bash"
command -v afl-clang-fast >/dev/null || without "AFL++ is not installed"
"$TOP/share/examples/build" "$MADE/chunk" >/dev/null
[ -d "$MADE/made" ] || made "$MADE/made"
joint "chunk reader" "$MADE/made" "$MADE/chunk/chunk-afl-plain"
