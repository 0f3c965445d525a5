# shellcheck shell=bash
# Logs read a second of CPU by one worker: lago-triage -l, against grep -c of
# some words.
. "$TOP/t/bench/parse.bash"

ours() {
	per "$count" "$(cpu triage -P1)"
}

peer() {
	per "$count" "$(cpu only_grep)"
}

known "$name"
measure more logs/s "$note; peer: grep -ciFf, 20 words"
