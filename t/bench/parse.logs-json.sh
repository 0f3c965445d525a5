# shellcheck shell=bash
# The same with whole records: lago-triage -lj.
. "$TOP/t/bench/parse.bash"

ours() {
	per "$count" "$(cpu triage -jP1)"
}

peer() {
	per "$count" "$(cpu only_grep)"
}

measure more logs/s "$note, with -j; peer: grep -ciFf, 20 words"
