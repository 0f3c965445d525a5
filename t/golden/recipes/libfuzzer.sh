# shellcheck shell=sh
# libFuzzer: what it prints for each end it knows.
need clang llvm-symbolizer || return 0

printf FUZZ >crash-input
fuzzer() { # WHAT [clang option]
	what=$1
	shift
	clang -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer "$@" -w \
		-DWHAT="$what" -o "fuzz-$what" "$work/fuzz.c"
}
fuzzer overflow -fsanitize=address
fuzzer hang
fuzzer eat
fuzzer huge -fsanitize=address
fuzzer leak -fsanitize=address
fuzzer overwrite
fuzzer leave
fuzzer die
fuzzer slow
fuzzer fault
fuzzer ends
mkdir -p seeds && cp crash-input seeds/
log libfuzzer-overflow ./fuzz-overflow -seed=1 -runs=100000 -use_value_profile=1 seeds
log libfuzzer-replay ./fuzz-overflow crash-input
log libfuzzer-timeout ./fuzz-hang -timeout=1 crash-input
log libfuzzer-oom ./fuzz-eat -rss_limit_mb=300 crash-input
log libfuzzer-malloc_limit ./fuzz-huge -rss_limit_mb=300 crash-input
log libfuzzer-leak ./fuzz-leak crash-input
log libfuzzer-overwrites ./fuzz-overwrite crash-input
log libfuzzer-exit ./fuzz-leave crash-input
log libfuzzer-abort ./fuzz-die crash-input
log libfuzzer-slow_unit ./fuzz-slow -report_slow_units=1 -runs=1 seeds
log libfuzzer-null ./fuzz-fault crash-input
log libfuzzer-died ./fuzz-ends crash-input
log libfuzzer-clean ./fuzz-overflow -runs=10 -seed=1
fork() { # WHAT: the crashes of several processes in one log
	rm -rf fork && mkdir fork
	log "libfuzzer-fork_$1" "./fuzz-$1" -fork=1 -seed=1 -ignore_crashes=1 \
		-ignore_timeouts=1 -ignore_ooms=1 -timeout=1 -runs=1 \
		-max_total_time=4 -artifact_prefix=fork/ seeds
}
fork overflow
fork die
