# shellcheck shell=bash
# MB read a second of CPU by one worker, of many logs, against grep -c.
. "$TOP/t/bench/parse.bash"

ours() {
	per "$megabytes" "$(cpu triage -P1)"
}

peer() {
	per "$megabytes" "$(cpu only_grep)"
}

known "$name"
measure more MB/s "$note; peer: grep -ciFf, 20 words"
