load lib

setup() {
	KEEPER=$TOP/t/unit/keeper-test
	export LAGO_LIBEXEC=$TOP/lib
	W=$BATS_TEST_TMPDIR/work
	mkdir "$W"
}

teardown() {
	rm -rf "$P"
}

sandbox_works() {
	bwrap --unshare-pid --unshare-net --ro-bind / / --proc /proc true \
		2>/dev/null || skip "bubblewrap does not work here"
}

# hold MODE: a keeper whose command leaves a daemon in a session of its own and
# a child that ignores TERM; its owner is then killed.
hold() {
	"$KEEPER" hold "$1" "$W" "$W/lock" sh -c '
		(setsid sh -c "trap \"\" TERM; touch daemon; sleep 1000" &)
		(trap "" TERM; sleep 1000) & touch up; wait' >"$W/id" 3>&- &
	owner=$!
	wait_for test -s "$W/id"
	wait_for test -e "$W/up"
	wait_for test -e "$W/daemon"
}

nothing_left() {
	for d in /proc/[0-9]*; do
		[ "$(readlink "$d/cwd")" != "$W" ] || return 1
	done
}

dies_with_owner() {
	hold "$1"
	! flock -n "$W/lock" true
	kill -9 $owner
	wait_for flock -n "$W/lock" true
	# The lock is let go last.
	nothing_left
}

@test "commands under a keeper: status, settings, signals, daemons" {
	run "$KEEPER" no "$W"
	echo "$output"
	[ $status -eq 0 ]
}

@test "the same in the sandbox, and nothing outside can be touched" {
	sandbox_works
	run "$KEEPER" yes "$W"
	echo "$output"
	[ $status -eq 0 ]
}

@test "root changes a copy of the system, which stays for the run" {
	sandbox_works
	[ "$(id -u)" = 0 ] || skip "not root"
	grep -q overlay /proc/filesystems || skip "no overlayfs here"
	OVERLAY=$BATS_TEST_TMPDIR/o,v:l run "$KEEPER" yes "$W"
	echo "$output"
	[ $status -eq 0 ]
	[[ $output == *"the system can be changed"* ]] || skip "no overlay here"
	[ -e "$BATS_TEST_TMPDIR/o,v:l/upper/etc/lago-test-was-here" ]
	[ ! -e /etc/lago-test-was-here ]
}

@test "a plain user has the same sandbox" {
	sandbox_works
	[ "$(id -u)" = 0 ] || skip "not root: tested already"
	need setpriv
	# The checkout may be where nobody else can look.
	P=$(mktemp -d)
	mkdir -p "$P/lib/exec" "$P/w"
	cp "$KEEPER" "$P"
	cp "$TOP/lib/exec/keeper" "$P/lib/exec"
	chmod -R a+rX "$P"
	chown 65534 "$P/w"
	run setpriv --reuid 65534 --regid 65534 --clear-groups \
		env LAGO_LIBEXEC="$P/lib" "$P/keeper-test" yes "$P/w"
	echo "$output"
	[ $status -eq 0 ]
}

@test "kill -9 of lago-run's part ends all of the run, the lock last" {
	dies_with_owner no
}

@test "so it does in the sandbox" {
	sandbox_works
	dies_with_owner yes
}

@test "bubblewrap that fails is said in its own words" {
	mkdir "$W/bin"
	printf '#!/bin/sh\necho "bwrap: no luck today" >&2\nexit 1\n' \
		>"$W/bin/bwrap"
	chmod +x "$W/bin/bwrap"
	PATH=$W/bin:$PATH run "$KEEPER" yes "$W"
	[ $status -eq 1 ]
	[[ $output == *"no sandbox here: bwrap: no luck today"* ]]
	PATH=$W/bin:$PATH run "$KEEPER" auto "$W"
	[ $status -eq 0 ]
	[[ $output == *"# went without: bwrap: no luck today"* ]]
}
