# shellcheck shell=sh
# UndefinedBehaviorSanitizer: full runtime with and without stacks, going on
# and not, minimal runtime, traps.
need clang llvm-symbolizer || return 0

ub=undefined,integer,implicit-conversion,nullability,float-divide-by-zero,local-bounds
clang -g -O0 -fsanitize=$ub,function -w -o ubsan "$work/ub.c"
export UBSAN_OPTIONS=print_stacktrace=1
for bug in add subtract multiply negate unsigned_add divide divide_least \
	shift_far shift_negative shift_out index_far null_load null_store \
	null_member misaligned bool_value unreachable vla float_cast implicit \
	pointer_far null_offset null_argument null_return builtin \
	function_type alignment; do
	log "ubsan-$bug" ./ubsan "$bug"
done
clang++ -g -O0 -fsanitize=undefined,return -w -o ubsan-cxx "$work/enum.cc"
for bug in enum_value no_return reference vptr member_null; do
	log "ubsan-cxx-$bug" ./ubsan-cxx "$bug"
done
UBSAN_OPTIONS=print_stacktrace=1:report_error_type=1
log ubsan-error_type ./ubsan shift_far
UBSAN_OPTIONS=print_stacktrace=0
log ubsan-no_stack ./ubsan shift_far
log ubsan-several ./ubsan shift_far add index_far misaligned
UBSAN_OPTIONS=print_stacktrace=1
log ubsan-several_stacks ./ubsan shift_far add index_far
UBSAN_OPTIONS=color=always
log ubsan-colour ./ubsan add
clang -g -O0 -fsanitize=$ub -fno-sanitize-recover=all -w -o ubsan-stop "$work/ub.c"
log ubsan-stop env UBSAN_OPTIONS=print_stacktrace=1 ./ubsan-stop add shift_far
log ubsan-stop_no_stack env -u UBSAN_OPTIONS ./ubsan-stop add shift_far
unset UBSAN_OPTIONS
clang -g -O0 -fsanitize=address,undefined -w -o ubsan-asan "$work/ub.c"
log ubsan-asan ./ubsan-asan add null_store
clang -g -O0 -fsanitize=undefined -w -o ubsan-crash "$work/crash.c"
log ubsan-null_write ./ubsan-crash null_write
log ubsan-wild_write ./ubsan-crash wild_write
log ubsan-stack_overflow ./ubsan-crash recursion

ub=undefined,integer,nullability,local-bounds
clang -g -O0 -fsanitize=$ub -fsanitize-minimal-runtime -w -o ubsan-minimal "$work/ub.c"
log ubsan-minimal-add ./ubsan-minimal add
log ubsan-minimal-several ./ubsan-minimal shift_far index_far null_load misaligned
clang -g -O0 -fsanitize=$ub -fsanitize-minimal-runtime -fno-sanitize-recover=all \
	-w -o ubsan-minimal-stop "$work/ub.c"
log ubsan-minimal-stop ./ubsan-minimal-stop negate
