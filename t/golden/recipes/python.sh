# shellcheck shell=sh
# Python: tracebacks, and faulthandler.
need python3 || return 0

python=python
python3 -c 'import sys; sys.exit(sys.version_info < (3, 13))' || python=pythonold
for bug in index key custom no_message assertion chained caused library \
	recursion mutual syntax bad_module decode closure generator \
	in_thread group noted interrupt memory finalizer; do
	[ $python = python ] || case $bug in
	index | caused | recursion | syntax | group) ;;
	*) continue ;;
	esac
	log "$python-$bug" python3 bugs.py "$bug"
done
for bug in segv abort segv_in_thread dump_later; do
	[ $python = python ] || [ $bug = segv ] || continue
	log "$python-fault_$bug" python3 -X faulthandler bugs.py "$bug"
done
log "$python-index_shell" python3 -c 'import bugs
def f(): bugs.outer_fn("index", 7)
f()'
