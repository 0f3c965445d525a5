# What the driver tests share: a bundle in $LAGO_BUNDLE, and instances started
# the way lago-run starts them.

driver_setup() {
	export DRIVER=$TOP/lib/driver/$1
	cd "$BATS_TEST_TMPDIR" || return
	mkdir run bundle seeds
	cd run || return
	echo seed >../seeds/one
	export LAGO_BUNDLE=$BATS_TEST_TMPDIR/bundle LAGO_TARGET=target
	export LAGO_IN=$BATS_TEST_TMPDIR/seeds LAGO_OUT=$PWD/out
	export LAGO_JOB=$BATS_TEST_TMPDIR/job LAGO_LOG=$PWD/log LAGO_RESUME=0
	export LAGO_ENV=$BATS_TEST_TMPDIR/env LAGO_REMAINING=20
	export LAGO_MEMORY=1000 LAGO_TIMEOUT=1000
	printf '#!/bin/sh\n' >"$LAGO_BUNDLE/target"
	chmod +x "$LAGO_BUNDLE/target"
	: >"$LAGO_JOB"
}

# shown VERB...: what the driver prints, NULs as line ends, paths made equal.
shown() {
	"$DRIVER" "$@" | tr '\0' '\n' | sed "s,$BATS_TEST_TMPDIR,/T,g"
}

# golden NAME: is standard input what t/golden/NAME.out says?  GOLDEN=1 writes it.
golden() {
	[ -z "${GOLDEN-}" ] || {
		cat >"$TOP/t/golden/$1.out"
		return
	}
	diff -u "$TOP/t/golden/$1.out" -
}

# start I N SECONDS [NAME=VALUE...]: run instance I until it ends or for so long.
start() {
	local items command=() i=$1 n=$2 seconds=$3 x part=0
	shift 3
	mapfile -d '' -t items < <("$DRIVER" argv "$i" "$n")
	command=(env -i "PATH=$PATH" "HOME=$PWD" "$@")
	for x in "${items[@]}"; do
		if [ $part = 0 ] && [ -z "$x" ]; then
			part=1
		else
			command+=("$x")
		fi
	done
	mkdir -p "i/$i"
	ln -sf "$LAGO_BUNDLE"/* "i/$i"
	(cd "i/$i" && timeout "$seconds" "${command[@]}") >"$LAGO_LOG" 2>&1 \
		</dev/null 3>&-
}

# value KEY: of `stat 0`.
value() {
	"$DRIVER" stat 0 | sed -n "s/^$1	//p"
}

# One line of the environment of instance 0.
variable() {
	shown argv 0 1 | sed '/^$/,$d' | sed -n "s/^$1=//p"
}
