# A node as a real sshd on 127.0.0.1 with a stand-in for lago-run, reached over a
# master connection; for measurements of what a verb costs beside `ssh node true`.
# shellcheck shell=bash
skip() {
	without "$*"
}
BATS_FILE_TMPDIR=$PWD
. "$TOP/t/ssh.bash"
. "$TOP/t/home.bash"
command -v parallel >/dev/null || without "parallel is not installed"
export LAGO_HOME=$PWD/home LAGO_NODE_ARG=one LAGO_BIN=$TOP/bin
mkdir -p "$LAGO_HOME" one/lago/{bin,lib/exec}
cp "$TOP"/lib/exec/{node,lease} one/lago/lib/exec
cp "$TOP/t/fake/lago-run" one/lago/bin
ssh_up
ssh_use
trap 'end_all; ssh_down' EXIT

# What waits ends.
end_all() {
	local dir
	for dir in one/runs/*/job; do
		touch "$dir/end"
	done
}

# runs FROM COUNT: jobs whose run has not begun; each its own uuid.
runs() {
	local i dir
	for ((i = $1; i < $1 + $2; i++)); do
		fake_job "$i"
		echo wait >"$LAGO_HOME/jobs/$i/bundle.zip"
		dir=$LAGO_HOME/jobs/$i/runs/1
		mkdir -p "$dir"
		printf 'uuid=%032x\nby=dispatch\nnode=n\n' "$i" >"$dir/run"
	done
}

engine() { # JOB WORDS...
	LAGO_JOB_DIR=$LAGO_HOME/jobs/$1 LAGO_RUN_DIR=$LAGO_HOME/jobs/$1/runs/1 \
		"$TOP/lib/engine/ssh" "${@:2}" </dev/null >>said
}

# milliseconds FROM COUNT: of each since then.
milliseconds() {
	since "$1" | awk -v n="$2" '{ print $1 * 1000 / n }'
}

peer() {
	local from i
	from=$(now)
	for i in 1 2 3 4 5 6 7 8 9 10; do
		ssh -F r/lago-ssh.*/config one true </dev/null
	done
	milliseconds "$from" 10
}
