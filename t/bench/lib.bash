# What the measurements share.  One is a file NAME.sh, sourced in an empty
# directory; it sets up, defines ours and peer, which print a number each, and
# ends with `measure`.
ROUNDS=${BENCH_ROUNDS:-3}

header() {
	echo "# $(date +%F) $(nproc) CPUs, $(sed -n \
		's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), Linux" \
		"$(uname -r), load $(cut -d ' ' -f 1-3 /proc/loadavg)"
	echo "# lago $(git describe --always --dirty 2>/dev/null || echo dist)," \
		"$(afl-fuzz -h 2>&1 | grep -o 'afl-fuzz++[0-9a-z.]*')," \
		"sqlite3 $(sqlite3 --version | cut -d ' ' -f 1), $(cc --version | head -n 1)"
}

# without WHY: this cannot be measured here.
without() {
	printf '# %s: %s\n' "$name" "$*"
	exit 0
}

median() {
	sort -g | awk '{ v[NR] = $1 }
		END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

now() {
	date +%s.%N
}

# since TIME: seconds.
since() {
	awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.3f\n", to - from }'
}

# measure more|less UNIT NOTE: rounds of ours and peer in turn; which is
# better.  Without a function peer there is none.
measure() {
	local better=$1 unit=$2 note=$3 i
	for ((i = 1; i <= ROUNDS; i++)); do
		ours >>ours.txt
		if declare -F peer >/dev/null; then peer >>peer.txt; fi
	done
	[ -s peer.txt ] || echo - >peer.txt
	awk -v name="$name" -v better="$better" -v unit="$unit" -v note="$note" \
		-v ours="$(median <ours.txt)" -v peer="$(median <peer.txt)" '
	function short(x) { return sprintf(x + 0 < 100 ? "%.3f" : "%.0f", x) }
	BEGIN {
		if (peer == "-")
			ratio = "-"
		else {
			ratio = better == "more" ? ours / peer : peer / ours
			ratio = sprintf("%.3f", ratio)
			peer = short(peer)
		}
		printf "%s\t%s\t%s\t%s\t%s\t%s\n", name, short(ours), peer,
			ratio, unit, note
	}'
}

# cpu_of PID: seconds of CPU that it and all below it took so far.
cpu_of() {
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v root="$1" \
		-v hz="$(getconf CLK_TCK)" '
	{
		pid = $1
		sub(/^.*\) /, "")
		parent[pid] = $2
		ticks[pid] = $12 + $13 + $14 + $15
	}
	END {
		for (p in parent) {
			for (q = p; q in parent && q != root; )
				q = parent[q]
			if (q == root)
				sum += ticks[p]
		}
		printf "%.2f\n", sum / hz
	}'
}
