# shellcheck shell=sh
# MemorySanitizer.
need clang llvm-symbolizer || return 0

clang -g -O0 -fsanitize=memory -w -o msan "$work/crash.c"
for bug in uninit uninit_stack null_write recursion huge_malloc; do
	log "msan-$bug" ./msan "$bug"
done
clang -g -O0 -fsanitize=memory -fsanitize-memory-track-origins=2 -w \
	-o msan-origins "$work/crash.c"
log msan-origins ./msan-origins uninit
log msan-origins_stack ./msan-origins uninit_stack
clang -g -O0 -fsanitize=memory -fsanitize-recover=memory -w -o msan-recover \
	"$work/crash.c"
log msan-recover ./msan-recover uninit_twice
log msan-unsymbolized env MSAN_OPTIONS=symbolize=0 ./msan uninit
