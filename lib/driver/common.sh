# shellcheck shell=sh disable=SC2034 # used by those that source it
# What the drivers share; sourced.  See lago-driver(7).
#
# Everything that a bundle says stays data: it is compared, printed and given
# to the fuzzer, and never becomes a word of a shell command.  Values travel
# with TSV escapes (a line each) until items() makes them NUL-ended; these
# escapes are a part of printf's %b.

set -euf
export LC_ALL=C
nl='
'
LAGO_OUT=${LAGO_OUT:-out}
LAGO_TARGET=${LAGO_TARGET:-target}
LAGO_BUNDLE=${LAGO_BUNDLE:-$PWD}
LAGO_RESUME=${LAGO_RESUME:-0}
case $LAGO_OUT in /*) ;; *) LAGO_OUT=$PWD/$LAGO_OUT ;; esac

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# die STATUS TEXT
die() {
	status=$1
	shift
	say "$@"
	exit "$status"
}

# number TEXT DEFAULT: TEXT when it is one.
number() {
	case $1 in '' | *[!0-9]*) echo "$2" ;; *) echo "$1" ;; esac
}

escape() {
	printf '%s\n' "$1" | sed 's/\\/\\\\/g'
}

# Escaped lines to NUL-ended items.
items() {
	while IFS= read -r line; do
		printf '%b\0' "$line"
	done
}

# item WORD...: each as an item; item "" ends a section.
item() {
	printf '%s\0' "$@"
}

# job KEY: its value in the job file, or nothing.
job() {
	[ -r "${LAGO_JOB-}" ] || return 0
	printf '%b' "$(awk -v k="$1=" \
		'index($0, k) == 1 { v = substr($0, length(k) + 1) }
		END { print v }' "$LAGO_JOB")"
}

# The environment that job and provision.sh ask for, escaped lines.
asked() {
	[ ! -r "${LAGO_JOB-}" ] || sed -n 's/^env\.//p' "$LAGO_JOB"
	[ ! -r "${LAGO_ENV-}" ] || sed 's/\\/\\\\/g' "$LAGO_ENV"
}

# merge OWN DEFAULTS MUSTS: one environment, escaped lines: defaults, what was
# asked for without names that the pattern OWN matches, musts; later wins, but
# sanitizers' options and library paths are joined.
merge() {
	{
		printf '%s\n' "$2"
		asked | awk -F= -v own="$1" '$1 !~ own'
		printf '%s\n' "$3"
	} | awk '
	{
		i = index($0, "=")
		name = substr($0, 1, i - 1)
		value = substr($0, i + 1)
		if (name !~ /^[A-Za-z_][A-Za-z0-9_]*$/)
			next
		if (!(name in have)) {
			names[++n] = name
			have[name] = value
		} else if (name ~ /SAN_OPTIONS$|^LD_LIBRARY_PATH$/)
			have[name] = have[name] ":" value
		else
			have[name] = value
	}
	END {
		for (i = 1; i <= n; i++)
			print names[i] "=" have[names[i]]
	}'
}

# dropped OWN: say once which names asked for are lago's.
dropped() {
	names=$(asked | awk -F= -v own="$1" '$1 ~ own { printf " %s", $1 }')
	[ -z "$names" ] || say "lago sets these itself, dropped:$names"
}

# The library path that makes a bundle's own libraries found, escaped line.
libraries() {
	set +f
	for so in "$LAGO_BUNDLE"/*.so "$LAGO_BUNDLE"/*.so.* "$LAGO_BUNDLE"/lib/*.so*; do
		[ -e "$so" ] || continue
		printf 'LD_LIBRARY_PATH=%s:%s\n' \
			"$(escape "$LAGO_BUNDLE/lib")" "$(escape "$LAGO_BUNDLE")"
		break
	done
	set -f
}

# has NAME: is it a regular file of the bundle?
has() {
	[ -f "$LAGO_BUNDLE/$1" ]
}

# dictionary NAME: path of the dictionary asked for, else of the target's own.
dictionary() {
	name=$(printf '%s' "$1" | tr -d '\n')
	while [ "${name#./}" != "$name" ]; do
		name=${name#./}
	done
	case /$name/ in
	// | //* | */../*) ;;
	*) ! has "$name" || { printf '%s' "$LAGO_BUNDLE/$name" && return; } ;;
	esac
	! has "$LAGO_TARGET.dict" || printf '%s' "$LAGO_BUNDLE/$LAGO_TARGET.dict"
}

# below PREDICATE...: files in the output directory that find selects, NUL-ended
# and relative to the work directory when they lie in it.
below() {
	cd "$LAGO_OUT" 2>/dev/null || return 0
	case $LAGO_OUT in
	"$OLDPWD"/*) set -- "${LAGO_OUT#"$OLDPWD"/}/" "$@" ;;
	*) set -- "$LAGO_OUT/" "$@" ;;
	esac
	prefix=$1
	shift
	# shellcheck disable=SC2016 # for the inner shell
	find . -type f "$@" -print0 | LAGO_PREFIX=$prefix xargs -0 -r sh -c \
		'for f; do printf "%s%s\0" "$LAGO_PREFIX" "${f#./}"; done' sh
}

# seed: path of a file to try the target with; one of our own when there is none.
seed() {
	found=$(find "${LAGO_IN:-.}/" -type f ! -name '*
*' 2>/dev/null | sort | head -n 1)
	[ -n "$found" ] || {
		found=$1/seed
		printf 00000000 >"$found"
	}
	printf '%s' "$found"
}

usable() {
	has "$LAGO_TARGET" || die 65 "no '$LAGO_TARGET' in the bundle"
	[ -x "$LAGO_BUNDLE/$LAGO_TARGET" ] ||
		die 65 "'$LAGO_TARGET' is not executable"
}

# complaint FILE: the last line with text of a tool's output, made plain.
complaint() {
	tr -d '\033\r' <"$1" |
		sed 's/\[[0-9;]*m//g; s/.*PROGRAM ABORT : //
			s/^[[:space:]]*//; /^$/d; /^Location :/d' | tail -n 1 | tr -cd '[:print:]' | cut -c 1-200
}
