# shellcheck shell=bash
# The same of one log of 256 MB, in which a fuzzer's progress surrounds a report.
. "$TOP/t/bench/parse.bash"

progress() {
	yes '#1024	REDUCE cov: 12 ft: 13 corp: 5/20b lim: 4 exec/s: 0 rss: 30Mb' |
		head -c "$1"
	echo
}

{
	progress 200000000
	cat "$(find log.1 -type f | sort | head -n 1)"
	progress 56000000
} >big

ours() {
	per 256 "$(cpu lago-triage -l big)"
}

peer() {
	per 256 "$(cpu grep -ciFf words big)"
}

measure more MB/s "one log of 256 MB; peer: grep -ciFf, 20 words"
rm big
