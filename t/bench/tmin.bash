# shellcheck shell=bash disable=SC2154
# What the measurements tmin.* share: a crash input made smaller by lago and by
# whoever else is there, in turn, on the same target; each result is judged by
# lago-triage: the same bucket, or a bug-switch.  Seconds of wall time; the
# budget of each is BENCH_SECONDS, 60 by default, as libFuzzer's is.
. "$TOP/t/bench/corpus.bash"
command -v afl-tmin >/dev/null || without "AFL++ is not installed"
limit=${BENCH_SECONDS:-60}
TMIN=$TOP/t/bench/tmin
mkdir -p "$MADE/tmin"

# lua: the library without its interpreter.
lua_sources() {
	fetch lua5.4 || return 1
	find "$MADE/lua5.4/src" -name '*.c' ! -name lua.c ! -name luac.c
}

# target NAME FLAGS...: $MADE/tmin/NAME{-afl,-libfuzzer,-plain}; sets afl,
# libfuzzer and plain.  What a name needs besides its own source is known here.
target() {
	local source=${1%%.*} out=$MADE/tmin/$1 lib=$MADE/expat/lib
	local -a also=() flags
	shift
	flags=(-O1 -g -w -D_GNU_SOURCE "$@")
	case $source in
	xml)
		fetch expat || without "no source of expat"
		[ -d "$lib" ] || lib=$MADE/expat/expat/lib
		also=("$lib/xmlparse.c" "$lib/xmltok.c" "$lib/xmlrole.c")
		flags+=(-DBYTEORDER=1234 -DHAVE_MEMMOVE -DHAVE_GETRANDOM
			-DXML_CONTEXT_BYTES=1024 -DXML_DTD -DXML_NS
			-DXML_STATIC "-I$lib")
		;;
	lua)
		mapfile -t also < <(lua_sources)
		[ ${#also[@]} -gt 0 ] || without "no source of lua5.4"
		echo '#define DEB_HOST_MULTIARCH "none"' \
			>"$MADE/tmin/lua5.4-deb-multiarch.h"
		flags+=("-I$MADE/lua5.4/src" "-I$MADE/tmin" -lm)
		;;
	png)
		[ -e /usr/include/png.h ] || without "no libpng-dev"
		flags+=(-lpng -lz)
		;;
	esac
	afl=$out-afl libfuzzer=$out-libfuzzer plain=$out-plain
	[ "$plain" -nt "$TMIN/$source.c" ] || (
		export AFL_QUIET=1
		afl-clang-fast "$TMIN/$source.c" "$TMIN/main.c" "${also[@]}" \
			"${flags[@]}" -o "$afl"
		clang -fsanitize=fuzzer "$TMIN/$source.c" "${also[@]}" \
			"${flags[@]}" -o "$libfuzzer"
		clang "$TMIN/$source.c" "$TMIN/main.c" "${also[@]}" \
			"${flags[@]}" -o "$plain"
	) >"$out.log" 2>&1
}

# generated NAME: the file `input`.
generated() {
	[ "$MADE/tmin/gen" -nt "$TMIN/gen.c" ] ||
		cc -w -O1 -o "$MADE/tmin/gen" "$TMIN/gen.c" -lz
	[ "$MADE/tmin/halfempty" -nt "$TMIN/halfempty.c" ] ||
		cc -w -O2 -o "$MADE/tmin/halfempty" "$TMIN/halfempty.c"
	"$MADE/tmin/gen" "$1" >input
}

bucket() {
	lago-triage -j "$1" -- "$plain" @@ | jq -r '.bucket // "none"'
}

# took NAME COMMAND...: runs it, what it leaves is in the file NAME; a line.
took() {
	local who=$1 from s b
	shift
	from=$(now)
	timeout -k 5 $((limit * 2)) "$@" >"$who.log" 2>&1 || :
	s=$(since "$from")
	[ -e "$who" ] || cp input "$who"
	b=$(bucket "$who")
	[ "$b" = "$want" ] && b=same
	[ "$who" = lago ] || [ "$b" = same ] || switches=$((switches + 1))
	echo "$who $(stat -c %s "$who") $s $b" >>results
	echo "# $name: $who $(stat -c %s "$who") bytes, $s s, bucket $b"
}

tmin_lago() {
	lago-minimize -j -b "$limit" -t 1 -o lago input -- "$afl" @@
}

tmin_afl() {
	AFL_NO_UI=1 AFL_QUIET=1 AFL_ALLOW_TMP=1 timeout "$limit" \
		afl-tmin -t 1000 -m none -i input -o afl-tmin -- "$afl" @@
}

tmin_libfuzzer() {
	timeout -s INT "$limit" "$libfuzzer" -minimize_crash=1 \
		-max_total_time="$limit" -artifact_prefix=./ \
		-exact_artifact_path="$PWD/libfuzzer.new" input
	# It leaves what its last step found; nothing when none did.
	[ ! -e libfuzzer.new ] || mv libfuzzer.new libfuzzer
}

tmin_halfempty() {
	"$MADE/tmin/halfempty" "$limit" "$(nproc)" input halfempty "$plain"
}

tmin_cvise() {
	mkdir -p cvise.dir
	cp input cvise.dir/input
	printf '#!/bin/sh\n%s input >/dev/null 2>&1\n[ $? -gt 128 ]\n' \
		"$plain" >cvise.dir/test.sh
	chmod +x cvise.dir/test.sh
	(cd cvise.dir && timeout "$limit" cvise --n "$(nproc)" --not-c \
		test.sh input)
	cp cvise.dir/input cvise
}

# rivals FORMAT NOTE: all of them on the file `input`; the line of the
# measurement is sizes: the best of the others that kept the bug against ours,
# and below it the seconds against the fastest that came to our size.
rivals() {
	local format=$1
	export -f tmin_lago tmin_afl tmin_libfuzzer tmin_halfempty tmin_cvise
	export limit afl libfuzzer plain MADE
	switches=0
	want=$(bucket input)
	: >results
	echo "# $name: $format, $(stat -c %s input) bytes, $2; bucket $want"
	took lago bash -c tmin_lago
	took afl-tmin bash -c tmin_afl
	took halfempty bash -c tmin_halfempty
	took libfuzzer bash -c tmin_libfuzzer
	if command -v cvise >/dev/null; then took cvise bash -c tmin_cvise; fi
	awk -v name="$name" -v switches="$switches" \
		-v reached="$(sed -n 's/.*"reached":\([0-9.]*\).*/\1/p' lago.log)" '
	$1 == "lago" { size = $2; s = $3; kept = $4 }
	$1 == "afl-tmin" { afl = $2 }
	$1 != "lago" && $4 == "same" && (best == "" || $2 < best) {
		best = $2; who = $1
	}
	$1 != "lago" && $4 == "same" { s_of[$1] = $3; size_of[$1] = $2 }
	END {
		for (i in size_of)
			if (size_of[i] <= size && (fast == "" || s_of[i] < fast))
				fast = s_of[i]
		if (best == "") best = "-"
		printf "%s\t%s\t%s\t%s\tbytes\tpeer: %s; afl-tmin %s; " \
			"ours: bucket %s, %s others switched\n", name, size,
			best, best == "-" ? "-" : sprintf("%.3f", best / size),
			who == "" ? "none kept the bug" : who, afl, kept, switches
		printf "%s.time\t%s\t%s\t%s\ts\tpeer: the fastest that came " \
			"to our size; ours was there after %s s\n", name, s,
			fast == "" ? "-" : fast,
			fast == "" ? "-" : sprintf("%.3f", fast / s), reached
	}' results
}
