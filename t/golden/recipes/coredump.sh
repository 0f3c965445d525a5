# shellcheck shell=sh
# systemd-coredump: what it writes into the journal.
need gcc coredumpctl || return 0
