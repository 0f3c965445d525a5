# shellcheck shell=bash disable=SC2046,SC2086,SC2016 # words to be split; for sh
# Frames of real programs with planted bugs (t/plant): libexpat, C, and TagLib,
# C++ with more than 20 MB of debug information, from the distribution's
# sources.  Ours: frames that are as ASan's own symbolizer has them, or gdb for
# a plain build; peer: all.  FRAMES_CACHE: where sources and builds stay.
# FRAMES_PACKAGES: one of them alone.
cache=${FRAMES_CACHE:-$TOP/.bench/cache}
export cache
mkdir -p "$cache"
for tool in clang clang++ gcc g++ gdb jq llvm-symbolizer apt-get dpkg-source; do
	command -v "$tool" >/dev/null || without "no $tool"
done

# apt: like the system's, with the sources of what it has binaries of, and a
# state of its own.
apt() {
	mkdir -p "$cache/apt/parts" "$cache/apt/lists/partial"
	[ ! -f /etc/apt/sources.list.d/debian.sources ] ||
		sed 's/^Types: .*/Types: deb-src/' \
			/etc/apt/sources.list.d/debian.sources \
			>"$cache/apt/parts/src.sources"
	[ -s "$cache/apt/parts/src.sources" ] ||
		sed -n 's/^deb /deb-src /p' /etc/apt/sources.list \
			>"$cache/apt/parts/src.list"
	apt-get -q -o Dir::Etc::sourcelist=/dev/null \
		-o Dir::Etc::sourceparts="$cache/apt/parts" \
		-o Dir::State::lists="$cache/apt/lists" \
		-o Dir::Cache::srcpkgcache= -o APT::Sandbox::User= "$@"
}

# source PACKAGE: unpacked in $cache/PACKAGE; the release's own version where
# that of an update has gone.
source_of() {
	local package=$1 release
	[ ! -d "$cache/$package" ] || return 0
	release=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
	(
		cd "$cache" && apt update >&2 || exit 1
		rm -rf "./$package.part" && mkdir "$package.part" &&
			cd "$package.part" &&
			{ apt source --download-only "$package/$release" ||
				apt source --download-only "$package"; } >&2 &&
			dpkg-source --no-check -x ./*.dsc "../$package.tree" >&2 &&
			mv "../$package.tree" "../$package"
	) || without "the sources of $package cannot be had: no deb-src?"
}

flags() {
	case $1 in
	asan) echo -fsanitize=address -O1 ;;
	# gdb shows the lines of statements only; so all are.
	plain) echo -O2 -gno-statement-frontiers ;;
	esac
}

# compile DIR COMPILER... : the files named on standard input, two at a time.
compile() {
	local dir=$1
	shift
	xargs -P 2 -I {} sh -c 'dir=$1 file=$2; shift 2
		object=${file#"$TOP/"}
		object=$dir/$(echo "${object#"$cache/"}" | tr / _).o
		[ "$object" -nt "$file" ] || exec "$@" -w -g -c -o "$object" "$file"
		' sh "$dir" {} "$@"
}

build_expat() { # asan|plain DIR
	local cc=clang
	[ "$1" = asan ] || cc=gcc
	mkdir -p "$2"
	printf '#define %s\n' 'BYTEORDER 1234' 'XML_CONTEXT_BYTES 1024' \
		'XML_DTD 1' 'XML_NS 1' 'XML_DEV_URANDOM 1' >"$2/expat_config.h"
	printf '%s\n' "$cache/expat/expat/lib/xmlparse.c" \
		"$cache/expat/expat/lib/xmltok.c" \
		"$cache/expat/expat/lib/xmlrole.c" \
		"$TOP/t/plant/plant.c" "$TOP/t/plant/expat.c" |
		compile "$2" $cc $(flags "$1") -DHAVE_EXPAT_CONFIG_H -I"$2" \
			-I"$cache/expat/expat/lib"
	$cc $(flags "$1") -fPIC -g -w -shared -o "$2/libplant.so" \
		"$TOP/t/plant/plantlib.c"
	cp "$2/libplant.so" "$2/opened.so"
	$cc $(flags "$1") -o "$2/program" "$2"/*.o "$2/libplant.so" \
		-Wl,-rpath,'$ORIGIN' -pthread -ldl
}

build_taglib() {
	[ -d "$cache/utfcpp" ] || (
		cd "$cache" && mkdir -p utfcpp.part && cd utfcpp.part &&
			apt-get -q download libutfcpp-dev >&2 &&
			dpkg -x ./*.deb . && mv ../utfcpp.part ../utfcpp
	) || without "libutfcpp-dev cannot be had"
	local c=clang cc=clang++ lib=$cache/taglib/taglib
	# All types, also those of headers that nothing uses, and macros; the
	# older DWARF too, for expat has the newer.
	local debug=-fno-eliminate-unused-debug-types
	if [ "$1" = asan ]; then
		debug+=' -fstandalone-debug -fdebug-macro -gdwarf-4'
	else
		c=gcc cc=g++
	fi
	mkdir -p "$2"
	printf '#define %s\n' 'TAGLIB_WITH_ASF 1' 'TAGLIB_WITH_MP4 1' \
		>"$2/taglib_config.h"
	printf '#define %s\n' 'HAVE_GCC_ATOMIC 1' 'HAVE_GCC_BYTESWAP 1' \
		'HAVE_SNPRINTF 1' >"$2/config.h"
	find "$lib" -name '*.cpp' | sort | {
		cat
		printf '%s\n' "$TOP/t/plant/plant.cc" "$TOP/t/plant/taglib.cc"
	} | compile "$2" $cc $(flags "$1") $debug \
		-std=c++17 -DHAVE_CONFIG_H -DTAGLIB_STATIC -I"$2" \
		-I"$cache/utfcpp/usr/include/utf8cpp" \
		$(find "$lib" -type d | sed 's/^/-I/')
	echo "$TOP/t/plant/plant.c" | compile "$2" $c $(flags "$1")
	$c $(flags "$1") -fPIC -g -w -shared -o "$2/libplant.so" \
		"$TOP/t/plant/plantlib.c"
	cp "$2/libplant.so" "$2/opened.so"
	$cc $(flags "$1") -o "$2/program" "$2"/*.o "$2/libplant.so" \
		-Wl,-rpath,'$ORIGIN' -pthread -ldl
}

# Each bug at several places of the program's work.
inputs_expat() {
	"$TOP/t/plant/inputs" bugs "$TOP/t/plant/plant.c"
	for bug in bugs/*; do
		for n in 2 9 17 23 31 38 52 67; do
			echo "${bug##*/} $n" >"inputs/${bug##*/}.$n"
		done
	done
}

inputs_taglib() {
	local data=$cache/taglib/tests/data i=0 n f files
	files=(xing.mp3 silence-44-s.flac empty.ogg has-tags.m4a empty.wav
		silence-1.wma mac-399.ape empty.aiff)
	"$TOP/t/plant/inputs" bugs
	for bug in bugs/*; do
		for n in 3 11 29 47 80; do
			f=${files[i++ % ${#files[@]}]}
			{
				echo "${bug##*/} $n"
				cat "$data/$f"
			} >"inputs/${bug##*/}.$n.$f"
		done
	done
}

for package in ${FRAMES_PACKAGES:-expat taglib}; do
	source_of "$package"
	rm -rf inputs bugs
	mkdir inputs
	"inputs_$package"
	for build in asan plain; do
		dir=$cache/$package.$build
		"build_$package" "$build" "$dir" >&2
		mode=asan
		# gdb takes seconds for each: two places are enough.
		[ $build = asan ] || {
			mode=gdb
			rm -f inputs/*.{3,29,80}.* inputs/*.{9,23,31,52,67}
		}
		mkdir -p "$dir.work"
		"$TOP/t/plant/compare" $mode inputs "$dir.work" \
			"$dir/program" @@ >"$dir.differences" 2>&1 || true
		size=$(size -A "$dir/program" | awk '/^\.debug/ { n += $2 }
			END { printf "%.0f", n / 1000000 }')
		tail -n 1 "$dir.differences" | awk -v name="$name.$package.$build" \
			-v OFS='\t' -v size="$size" -v list="$dir.differences" '
			{ print name, $2 - $3, $2, ($2 - $3) / $2, "frames",
				$1 " crashes, " size " MB of symbols, " $4 \
				" buckets differ, " $5 " without a report, " $6 \
				" guessed by gdb; " list }'
	done
done
