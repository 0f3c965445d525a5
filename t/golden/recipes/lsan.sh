# shellcheck shell=sh
# LeakSanitizer, alone and in ASan.
need clang llvm-symbolizer || return 0

clang -g -O0 -fsanitize=leak -w -o lsan "$work/crash.c"
log lsan-leak ./lsan leak
log lsan-leak_list ./lsan leak_list
clang -g -O0 -fsanitize=address -w -o lsan-asan "$work/crash.c"
log lsan-asan ./lsan-asan leak_list
log lsan-null_write ./lsan null_write
