# shellcheck shell=bash
# Seconds of CPU that it takes to bring 100 new files of a corpus of 100,000 from
# one node to another, through the head: fetch and push of one pass, on all three
# machines, which are one here.  What the same pass costs without news, and with
# a corpus of 1,000, is said before.
files=${BENCH_FILES:-100000}
news=100

# setting N: a home with two nodes whose shards of a job live; the first has
# found N inputs, the other was given all of them.
setting() {
	rm -rf bin lib home n1 n2
	mkdir -p bin lib/engine home n1/lago n2/lago
	cp "$TOP"/bin/lago-{dispatch,import} "$TOP/t/fake/lago-run" bin
	cp -R "$TOP/lib/exec" "$TOP/lib/driver" lib
	cat >lib/engine/here <<-'END'
		#!/bin/sh
		# The node is a directory of this machine.
		at() {
			LAGO_NODE=$HERE/$1 "$HERE/lib/exec/node" "$2"
		}
		case $1 in
		poll) while IFS= read -r line; do
			n=${line%%	*}
			printf '%s\n' "$line" | cut -f 2,5 | at "$n" poll | sed "s/^/$n	/"
		done ;;
		start) { printf 'run %s\nlease %s\nwall 3000\n\n' "$3" "$LAGO_LEASE"
			tar -cPf - --exclude ./runs \
				--transform 's,^\.\./[0-9]*,run,;s,^\.,job,' \
				-C "$LAGO_JOB_DIR" . -C "$LAGO_RUN_DIR" "../${LAGO_RUN_DIR##*/}"
			} | at "$2" start ;;
		fetch) { echo "$3"; cat; } | at "$2" fetch | tee -a "$HERE/moved" ;;
		push) { echo "$3"; cat; } | tee -a "$HERE/moved" | at "$2" push ;;
		stop) printf '%s\tkill\n' "${4-$3}" | at "${3-$2}" stop ;;
		esac
	END
	chmod +x lib/engine/here
	export HERE=$PWD LAGO_HOME=$PWD/home LAGO_LIBEXEC=$PWD/lib PATH=$PWD/bin:$PATH
	mkdir -p home/jobs/1/runs
	printf '%s\n' 'n1 here 2 4096' 'n2 here 2 4096' >home/nodes
	printf '%s\n' name=x target=x project=x driver=afl cpus=2 memory=100 \
		deadline=36000 priority=50 shards=2 retries=3 \
		submitted=1763700000 >home/jobs/1/job
	echo wait >home/jobs/1/bundle.zip
	echo 2 >home/jobs/.next
	lago-import -q
	lago-dispatch -q
	a=$(echo n1/runs/*/run) b=$(echo n2/runs/*/run)
	mkdir -p "$a/queue"
	find_inputs "$1"
	until lago-dispatch >said && ! grep -q push said; do
		take_in
	done
	[ "$(find "$b/foreign" -type f | wc -l)" -eq "$1" ]
}

# find_inputs N: as lago-run keeps them, of 200 bytes or so.
seed=0
find_inputs() {
	seed=$((seed + 1))
	python3 - "$a" "$1" $seed <<-'END'
		import hashlib, os, sys
		run, n, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3]
		with open(run + "/.queue", "a") as names:
		    for i in range(n):
		        data = ("%s %d " % (seed, i) * 20).encode()
		        sha = hashlib.sha256(data).hexdigest()
		        with open(run + "/queue/" + sha, "wb") as f:
		            f.write(data)
		        names.write(sha + "\n")
	END
}

# The runs there end.
finish() {
	local job
	for job in n[12]/runs/*/job; do
		[ ! -d "$job" ] || touch "$job/end"
	done
}
trap finish EXIT

# What the run there does with what came.
take_in() {
	mkdir -p "$b/foreign"
	[ ! -d "$b/incoming" ] || find "$b/incoming" -type f -exec mv -t "$b/foreign" {} +
}

# cpu COMMAND...: its seconds of CPU, of all below it too.
cpu() {
	(
		"$@" >/dev/null
		times
	) | tail -n 1 | tr 'ms' '  ' | awk '{ print $1 * 60 + $2 + $3 * 60 + $4 }'
}

pass() {
	: >moved
	cpu lago-dispatch
}

said() { # N
	local idle
	idle=$(pass)
	find_inputs $news
	echo "# sync.corpus: $1 files, a pass: $idle s without news," \
		"$(pass) s with $news, $(wc -c <moved) bytes moved"
	take_in
}

ours() {
	find_inputs $news
	pass
	[ "$(find "$b/incoming" -type f | wc -l)" -eq $news ]
	take_in
}

if command -v rsync >/dev/null; then
	peer() {
		python3 - "$PWD/trees/a" $news "peer$RANDOM" <<-'END'
			import hashlib, sys
			for i in range(int(sys.argv[2])):
			    data = ("%s %d " % (sys.argv[3], i) * 20).encode()
			    with open(sys.argv[1] + "/" + hashlib.sha256(data).hexdigest(), "wb") as f:
			        f.write(data)
		END
		cpu both
	}
	both() {
		rsync -a --stats trees/a/ trees/head/ >stats
		rsync -a trees/head/ trees/b/
	}
else
	echo "# sync.corpus: rsync, the peer, is not installed"
fi

setting 1000
said 1000
finish
setting "$files"
said "$files"
mkdir -p trees/head trees/b
cp -a "$a/queue" trees/a
! declare -F peer >/dev/null || both
measure less s "CPU of a pass: $news new of $files, to the head and on; peer: rsync twice"
[ ! -f stats ] || awk '/Total bytes (sent|received)/ { gsub(",", ""); n += $NF }
	END { print "# sync.corpus: rsync moved " n " bytes to the head alone" }' stats
