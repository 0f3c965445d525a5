# What demo and demo-real share: sourced with $dir set to the directory to
# work in.
# shellcheck shell=sh disable=SC2154
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

say() {
	printf '\n# %s\n' "$*"
}

# table HEADING...: the TAB-separated lines of standard input, for people.
table() {
	{
		printf '%s\t' "$@"
		echo
		cat
	} | awk -F '\t' '
		{
			line[NR] = $0
			for (i = 1; i <= NF; i++)
				if (length($i) > wide[i])
					wide[i] = length($i)
		}
		END {
			for (n = 1; n <= NR; n++) {
				text = ""
				for (i = 1; i <= split(line[n], field); i++)
					text = text sprintf("%-*s  ", wide[i], field[i])
				sub(/ +$/, "", text)
				print text
			}
		}'
}

# jobs: all of them, as lago-status tells them.
jobs() {
	lago-status -aj | jq -r '[.id, .name, .state, .execs, .edges, .crashes,
		.bugs] | @tsv' |
		table job name state executions edges crashes bugs
}

# bugs: all of them, as lago-crashes tells them.
bugs() {
	lago-crashes -aj | jq -r '[.id, .severity, .kind, .access, .crashes,
		.top] | @tsv' |
		table bug severity kind access inputs 'innermost frames'
}

# submit BUNDLE: its job.
submit() {
	lago-submit -P 1 -m 1024 -t "$seconds" "$1" | cut -f 1
}

# run_dir JOB: its newest run.
run_dir() {
	runs=$LAGO_HOME/jobs/$1/runs
	[ -d "$runs" ] || return 0
	(cd "$runs" && find . -maxdepth 1 -name '[0-9]*') | cut -c 3- |
		sort -n | tail -n 1 | sed "s|^|$runs/|"
}

# get FILE KEY: a value of a key=value file.
get() {
	sed -n "s/^$2=//p" "$1" 2>/dev/null | tail -n 1
}

# progress JOB: in a few words.
progress() {
	run=$(run_dir "$1")
	phase=$(get "$run/progress" phase)
	printf '%s %s: %s' "$1" "$(get "$LAGO_HOME/jobs/$1/job" driver)" \
		"${phase:-waiting}"
	# fields: lago-records(5)
	tail -n 1 "$run/stats.tsv" 2>/dev/null | awk -F '\t' \
		'{ printf ", %d crash inputs, %d bugs", $15, $17 }'
}

# all_ended JOB...: one way or the other?
all_ended() {
	for job; do
		case $(get "$(run_dir "$job")/run" state) in
		done | failed | killed) ;;
		*) return 1 ;;
		esac
	done
}

# run_jobs JOB...: dispatches until these have ended, and says how they do.
run_jobs() {
	lago-dispatch -q -i 2 &
	dispatch=$!
	shown='' from=$(date +%s)
	until all_ended "$@"; do
		kill -0 "$dispatch" || exit 1
		line=
		for job; do
			line="$line${line:+ | }$(progress "$job")"
		done
		if [ -t 1 ]; then
			printf '\r\033[K%3d s: %s' $(($(date +%s) - from)) "$line"
		elif [ "$line" != "$shown" ]; then
			printf '%3d s: %s\n' $(($(date +%s) - from)) "$line"
		fi
		shown=$line
		sleep 1
	done
	[ ! -t 1 ] || printf '\r\033[K'
	kill "$dispatch"
	wait "$dispatch" 2>/dev/null || :
	dispatch=
	lago-dispatch -q
}

# finish: nothing of ours stays behind a ^C.
finish() {
	status=$?
	trap - EXIT
	[ -z "$dispatch" ] || kill "$dispatch" 2>/dev/null || :
	[ ! -d "$LAGO_HOME/jobs" ] || lago-kill -k -q -a 2>/dev/null || :
	exit $status
}

# new_home: an empty home, and the commands of this tree, in place or
# installed, first in PATH.
new_home() {
	unset LAGO_LIBEXEC LAGO_SHARE
	export LAGO_HOME="$dir/home"
	for bin in "$here/../../bin" "$here/../../../bin"; do
		[ ! -x "$bin/lago-run" ] || break
	done
	bin=$(cd "$bin" && pwd)
	PATH=$bin:$PATH
	dispatch=
	[ ! -d "$LAGO_HOME/jobs" ] || lago-kill -k -q -a 2>/dev/null || :
	rm -rf "$LAGO_HOME"
	mkdir "$LAGO_HOME"
	trap finish EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}
