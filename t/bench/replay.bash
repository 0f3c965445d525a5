# shellcheck shell=bash disable=SC2154 # name is of t/bench/run
# What the measurements of replay share: targets and inputs, built once in
# .bench/replay, and how both sides are timed.  Inputs per second, one worker,
# one try, everything from the start of the command to its last record.
R=$TOP/.bench/replay
mkdir -p "$R"
command -v clang >/dev/null || without "clang is not installed"

# built NAME SOURCE...: there, and newer than its sources?
built() {
	[ -e "$R/$1" ] && [ -z "$(find "${@:2}" -newer "$R/$1")" ]
}

# chunk NAME MAIN FLAG...: the examples' reader.
chunk() {
	local src=$TOP/share/examples/chunk
	built "$1" "$src/chunk.c" "$src/$2" || clang -g -O1 \
		-fno-omit-frame-pointer "${@:3}" -o "$R/$1" "$src/chunk.c" \
		"$src/$2"
}

# chunk_inputs COUNT BUG...: so many of each, in inputs/.
chunk_inputs() {
	local bug i
	mkdir -p inputs
	for bug in "${@:2}"; do
		for i in $(seq "$1"); do
			{
				cat "$TOP/share/examples/chunk/crashes/$bug"
				printf 'tail %d' "$i"
			} >"inputs/$bug-$i"
		done
	done
}

count() {
	find inputs -type f | wc -l
}

# triage WORKERS COMMAND...: rate of all inputs; the records stay.
triage() {
	local from seconds
	from=$(now)
	lago-triage -j -r 1 -P "$1" -x more=0 inputs -- "${@:2}" >records ||
		[ $? = 1 ]
	seconds=$(since "$from")
	# Time of the runs themselves, of all there is for that many workers.
	jq -s --arg s "$seconds" --arg n "$1" '100 - 100 * (map(.wall_us) | add) /
		1e6 / ($s | tonumber) / ($n | tonumber)' records >>outside.txt
	awk -v n="$(count)" -v s="$seconds" 'BEGIN { print n / s }'
}

# one_by_one COUNT COMMAND...: rate of that many of the inputs, spread over all;
# the last word is the input.
one_by_one() {
	local from some=$1 input
	shift
	from=$(now)
	find inputs -type f | sort | awk -v all="$(count)" -v n="$some" '
		int(NR * n / all) > int((NR - 1) * n / all)' >chosen
	while read -r input; do
		"$@" "$input" </dev/null >/dev/null 2>&1 || :
	done <chosen 2>aborts
	awk -v n="$some" -v s="$(since "$from")" 'BEGIN { print n / s }'
}

outside() {
	local modes
	modes=$(jq -r .mode records | sort | uniq -c | xargs)
	echo "# $name: $(median <outside.txt | cut -d . -f 1)% of the time" \
		"outside the target; modes: $modes"
}
