load lib

setup() {
	CPUS=$TOP/t/unit/cpus-test
	cd "$BATS_TEST_TMPDIR" || return
	all=$(nproc)
}

teardown() {
	[ -z "$holder" ] || kill -9 "$holder" 2>/dev/null || :
}

locked() {
	run "$CPUS" claim "$all" 0
	[ "$status" -eq 75 ]
}

@test "lists of CPUs" {
	first=$(taskset -pc $$ | sed 's/.*: //; s/[-,].*//')
	run "$CPUS" list "$first"
	[ "$status" -eq 0 ]
	[ "$output" = "$first" ]
	run "$CPUS" list "$first,$first-$first"
	[ "$status" -eq 0 ]
	[ "$output" = "$first" ]
	if [ "$first" = 0 ] && [ "$all" -gt 1 ]; then
		run taskset -c 0-1 "$CPUS" list 1,0
		[ "$output" = 0-1 ]
	fi
	run taskset -c "$first" "$CPUS" list "$((first + 1))"
	[ "$status" -eq 64 ]
	[ "$output" = "we may not run on CPU $((first + 1))" ]
	for bad in '' ',' '0,' ',0' -1 0- 1-0 x 0x1 '0 1' 99999999999999999999 8192; do
		run "$CPUS" list "$bad"
		[ "$status" -eq 64 ]
	done
}

@test "a claimed CPU is nobody else's until the last process with it ends" {
	"$CPUS" claim 1 0 sleep 1000 >claimed 3>&- &
	holder=$!
	wait_for test -s claimed
	wait_for locked
	[[ $output == *"$all CPUs wanted, $((all - 1)) free of $all"* ]]
	[ "$("$CPUS" free)" = $((all - 1)) ]
	kill $holder
	wait_for "$CPUS" claim "$all" 0
	[ "$("$CPUS" free)" = "$all" ]
	run "$CPUS" claim $((all + 1)) 0
	[ "$status" -eq 64 ]
}

@test "waiting for CPUs, and no longer than asked or than till a signal" {
	"$CPUS" claim "$all" 0 sleep 1000 >claimed 3>&- &
	holder=$!
	wait_for test -s claimed
	run "$CPUS" claim 1 0.3
	[ "$status" -eq 75 ]
	"$CPUS" claim 1 60 >got 3>&- &
	waiter=$!
	kill $holder
	wait $waiter
	[ -s got ]
	"$CPUS" claim "$all" 0 sleep 1000 >claimed2 3>&- &
	holder=$!
	wait_for test -s claimed2
	"$CPUS" claim 1 1000 2>said 3>&- &
	waiter=$!
	# Not while it is still a shell of bats, which would tell of a failure; a
	# signal before it is ready ends it just as well.
	wait_for grep -q cpus-test /proc/$waiter/comm
	kill $waiter
	wait $waiter || status=$?
	[ "$status" -eq 75 ] || [ "$status" -eq 143 ]
	kill $holder
}

@test "the lock directory serves all users, and a link in its place nobody" {
	"$CPUS" free
	[ "$(stat -c %a "$LAGO_LOCKS")" = 1777 ]
	[ "$(stat -c %a "$LAGO_LOCKS"/* | sort -u)" = 666 ]
	ln -s "$LAGO_LOCKS" link
	LAGO_LOCKS=$PWD/link run "$CPUS" claim 1 0
	[ "$status" -eq 73 ]
	LAGO_LOCKS=/proc/none run "$CPUS" claim 1 0
	[ "$status" -eq 73 ]
}

@test "root's and a plain user's claims exclude each other" {
	[ "$(id -u)" = 0 ] || skip "not root"
	need setpriv
	P=$(mktemp -d)
	chmod 755 "$P"
	cp "$CPUS" "$P"
	export LAGO_LOCKS=$P/locks
	user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	mkdir -m 1777 "$P/locks"
	"${user[@]}" "$P/cpus-test" claim "$all" 0 sleep 1000 >claimed 3>&- &
	holder=$!
	wait_for test -s claimed
	run "$CPUS" claim 1 0
	[ "$status" -eq 75 ]
	kill $holder
	wait_for "$CPUS" claim "$all" 0
	"$CPUS" claim "$all" 0 sleep 1000 >claimed2 3>&- &
	holder=$!
	wait_for test -s claimed2
	run "${user[@]}" "$P/cpus-test" claim 1 0
	kill $holder
	rm -rf "$P"
	[ "$status" -eq 75 ]
}
