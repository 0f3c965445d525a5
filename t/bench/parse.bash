# Logs to read, for parse.*: copies of ClusterFuzz's test logs, or of our golden
# ones where those are not beside the checkout.  One thread is measured in CPU
# seconds, which other work on the machine changes little.  Sourced.
DATA=${LAGO_TESTDATA:-$TOP/../shared/testdata}
COPIES=${BENCH_COPIES:-100}

logs=$DATA/crash-logs/clusterfuzz/log
set='ClusterFuzz logs'
[ -d "$logs" ] || {
	logs=$TOP/t/golden/logs
	set='golden logs (no ClusterFuzz set here)'
}
for ((copy = 1; copy <= COPIES; copy++)); do
	cp -R "$logs" "log.$copy"
done
find log.* -type f -print0 | sort -z >names
count=$(tr -cd '\0' <names | wc -c)
bytes=$(xargs -0 cat <names | wc -c)
# shellcheck disable=SC2034 # for those that source this
megabytes=$(awk -v n="$bytes" 'BEGIN { print n / 1e6 }')
# shellcheck disable=SC2034
note="$count $set of $((bytes / count)) bytes"

# Words that tell, as far as grep can: what it costs to only see them.
cat >words <<'END'
Sanitizer
runtime error:
 of size 
libFuzzer
ssertion
Check failed
panic
 leak of 
allocated by
freed by
created by
received signal
terminate called
Exception
Traceback
goroutine
SCARINESS
DEDUP_TOKEN
=========
out of memory
END

# cpu COMMAND...: CPU seconds of one run.
cpu() {
	local TIMEFORMAT='%U %S' took
	took=$({ time "$@" >/dev/null 2>&1; } 2>&1)
	awk '{ print $1 + $2 + 0.0001 }' <<<"$took"
}

# per WHAT SECONDS: so much a second.
per() {
	awk -v n="$1" -v s="$2" 'BEGIN { print n / s }'
}

# triage OPTION...: reads them all.
triage() {
	lago-triage -0l "$@" - <names || [ $? = 1 ]
}

only_grep() {
	xargs -0 -n 100000 grep -ciFf words <names
}

# known: of those that are not packaged here.
known() {
	echo "# $1: ClusterFuzz's parser was measured once, on a machine of this" \
		"kind, at 299 logs/s and 1.42 MB/s, CASR's library at 269 logs/s"
}
