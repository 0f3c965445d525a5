# shellcheck shell=bash
# Own CPU seconds of a pass as nodes with their runs, waiting jobs, finished jobs
# and starts become more.  A line each: what grew, then the seconds for it.
. "$TOP/t/bench/dispatch.bash"

# grew NAME NODES QUEUED HISTORY [STARTS]: ours are the seconds of a pass,
# quiet or with so many starts.
grew() {
	local name=$name.$1 starts=${5-0}
	dispatch_home "$2" "$3" "$4"
	if [ "$starts" = 0 ]; then pass -n 100000 >/dev/null; fi
	ours() {
		pass -n "$starts"
	}
	rm -f ours.txt peer.txt
	measure less s "$2 nodes, $3 jobs, $4 finished ones, $starts starts"
}

grew nodes-250 250 1250 0
grew nodes-500 500 1500 0
grew nodes-1000 1000 2000 0
grew queue-2500 100 2600 0
grew queue-5000 100 5100 0
grew queue-10000 100 10100 0
grew history-0 100 1100 0
grew history-100000 100 1100 100000
grew history-1000000 100 1100 1000000
grew starts-50 1000 10000 0 50
grew starts-200 1000 10000 0 200
