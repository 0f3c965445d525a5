# shellcheck shell=sh
# Programs without sanitizers: what glibc and the C++ runtimes say.
need gcc g++ || return 0

gcc -g -O0 -w -fno-stack-protector -o plain "$work/crash.c"
for bug in double_free bad_free chunk_size munmap_chunk smash_free_list \
	top_size big_double_free bad_realloc assert_here; do
	log "glibc-$bug" ./plain "$bug"
done
gcc -g -O2 -w -fstack-protector-all -D_FORTIFY_SOURCE=2 -o hard "$work/crash.c"
gcc -g -O0 -w -fstack-protector-all -o smash "$work/crash.c"
log glibc-smash ./smash smash
log glibc-fortify env LONG=0123456789012345678901234567890 ./hard copy_string
log glibc-percent_n ./hard percent_n
g++ -g -O0 -w -o cxx "$work/cxx.cc"
for bug in throws throws_own throws_plain throws_int throws_out_of_range \
	throws_in_noexcept terminates rethrows joinable null_string pure; do
	log "terminate-$bug" ./cxx "$bug"
done
g++ -g -O0 -w -D_GLIBCXX_ASSERTIONS -o cxx-checked "$work/cxx.cc"
log terminate-checked_index ./cxx-checked index
log terminate-checked_front ./cxx-checked front
need clang++ || return 0
clang++ -g -O0 -w -stdlib=libc++ -o libcxx "$work/cxx.cc"
for bug in throws throws_plain throws_int terminates joinable pure; do
	log "libcxx-$bug" ./libcxx "$bug"
done
clang++ -g -O0 -w -stdlib=libc++ -D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_DEBUG \
	-o libcxx-checked "$work/cxx.cc"
log libcxx-checked_index ./libcxx-checked index
