# shellcheck shell=bash disable=SC2034,SC2154,SC2317
# What the measurements of lago-minimize share: targets, corpora, and a count of
# tuples by afl-showmap.  Built once, in .bench/corpus.
DATA=${LAGO_TESTDATA:-$TOP/../shared/testdata}
MADE=$TOP/.bench/corpus
mkdir -p "$MADE"
# Another AFL++ than that of the PATH.
[ -z "${BENCH_AFL-}" ] || PATH=$BENCH_AFL:$PATH

# fetch PACKAGE: the distribution's source of it in $MADE/PACKAGE.
fetch() {
	[ ! -d "$MADE/$1" ] || return 0
	(
		cd "$MADE" && mkdir -p apt/lists/partial apt/cache/archives/partial
		# shellcheck disable=SC2016 # apt's own variables
		apt-get indextargets --format \
			'$(CREATED_BY)|$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)' |
			awk -F '|' '$1 == "Packages" && $4 !~ /-/ && $5 == "main" {
				key = "/usr/share/keyrings/" tolower($2)
				key = key "-archive-keyring.gpg"
				print "deb-src [signed-by=" key "]", $3, $4, $5
			}' | sort -u >apt/sources.list
		set -- "$1" -qq -o Dir::Etc::sourcelist="$PWD/apt/sources.list" \
			-o Dir::Etc::sourceparts=- -o Dir::State="$PWD/apt" \
			-o Dir::Cache="$PWD/apt/cache" \
			-o Acquire::Languages=none -o APT::Sandbox::User=root
		package=$1
		shift
		apt-get "$@" update && mkdir -p get && cd get &&
			apt-get "$@" source "$package" &&
			mv "$package"-*/ "$MADE/$package"
	) >"$MADE/fetch.log" 2>&1
}

# expat: its parser as a target in three forms: persistent and, with ASan, one
# file a process, both by AFL++; by libFuzzer.
expat() {
	local lib=$MADE/expat/lib sources flags
	[ ! -x "$MADE/expat-asan" ] || return 0
	fetch expat || return 1
	[ -d "$lib" ] || lib=$MADE/expat/expat/lib
	sources="$lib/xmlparse.c $lib/xmltok.c $lib/xmlrole.c $TOP/t/bench/expat.c"
	[ -e /usr/include/expat_config.h ] || : >"$lib/expat_config.h"
	flags="-O2 -g -w -DBYTEORDER=1234 -DHAVE_MEMMOVE -DHAVE_GETRANDOM
		-DXML_CONTEXT_BYTES=1024 -DXML_DTD -DXML_NS -DXML_STATIC -I$lib"
	export AFL_QUIET=1
	# shellcheck disable=SC2086 # words
	afl-clang-fast -fsanitize=fuzzer $flags -o "$MADE/expat-afl" $sources &&
		clang -fsanitize=fuzzer $flags -o "$MADE/expat-libfuzzer" $sources &&
		AFL_USE_ASAN=1 afl-clang-fast -DFILE_MAIN $flags \
			-o "$MADE/expat-asan" $sources
}

# targets: sets afl, libfuzzer and corpus: Expat and real XML files where both
# can be had, else the chunk reader and files made of its seeds.
targets() {
	command -v afl-cmin >/dev/null || without "AFL++ is not installed"
	if [ -e "$DATA/corpora/xml.tar.xz" ] && expat; then
		afl=$MADE/expat-afl libfuzzer=$MADE/expat-libfuzzer
		corpus=$MADE/xml
		[ -d "$corpus" ] || tar xf "$DATA/corpora/xml.tar.xz" -C "$MADE"
		what=Expat
		return
	fi
	"$TOP/share/examples/build" "$MADE/chunk" >/dev/null
	(cd "$TOP/share/examples/chunk" && AFL_QUIET=1 afl-clang-fast -O2 -w \
		-fsanitize=fuzzer -o "$MADE/chunk-afl" chunk.c fuzz.c &&
		clang -O2 -w -fsanitize=fuzzer -o "$MADE/chunk-libfuzzer" \
			chunk.c fuzz.c)
	afl=$MADE/chunk-afl libfuzzer=$MADE/chunk-libfuzzer corpus=$MADE/made
	what='chunk reader'
	[ -d "$corpus" ] || made "$corpus"
}

# made DIR [FILES]: 6000 files or so many, the seeds with bytes changed or cut
# away; of more than 6000 two fifths are copies.
made() {
	local files=${2:-6000}
	mkdir -p "$1.new"
	for seed in "$TOP"/share/examples/chunk/seeds/*; do
		od -An -v -tu1 -w1 "$seed" | tr -s '\n ' ' '
		echo
	done | awk -v dir="$1.new" -v files="$files" '
	{ seed[NR] = $0 }
	END {
		srand(1)
		for (i = 0; i < files; i++) {
			if (i >= 6000 && i % 5 < 2) {
				print dir "/" i "\t" s
				continue
			}
			n = split(seed[i % NR + 1], b)
			for (k = 1 + int(rand() * 12); k > 0; k--)
				b[int(rand() * n) + 1] = int(rand() * 256)
			if (rand() < 0.3)
				n = int(rand() * n) + 1
			s = ""
			for (k = 1; k <= n; k++)
				s = s sprintf("\\%03o", b[k])
			printf "%s/%d\t%s\n", dir, i, s
		}
	}' | while IFS=$'\t' read -r file bytes; do
		# shellcheck disable=SC2059 # it is the bytes
		printf "$bytes" >"$file"
	done
	# Those that crash or hang are nobody's corpus.
	lago-minimize -t 0.2 -x cache=no -x result=files "$1.new" -- \
		"$MADE/chunk/chunk-afl-plain" 2>/dev/null |
		awk -F '\t' '$2 == "crashed" || $2 == "hung" { print $1 }' |
		xargs -r rm -f
	mv "$1.new" "$1"
}

# raw DIR COMMAND...: the directory raw, a file of lines edge:count for each.
raw() {
	local dir=$1
	shift
	rm -rf raw
	AFL_QUIET=1 AFL_MAP_SIZE=8388608 afl-showmap -q -r -t 10000 -i "$dir" \
		-o raw -- "$@" >/dev/null 2>&1
}

# tuples DIR COMMAND...: edge and class of its count, of all files together,
# each once.  Raw counts, since afl-showmap 4.04 leaves some classes out.
tuples() {
	local dir=$1
	shift
	raw "$dir" "$@"
	find raw -type f -exec cat {} + | awk -F : '
	function class(n) {
		if (n < 4) return n
		if (n < 8) return 4
		if (n < 16) return 8
		return n < 32 ? 16 : n < 128 ? 32 : 128
	}
	{ t[$1 ":" class($2 + 0)] }
	END { for (i in t) print i }' | sort
	rm -rf raw
}

# compare NAME DIR COMMAND...: what that result has, and what it lost of the
# tuples in the file `all`.
compare() {
	local who=$1 dir=$2
	shift 2
	tuples "$dir" "$@" >"$who.tuples"
	echo "# $name: $who $(find "$dir" -type f | wc -l) files," \
		"$(cat "$dir"/* | wc -c) bytes," \
		"$(comm -23 all "$who.tuples" | wc -l) of $(wc -l <all) tuples lost"
}

# seconds COMMAND...: how long that took.  CPU seconds go to cpu.ours or
# cpu.peer, for the function that called.
seconds() {
	local from who=ours TIMEFORMAT='%U %S'
	[[ " ${FUNCNAME[*]} " != *" peer "* ]] || who=peer
	from=$(now)
	{ time "$@" >/dev/null 2>&1; } 2>>"cpu.$who" || [ $? = 1 ]
	since "$from"
}

# fresh DIR: it is not there any more.  Moved, since some file systems make
# files slowly soon after others were removed.
fresh() {
	[ ! -e "$1" ] || mv "$1" "$1.old.$RANDOM$RANDOM"
}

# minimize OUT CORPUS COMMAND...: seconds of ours, nothing remembered.
minimize() {
	fresh "$1"
	seconds lago-minimize -q -x cache=no -o "$1" "$2" -- "${@:3}"
}

# merge OUT CORPUS: seconds of libFuzzer's own -merge=1.
merge() {
	fresh "$1"
	mkdir "$1"
	seconds "$libfuzzer" -timeout=5 -merge=1 "$1" "$2"
}

# afl_cmin OUT CORPUS ARG...: seconds of the afl-cmin that is installed, on all
# CPUs where it can.
afl_cmin() {
	local -a threads=()
	fresh "$1"
	! afl-cmin -h 2>&1 | grep -q -- '-T ' || threads=(-T "$(nproc)")
	AFL_QUIET=1 AFL_ALLOW_TMP=1 seconds afl-cmin "${threads[@]}" -i "$2" \
		-o "$1" -- "${@:3}"
}

# cpu: what the rounds so far took of all CPUs, the least of each.
cpu() {
	for who in ours peer; do
		[ ! -s "cpu.$who" ] || awk '{ print $1 + $2 }' "cpu.$who" |
			sort -g | sed -n "1s/^/$who /p"
	done | awk -v name="$name" '
	{ s = s ", " $1 " " sprintf("%.2f", $2); v[NR] = $2 }
	END {
		if (NR == 2 && v[1] > 0)
			s = s sprintf(", ratio %.2f", v[2] / v[1])
		print "# " name ": CPU seconds: " substr(s, 3)
	}'
}

# compared CORPUS COMMAND...: what both results lost of it.
compared() {
	local from=$1
	shift
	[ ! -e cpu.ours ] || cpu
	tuples "$from" "$@" >all
	compare ours ours "$@"
	compare peer peer "$@"
}

# joint WHAT CORPUS COMMAND...: bytes after joint minimisation, against those of
# whole files.
joint() {
	local what=$1 limit=${BENCH_SECONDS:-60}
	local -a in=("$2" -- "${@:3}")
	ours() {
		rm -rf ours
		lago-minimize -q -b "$limit" -x joint=1 -o ours "${in[@]}"
		cat ours/* | wc -c
	}
	peer() {
		rm -rf peer
		lago-minimize -q -x goal=bytes -o peer "${in[@]}"
		cat peer/* | wc -c
	}
	ROUNDS=1
	measure less bytes "$what, $limit s; peer: fewest bytes by whole files"
	shift
	compared "$@"
}

# memory COMMAND...: runs it; the most KiB that it had goes to the file memory.
memory() {
	local pid
	"$@" &
	pid=$!
	while sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status"; do
		sleep 0.1
	done 2>/dev/null >>memory &
	wait $pid
}

# again WHAT COMMAND...: 100,000 files, two fifths of them copies, minimised anew
# when 1,000 more came, against the first time, with an empty cache; and the most
# memory.
again() {
	local what=$1
	local -a target=("${@:2}")
	[ -d "$MADE/many" ] || made "$MADE/many" 100000
	cp -r "$MADE/many" in
	sleep 3 # so that the files count as settled
	ours() {
		local i
		round=$((${round:-0} + 1))
		for i in $(seq 1000); do
			echo "new $round $i" >"in/new$round.$i"
		done
		seconds memory lago-minimize -q -x cache="$PWD/cache" -o ours \
			in -- "${target[@]}"
	}
	peer() {
		seconds memory lago-minimize -q -x cache="$PWD/cache.$round" \
			-o peer in -- "${target[@]}"
	}
	lago-minimize -q -x cache="$PWD/cache" -o first in -- "${target[@]}" ||
		[ $? = 1 ]
	ROUNDS=${BENCH_ROUNDS:-1}
	measure less s "$what, 100000 files, 1000 new; peer: the first time"
	cpu
	echo "# $name: at most $(sort -n memory | tail -n 1) KiB"
}
