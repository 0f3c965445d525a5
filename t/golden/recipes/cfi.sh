# shellcheck shell=sh
# Control flow integrity, telling and trapping.
need clang ld.lld llvm-symbolizer || return 0

clang++ -g -O1 -fsanitize=cfi -flto -fvisibility=hidden -fuse-ld=lld -w \
	-fno-sanitize-trap=cfi -fno-sanitize-recover=cfi -o cfi "$work/cxx.cc"
for bug in bad_method bad_cast wrong_function; do
	log "cfi-$bug" env UBSAN_OPTIONS=print_stacktrace=1 ./cfi "$bug"
done
clang++ -g -O1 -fsanitize=cfi -flto -fvisibility=hidden -fuse-ld=lld -w \
	-fno-sanitize-trap=cfi -o cfi-recover "$work/cxx.cc"
log cfi-recover ./cfi-recover wrong_function
clang++ -g -O1 -fsanitize=cfi -flto -fvisibility=hidden -fuse-ld=lld -w \
	-o cfi-trap "$work/cxx.cc"
need gdb || return 0
# shellcheck disable=SC2016 # gdb's own variable
log cfi-trap gdb -nx -batch -ex run -ex bt -ex 'x/i $pc' --args ./cfi-trap wrong_function
