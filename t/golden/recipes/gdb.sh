# shellcheck shell=sh
# gdb: sessions, cores, backtraces alone.
need gcc gdb || return 0

gcc -g -O0 -w -o plain "$work/crash.c" -fno-stack-protector
gcc -g -O0 -w -o threads "$work/threads.c"
g++ -g -O0 -w -o cxx "$work/cxx.cc"
# shellcheck disable=SC2016 # gdb's own variable
session() { # NAME PROGRAM BUG
	log "gdb-$1" gdb -nx -batch -ex run -ex bt -ex 'info registers' \
		-ex 'x/i $pc' --args "./$2" "$3"
}
session null_write plain null_write
session null_read plain null_read
session wild_write plain wild_write
session high_write plain high_write
session null_call plain null_call
session wild_call plain wild_call
session divide plain divide
session illegal plain illegal
session trap plain trap
session bus plain bus
session abort plain abort_here
session assert plain assert_here
session double_free plain double_free
session cxx_throws cxx throws
session cxx_use_deleted cxx lambda
session cxx_operators cxx operators
session exit plain exits
session thread plain thread_null
log gdb-recursion gdb -nx -batch -ex run -ex 'bt 30' -ex 'bt -5' --args ./plain two_recursion
log gdb-bt_full gdb -nx -batch -ex run -ex 'bt full' --args ./plain null_write
log gdb-all_threads gdb -nx -batch -ex run -ex 'thread apply all bt' --args ./plain thread_null
log gdb-colour gdb -nx -batch -ex 'set style enabled on' -ex run -ex bt --args ./plain null_write

alone() { # NAME BUG [gdb option]: no line but those of bt
	name=$1 bug=$2
	shift 2
	setarch -R gdb -nx -batch -ex run -ex bt "$@" --args ./plain "$bug" \
		</dev/null 2>&1 | grep '^#' | keep "gdb-$name"
}
alone bt_alone null_write
alone bt_abort abort_here
alone bt_assert assert_here
strip -o stripped plain
setarch -R gdb -nx -batch -ex run -ex bt --args ./stripped null_write \
	</dev/null >whole 2>&1
keep gdb-stripped <whole

# core NAME BUG: where the kernel may put core files here, gcore makes them.
core() {
	rm -f core.*
	setarch -R gdb -nx -batch -ex run -ex "generate-core-file core.$1" \
		--args ./plain "$2" </dev/null >/dev/null 2>&1
	log "gdb-core_$1" gdb -nx -batch -ex bt -ex 'info registers rip rsp' \
		./plain "core.$1"
}
core null null_write
core abort abort_here
setarch -R gdb -nx -batch -ex run -ex "generate-core-file core.threads" \
	--args ./plain thread_null </dev/null >/dev/null 2>&1
log gdb-core_threads gdb -nx -batch -ex 'thread apply all bt' ./plain core.threads
