# shellcheck shell=sh
# AddressSanitizer, of clang and of gcc.
need clang || return 0

clang -g -O0 -fsanitize=address -w -o asan /tmp/golden/crash.c
for bug in heap_read heap_write heap_underflow use_after_free double_free \
	bad_free stack_read stack_write stack_underflow dynamic_stack \
	global_read use_after_scope copy_overlap negative_size copy_too_much \
	string_too_long recursion huge_malloc calloc_overflow null_read \
	null_write wild_read wild_write high_write null_call wild_call \
	readonly_write divide illegal bus abort_here assert_here; do
	log "asan-$bug" ./asan "$bug"
done
