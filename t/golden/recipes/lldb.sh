# shellcheck shell=sh
# lldb: sessions and backtraces alone.
need gcc lldb || return 0

gcc -g -O0 -w -o plain "$work/crash.c" -fno-stack-protector
g++ -g -O0 -w -o cxx "$work/cxx.cc"
session() { # NAME PROGRAM BUG
	log "lldb-$1" lldb -x -b -o 'settings set use-color false' -o run -o bt \
		-k bt -k 'register read rip rsp' -k quit -- "./$2" "$3"
}
session null_write plain null_write
session wild_write plain wild_write
session null_call plain null_call
session divide plain divide
session abort plain abort_here
session assert plain assert_here
session double_free plain double_free
session illegal plain illegal
session thread plain thread_null
session cxx_throws cxx throws
session cxx_lambda cxx lambda
setarch -R lldb -x -b -o run -k bt -k quit -- ./plain null_write </dev/null 2>&1 |
	sed -n '/^(lldb) bt/,$p' | grep -v '^(lldb)' | keep lldb-bt_alone
