# shellcheck shell=bash disable=SC2034 # variables: for those that source this
# calm.zip, a target in which nothing crashes, for run.*.  Sourced.
command -v afl-fuzz >/dev/null || without "afl-fuzz is not installed"
seconds=${BENCH_SECONDS:-20}

cpu=$(awk '/^Cpus_allowed_list/ { gsub(/.*[-,]/, "", $2); print $2 }' \
	/proc/self/status)

# calm_bundle DEADLINE
calm_bundle() {
	mkdir bundle bundle/corpus
	AFL_QUIET=1 afl-clang-fast -O2 -o bundle/target "$TOP/t/bench/calm.c"
	printf '[main]\nname = value\nnumber = 0x10\n# end\n' >bundle/corpus/ini
	printf '%s\n' driver=afl args=@@ cpus=1 "deadline=$1" >bundle/job
	(cd bundle && zip -qr ../calm.zip .)
}
