# What the bats files share: load lib, then the tree under test comes first in
# PATH and every test has a home and a temporary directory of its own.
bats_require_minimum_version 1.5.0

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export TOP PATH="$TOP/bin:$PATH"
# In setup_file there is no test yet.
TMP_OF_TEST=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}
export LAGO_HOME="$TMP_OF_TEST/home"
export LAGO_LOCKS="$TMP_OF_TEST/locks"
export XDG_CACHE_HOME="$TMP_OF_TEST/cache"
unset LAGO_LIBEXEC LAGO_SHARE ASAN_OPTIONS UBSAN_OPTIONS MSAN_OPTIONS
# make asan: nothing is freed at exit, and a report must not look like an exit
# status of ours.  A target gets an environment made from nothing.
[ -z "${LAGO_ASAN-}" ] || export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1
DATA=${LAGO_TESTDATA:-$TOP/../shared/testdata}

# need PROGRAM...: skip where one is missing.
need() {
	local p
	for p; do
		command -v "$p" >/dev/null || skip "$p is not installed"
	done
}

# need_data PATH: skip where the test data is not beside the checkout.
need_data() {
	[ -e "$DATA/$1" ] || skip "no test data ($1) beside this checkout"
}

# wait_for COMMAND...: until the command succeeds.  The end is only for what will
# never come: a busy machine is slower than anyone thinks.
wait_for() {
	local end=$((SECONDS + 120))
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# examples: builds the example targets and bundles once per checkout and sets
# EXAMPLES to their directory.
examples() {
	need clang afl-clang-fast zip
	EXAMPLES=$TOP/.demo/examples
	flock "$TOP/t" "$TOP/share/examples/build" "$EXAMPLES" >&2
}
