# Nodes n1, n2... as machines of their own on this one, for the tests of what
# happens when they fail: each has a network, processes, a boot id, an uptime and
# a real sshd.  They need root and the kernel's namespaces; where those are
# missing tests are skipped.  Source it behind lib.bash; setup_file calls nodes_up
# COUNT, teardown_file nodes_down.
#
# The network is a bridge in a namespace, $D/hub, where `ssh` of the tests runs
# and nothing else; $D/nI/net holds a node's network, so that it can refuse
# connections when nothing lives on it.  Nothing of this is visible outside, and
# all of it ends with the processes that hold it, after a quarter of an hour at
# most.

D=$BATS_FILE_TMPDIR
SSHD=$(PATH=$PATH:/usr/sbin command -v sshd)
NET=10.77.0

# held FILE COMMAND...: lives until it is killed, FILE gets its id.
held() {
	local file=$1
	shift
	timeout -s KILL 900 "$@" </dev/null >>"$D/log" 2>&1 3>&- &
	disown
	wait_for below $! >"$file"
}

# below PID: its child.
below() {
	pgrep -o -P "$1"
}

in_hub() {
	nsenter --net="/proc/$(cat "$D/hub")/ns/net" -- "$@"
}

# apart FILE: a network of its own.
apart() {
	held "$1" unshare --net -- sleep 1000
	wait_for another_net "$(cat "$1")"
}

another_net() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

nodes_up() { # COUNT
	local i
	[ "$(id -u)" -eq 0 ] || skip "nodes as namespaces need root"
	[ -n "$SSHD" ] || skip "sshd is not installed"
	need ip nsenter unshare setsid flock parallel cc
	unshare --net --pid --fork --mount --mount-proc --uts --ipc \
		--time --boottime 1 true 2>/dev/null ||
		skip "no namespaces here"
	ssh-keygen -q -t ed25519 -N '' -f "$D/host"
	ssh-keygen -q -t ed25519 -N '' -f "$D/user"
	cc -shared -fPIC -o "$D/clock.so" "$TOP/t/fake/clock.c"
	mkdir -m 700 "$D/.ssh" "$D/bin"
	# No passwords: sshd only has to see an account that is not locked.
	awk -F: '{ print $1 ":*:19000:0:99999:7:::" }' /etc/passwd >"$D/shadow"
	apart "$D/hub"
	in_hub ip link add br0 type bridge
	in_hub ip addr add "$NET.1/24" dev br0
	in_hub ip link set br0 up
	cat >"$D/bin/ssh" <<-END
		#!/bin/sh
		exec nsenter --net=/proc/$(cat "$D/hub")/ns/net -- \
			"$(command -v ssh)" "\$@"
	END
	chmod +x "$D/bin/ssh"
	for ((i = 1; i <= $1; i++)); do
		node_new "$i"
		node_boot "$i"
	done
	# What is dead shall be known soon.
	cat >>"$D/.ssh/config" <<-END
		Host *
		User root
		IdentityFile $D/user
		IdentitiesOnly yes
		UserKnownHostsFile $D/known
		ServerAliveInterval 1
		ServerAliveCountMax 2
		ConnectTimeout 2
	END
}

nodes_down() {
	local file
	nodes_close
	for file in "$D"/n*/pid "$D"/n*/net "$D/hub"; do
		[ ! -f "$file" ] || kill -KILL "$(cat "$file")" 2>/dev/null || :
	done
}

nodes_close() {
	local s
	for s in "$D"/r/lago-ssh.*/*; do
		[ ! -S "$s" ] || "$D/bin/ssh" -o ControlPath="$s" -O exit x
	done 2>/dev/null
}

# The user of the tests has this configuration and this ssh.
nodes_use() {
	export HOME=$D XDG_RUNTIME_DIR=$D/r PATH="$D/bin:$PATH"
	mkdir -p "$XDG_RUNTIME_DIR"
}

wrong=([3]=-10800 [4]=10800)

node_new() { # I
	local d=$D/n$1
	mkdir -p "$d/locks"
	awk -F: -v OFS=: -v home="$d" '$3 == 0 { $6 = home; $7 = "/bin/sh" }
		{ print }' /etc/passwd >"$d/passwd"
	chmod 1777 "$d/locks"
	apart "$d/net"
	in_hub ip link add "p$1" type veth peer name eth0 netns "$(cat "$d/net")"
	in_hub ip link set "p$1" up master br0
	nsenter --net="/proc/$(cat "$d/net")/ns/net" -- sh -c "
		ip link set lo up
		ip addr add $NET.1$1/24 dev eth0
		ip link set eth0 up"
	echo "$NET.1$1 $(cat "$D/host.pub")" >>"$D/known"
	printf '%s\n' "Host n$1" "HostName $NET.1$1" >>"$D/.ssh/config"
	cat >"$d/sshd" <<-END
		Port 22
		HostKey $D/host
		AuthorizedKeysFile $D/user.pub
		PidFile $d/sshd.pid
		StrictModes no
		UsePAM no
		UseDNS no
		PrintMotd no
		PermitRootLogin yes
		ClientAliveInterval 2
		SetEnv LAGO_LOCKS=$d/locks ${wrong[$1]:+LD_PRELOAD=$D/clock.so WRONG_CLOCK=${wrong[$1]}}
	END
	cat >"$d/init" <<-END
		hostname n$1
		mount --bind "$d/passwd" /etc/passwd
		mount --bind "$D/shadow" /etc/shadow
		mount --bind "$d/boot_id" /proc/sys/kernel/random/boot_id
		mkdir -p /run/sshd
		"$SSHD" -f "$d/sshd" -E "$d/log"
		while :; do sleep 1; done
	END
}

node_booted() { # I
	[ -s "$D/n$1/sshd.pid" ] && (: <"/proc/$(cat "$D/n$1/pid")/root/$D") &&
		nsenter --net="/proc/$(cat "$D/n$1/net")/ns/net" -- \
			bash -c ': <"/dev/tcp/127.0.0.1/22"' 2>/dev/null
}

# Like a machine that is switched on: a new boot id, uptime from 0.
node_boot() { # I
	local d=$D/n$1 up
	cat /proc/sys/kernel/random/uuid >"$d/boot_id"
	read -r up _ </proc/uptime
	rm -f "$d/sshd.pid"
	held "$d/pid" nsenter --net="/proc/$(cat "$d/net")/ns/net" -- \
		unshare --uts --ipc --pid --fork --kill-child --mount \
		--mount-proc --time --boottime "-${up%.*}" sh "$d/init"
	wait_for node_booted "$1"
}

# init_of I: process 1 of the node; timeout, unshare, and that.
init_of() {
	below "$(cat "$D/n$1/pid")"
}

# node_in I COMMAND...: on it, without ssh.
node_in() {
	local init
	init=$(init_of "$1")
	shift
	nsenter -t "$init" -n -p -m -u -i -T -- "$@"
}

# Packets to and from it vanish; flow again.
node_cut() {
	in_hub ip link set "p$1" nomaster
}

node_heal() {
	in_hub ip link set "p$1" master br0
}

# All that lives on it dies at once; its network refuses connections then.
node_kill() {
	local init
	init=$(init_of "$1")
	kill -KILL "$init"
	wait_for not_alive "$init"
}

not_alive() {
	! kill -0 "$1" 2>/dev/null
}
