# What waits, and who comes next: real passes, engines and runs made up.
load lib
load home

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p bin lib/engine "$LAGO_HOME"
	cp "$TOP"/bin/lago "$TOP"/bin/lago-{dispatch,import,node,status} \
		"$TOP/t/fake/lago-run" bin
	cp "$TOP/lib/engine/local" lib/engine
	export LAGO_LIBEXEC=$PWD/lib LAGO_SHARE=$TOP/share
	PATH=$PWD/bin:$PATH
}

# job ID HOW [KEY=VALUE...]: a queued job.
job() {
	local id=$1 how=$2
	shift 2
	fake_job "$id" cpus=1 memory=100 "$@"
	echo "$how" >"$LAGO_HOME/jobs/$id/bundle.zip"
	lago-import -q
}

sql() {
	sqlite3 "$LAGO_HOME/lago.db" "$@"
}

field() { # JOB.RUN KEY
	sed -n "s/^$2=//p" "$LAGO_HOME/jobs/${1%.*}/runs/${1#*.}/run"
}

# Engines `both` and `too`, whose start and poll end only when they were called
# for both nodes a and b.
together() {
	cat >lib/engine/both <<-END
		#!/bin/sh
		meet() {
			: >$PWD/\$1.\$2
			for _ in \$(seq 200); do
				[ ! -e $PWD/\$1.a ] || [ ! -e $PWD/\$1.b ] || return 0
				sleep 0.1
			done
			exit 75
		}
		case \$1 in
		start) meet start \$2; echo started ;;
		poll) while read -r node run rest; do
			meet poll \$node
			printf '%s\t%s\talive\t1\n' \$node \$run
		done ;;
		fetch) cat >/dev/null; exit 75 ;;
		esac
	END
	chmod +x lib/engine/both
	cp lib/engine/both lib/engine/too
}

@test "queue: nodes start and answer at once, none waits for another" {
	together
	printf '%s\n' 'a both 1 4096' 'b too 1 4096' >"$LAGO_HOME/nodes"
	job 1 wait
	job 2 wait
	run lago-dispatch
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	run lago-dispatch
	[ "$(sql "SELECT count(*) FROM run WHERE state = 'starting'")" -eq 2 ]
	[[ $output != *"poll failed"* ]]
}

@test "queue: -n starts that many and no more" {
	echo 'local local 9 4096' >"$LAGO_HOME/nodes"
	for id in 1 2 3 4 5; do job $id wait; done
	run lago-dispatch -n 2
	[ "${#lines[@]}" -eq 2 ]
	touch "$LAGO_HOME"/jobs/{1,2}/end
}
