# shellcheck shell=bash
# A home of made-up nodes and jobs for measurements of lago-dispatch.  The engine
# is a script that says yes.  What counts is the CPU time of lago-dispatch
# itself, without the engines'.

# dispatch_home NODES QUEUED HISTORY: nodes of 4 CPUs, waiting jobs of 4 CPUs,
# finished jobs, with a run and an event each, that are rows only.
dispatch_home() {
	export LAGO_HOME=$PWD/home LAGO_LIBEXEC=$PWD/lib
	rm -rf home lib
	cc -O2 -o own "$TOP/t/bench/own.c"
	mkdir -p lib/engine home/jobs
	cat >lib/engine/yes <<-'END'
		#!/bin/sh
		case $1 in
		poll) awk -F '\t' -v ended=" $ENDED " '{
			n = split($3, part, "/")
			over = index(ended, " " part[n - 2] " ")
			print $1 "\t" $2 "\t" (over ? "ended\t0" : "alive\t1000000\tsame")
			}' ;;
		start) echo started ;;
		fetch) cat >/dev/null; exec cat "$LAGO_HOME/whole.tar" ;;
		esac
	END
	chmod +x lib/engine/yes
	seq "$1" | sed 's/.*/n& yes 4 8192 x/' >home/nodes
	seq "$2" | sed 's,^,home/jobs/,' | xargs mkdir
	printf '%s\n' driver=libfuzzer name=png target=png project=png cpus=4 \
		memory=2048 disk=20480 deadline=3600 provision_timeout=600 \
		priority=50 retries=3 shards=1 network=0 sandbox=auto \
		bundle=bundle.zip submitted=1763700000 member=target named=1 \
		shape=lagopus >job
	seq "$2" | while read -r id; do
		printf '%s\nowner=user%d\n' "$(<job)" $((id % 20)) \
			>"home/jobs/$id/job"
	done
	echo $(($2 + 1)) >home/jobs/.next
	lago-import -q
	sqlite3 home/lago.db "
		WITH RECURSIVE n(i) AS (SELECT 1 WHERE $3 > 0 UNION ALL
			SELECT i + 1 FROM n WHERE i < $3)
		INSERT INTO job (id, name, target, project, cpus, memory,
			deadline, priority, shards, retries, submitted, owner,
			needs, state, reason, ended)
		SELECT 100000000 + i, 'png', 'png', 'png', 4, 2048, 3600, 50, 1,
			3, i, 'user1', '', 'done', 'deadline', i FROM n;
		INSERT INTO run (job, run, uuid, node, shard, attempt, losses,
			state, reason, created, started, ended, watched)
		SELECT id, 1, hex(randomblob(16)), 'n' || (1 + id % $1), 1, 1, 0,
			state, reason, ended, ended, ended, 0 FROM job
			WHERE id > 100000000;
		INSERT INTO event (job, at, length, time, who, verb, value)
		SELECT 0, 64 * (id - 100000000), 64, ended, 'a', 'news', 'x'
			FROM job WHERE id > 100000000;"
	# What a run that ended left to fetch.
	mkdir -p end
	printf 'whole\t1\n' >end/.end
	printf '%s\n' state=done reason=deadline phase=done >end/progress
	tar -cf home/whole.tar -C end progress .end
}

# pass OPTION...: one of lago-dispatch, its own seconds on a CPU.
pass() {
	./own lago-dispatch "$@" >said 3>used
	cat used
}
