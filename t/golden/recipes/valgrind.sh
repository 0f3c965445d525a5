# shellcheck shell=sh
# valgrind: memcheck, helgrind, drd.
need gcc valgrind || return 0

gcc -g -O0 -w -o plain "$work/crash.c" -fno-stack-protector
gcc -g -O0 -w -o threads "$work/threads.c"
g++ -g -O0 -w -o cxx "$work/cxx.cc"
for bug in heap_read heap_write use_after_free double_free bad_free uninit \
	uninit_stack string_overlap null_write wild_write null_call recursion \
	assert_here abort_here divide illegal leak leak_list \
	string_too_long; do
	log "valgrind-$bug" valgrind --leak-check=full ./plain "$bug"
done
for bug in mismatch mismatch_array throws use_deleted; do
	log "valgrind-cxx_$bug" valgrind ./cxx "$bug"
done
log valgrind-origins valgrind --track-origins=yes ./plain uninit
log valgrind-syscall valgrind ./plain uninit_write
for bug in race race_locked inversion unlock_unlocked destroy_locked; do
	log "helgrind-$bug" valgrind --tool=helgrind ./threads "$bug"
done
for bug in race unlock_unlocked destroy_locked; do
	log "drd-$bug" valgrind --tool=drd ./threads "$bug"
done
