# shellcheck shell=sh
# systemd-coredump as coredumpctl shows it: not for a machine that has systemd
# running, for it stands in for the kernel and for the journal.
need gcc gdb python3 coredumpctl || return 0
[ -x /lib/systemd/systemd-journal-remote ] || {
	echo "coredump: systemd-journal-remote is not here" >&2
	return 0
}
[ ! -e /run/systemd/system ] || return 0

gcc -g -O0 -w -o plain "$work/crash.c" -fno-stack-protector
mkdir -p /run/systemd/journal /var/lib/systemd/coredump
core() { # BUG SIGNAL
	rm -f /run/systemd/journal/socket /run/systemd/coredump ready ./*.export
	python3 journal.py &
	while [ ! -e ready ]; do sleep 0.1; done
	systemd-socket-activate -a --seqpacket -l /run/systemd/coredump \
		/lib/systemd/systemd-coredump &
	listener=$!
	# The process has to be there still: gdb holds it where it crashed.
	setarch -R gdb -nx -batch -ex run -ex "generate-core-file core" -ex "shell
		/lib/systemd/systemd-coredump \$(pgrep -x plain) 0 0 $2 \
		1795281230 18446744073709551615 host <core; sleep 3" \
		--args ./plain "$1" </dev/null >/dev/null 2>&1
	kill "$listener"
	/lib/systemd/systemd-journal-remote -o coredump.journal coredump.export
	log "coredump-$1" coredumpctl --no-pager --file=coredump.journal info
	rm -f coredump.journal
}
core null_write 11
core abort_here 6
core thread_null 11
