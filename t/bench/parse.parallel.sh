# shellcheck shell=bash
# Logs read a second by a worker on each CPU, against one worker.
. "$TOP/t/bench/parse.bash"
[ "$(nproc)" -ge 2 ] || without "one CPU"

rate() {
	local from
	from=$(now)
	triage "$1" >/dev/null
	per "$count" "$(since "$from")"
}

ours() {
	rate "-P$(nproc)"
}

peer() {
	rate -P1
}

measure more logs/s "$note, $(nproc) workers; peer: one"
