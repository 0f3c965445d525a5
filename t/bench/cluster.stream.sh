# shellcheck shell=bash
# Different stacks put together a second, as lago-triage -s does, against all
# compared with all, in one run on the same ones.  Before it, what 100,000
# reports cost, a tenth of them different: seconds of CPU, clusters, memory.
test=$TOP/t/unit/similarity-test
kinds=${BENCH_STACKS:-1000}
make -s -C "$TOP" t/unit/similarity-test

rate() {
	awk -v n="$kinds" '{ print n / ($1 > 0 ? $1 : 0.001) }'
}

ours() {
	"$test" stream "$kinds" "$kinds" | rate
}

peer() {
	"$test" plain "$kinds" "$kinds" | rate
}

"$test" stream 100000 10000 | awk '{ print "# cluster.stream: 100,000 stacks, 10,000 " \
		"different: " $1 " s, " $2 " clusters, " $3 " KiB" }'
[ "$("$test" stream "$kinds" "$kinds" | cut -d ' ' -f 2)" = \
	"$("$test" plain "$kinds" "$kinds" | cut -d ' ' -f 2)" ]
measure more stacks/s "$kinds different stacks; peer: all compared with all"
