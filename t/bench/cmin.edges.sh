# shellcheck shell=bash disable=SC2034,SC2154
# Files that are enough for all edges, against the fewest there can be: what an
# integer program says of afl-showmap's edges, or optimin.
. "$TOP/t/bench/corpus.bash"
command -v optimin glpsol >/dev/null || without "neither optimin nor glpsol (glpk-utils)"
targets

ours() {
	rm -rf ours
	lago-minimize -q -x cache=no -x cover=edges -o ours "$corpus" -- "$afl"
	find ours -type f | wc -l
}

# program: the cover of raw/* as an integer program, without files that have
# the same edges as others, and edges that the same files have.
program() {
	find raw -type f -exec awk -F : '
	FNR == 1 { if (s != "") print s; s = "" }
	{ s = s " " $1 }
	END { print s }' {} + | sort -u | awk '
	{ for (i = 1; i <= NF; i++) of[$i] = of[$i] " + x" NR }
	END {
		print "Minimize"
		for (i = 1; i <= NR; i++)
			printf "%s x%d%s", (i > 1 ? " +" : "n:"), i,
				(i % 10 ? "" : "\n")
		print "\nSubject To"
		for (e in of)
			if (!(of[e] in done)) {
				done[of[e]]
				gsub(/x[0-9]+ \+ x[0-9]+ \+ x[0-9]+ /, "&\n", of[e])
				print substr(of[e], 3), ">= 1"
			}
		print "Binary"
		for (i = 1; i <= NR; i++)
			print "x" i
		print "End"
	}'
}

peer() {
	if command -v optimin >/dev/null; then
		rm -rf peer
		AFL_QUIET=1 optimin -C -i "$corpus" -o peer -- "$afl" - >log 2>&1
		find peer -type f | wc -l
		return
	fi
	raw "$corpus" "$afl" -
	program >cover.lp
	glpsol --lp cover.lp --tmlim 600 -o cover.out >glpsol.log
	awk '/^Status:/ { s = $0 } /^Objective:/ { n = $4 }
		END { print s ~ /OPTIMAL/ ? n : "not solved" }' cover.out
}

ROUNDS=1
measure less files "$what, edges only; peer: the optimum"
echo "# $name: ours $(cat ours/* | wc -c) bytes"
