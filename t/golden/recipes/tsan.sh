# shellcheck shell=sh
# ThreadSanitizer.
need clang llvm-symbolizer || return 0

clang -g -O0 -fsanitize=thread -w -o tsan "$work/threads.c"
for bug in race race_heap race_locked race_free use_after_free \
	inversion thread_leak destroy_locked unlock_unlocked unlock_other \
	use_invalid signal_unsafe null_write; do
	log "tsan-$bug" ./tsan "$bug"
done
log tsan-halt env TSAN_OPTIONS=halt_on_error=1 ./tsan race
