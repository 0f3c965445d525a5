# shellcheck shell=sh
# HWAddressSanitizer: on x86-64 with pages mapped many times.
need clang llvm-symbolizer || return 0

clang -g -O0 -fsanitize=hwaddress -fsanitize-hwaddress-experimental-aliasing -w \
	-o hwasan "$work/crash.c" || return 0
for bug in heap_read heap_write use_after_free double_free null_write \
	recursion string_too_long huge_malloc; do
	log "hwasan-$bug" ./hwasan "$bug"
done
