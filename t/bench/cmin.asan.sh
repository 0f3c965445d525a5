# shellcheck shell=bash disable=SC2154
# A command-line target with ASan, 5,000 files: all of ours against its fork
# server alone on all CPUs, each file once and nothing looked at.
. "$TOP/t/bench/corpus.bash"
targets
[ "$what" = Expat ] || without "no source of expat, or no files for it"
cc -std=c11 -D_GNU_SOURCE -I"$TOP/lib" -O2 -o raw "$TOP/t/bench/raw.c" \
	"$TOP/lib/liblago.a" -lcrypto -lm
mkdir in
find "$corpus" -type f | sort | head -n 5000 | xargs cp -t in
ours() { minimize ours in "$MADE/expat-asan" @@; }
peer() { ./raw "$(nproc)" in "$MADE/expat-asan" @@; }
measure less s "Expat with ASan, a file a process, 5000 files; peer: fork server"
