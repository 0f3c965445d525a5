# shellcheck shell=sh
# The sanitizers of gcc, which print through libbacktrace.
need gcc g++ || return 0

gcc -g -O0 -fsanitize=address -w -o gcc-asan "$work/crash.c"
for bug in heap_write use_after_free double_free stack_write global_read \
	recursion null_write wild_call huge_malloc copy_overlap; do
	log "gcc-asan-$bug" ./gcc-asan "$bug"
done
g++ -g -O0 -fsanitize=address -w -o gcc-asan-cxx "$work/cxx.cc"
for bug in mismatch_array templated use_deleted; do
	log "gcc-asan-cxx-$bug" ./gcc-asan-cxx "$bug"
done
gcc -g -O0 -fsanitize=undefined -w -o gcc-ubsan "$work/ub.c"
for bug in add shift_far index_far null_store misaligned vla; do
	log "gcc-ubsan-$bug" env UBSAN_OPTIONS=print_stacktrace=1 ./gcc-ubsan "$bug"
done
log gcc-ubsan-several ./gcc-ubsan add shift_far null_load
gcc -g -O0 -fsanitize=thread -w -o gcc-tsan "$work/threads.c"
log gcc-tsan-race ./gcc-tsan race
gcc -g -O0 -fsanitize=leak -w -o gcc-lsan "$work/crash.c"
log gcc-lsan-leak ./gcc-lsan leak
