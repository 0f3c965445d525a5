# shellcheck shell=sh
# AddressSanitizer of clang.
need clang llvm-symbolizer || return 0

clang -g -O0 -fsanitize=address -w -o asan "$work/crash.c"
for bug in heap_read heap_write heap_underflow use_after_free double_free \
	bad_free stack_read stack_write stack_underflow dynamic_stack \
	global_read use_after_scope use_after_return copy_overlap join_overlap \
	negative_size copy_too_much string_too_long recursion two_recursion \
	huge_malloc calloc_overflow array_overflow page_overflow alignment \
	usable_size thread_write poisoned null_read null_write wild_read \
	wild_write high_write null_call wild_call readonly_write divide bus; do
	log "asan-$bug" ./asan "$bug"
done
export ASAN_OPTIONS=handle_abort=1:handle_sigill=1:handle_sigtrap=1
for bug in abort_here assert_here illegal trap; do
	log "asan-$bug" ./asan "$bug"
done
ASAN_OPTIONS=print_scariness=1:dedup_token_length=3
log asan-scariness ./asan use_after_free
ASAN_OPTIONS=symbolize=0
log asan-unsymbolized ./asan heap_write
ASAN_OPTIONS=color=always
log asan-colour ./asan use_after_free
ASAN_OPTIONS=hard_rss_limit_mb=200
log asan-rss_limit ./asan all_memory
ASAN_OPTIONS=max_allocation_size_mb=100
log asan-allocation_limit ./asan huge_malloc
ASAN_OPTIONS=detect_invalid_pointer_pairs=2
clang -g -O0 -fsanitize=address,pointer-compare -w -o asan-pairs "$work/crash.c"
log asan-pointer_pair ./asan-pairs pointer_pair
unset ASAN_OPTIONS

clang -g -O1 -fno-omit-frame-pointer -fsanitize=address -w -o asan-o1 "$work/crash.c"
log asan-optimised ./asan-o1 double_free
clang -g -O0 -fsanitize=address -w -shared-libasan -o asan-shared "$work/crash.c"
log asan-shared env LD_LIBRARY_PATH="$(dirname "$(clang -print-file-name=libclang_rt.asan-x86_64.so)")" \
	./asan-shared double_free
clang -g -O0 -fsanitize=address -w -fPIC -shared -o libodr.so "$work/odr.c"
clang -g -O0 -fsanitize=address -w -o asan-odr "$work/crash.c" ./libodr.so
log asan-odr ./asan-odr
clang++ -g -O0 -fsanitize=address -w -o order "$work/order.cc" \
	-DOTHER -c -o order1.o && clang++ -g -O0 -fsanitize=address -w -c \
	-o order2.o "$work/order.cc"
clang++ -fsanitize=address -o order order1.o order2.o
log asan-init_order env ASAN_OPTIONS=check_initialization_order=1:strict_init_order=1 ./order
clang -g -O0 -fsanitize=address -fsanitize-recover=address -w -o asan-recover "$work/crash.c"
log asan-recover env ASAN_OPTIONS=halt_on_error=0 ./asan-recover bad_pair

clang++ -g -O0 -fsanitize=address -w -o asan-cxx "$work/cxx.cc"
for bug in mismatch mismatch_array sized use_deleted index front \
	lambda templated operators throws pure; do
	log "asan-cxx-$bug" ./asan-cxx "$bug"
done
clang++ -g -O0 -fsanitize=address -w -stdlib=libc++ -o asan-libcxx "$work/cxx.cc"
for bug in container index templated; do
	log "asan-libcxx-$bug" ./asan-libcxx "$bug"
done
