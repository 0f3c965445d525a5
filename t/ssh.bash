# A real sshd on 127.0.0.1 with keys of its own, for the tests of the engine
# ssh: nodes are accounts of this user, each with a directory of its own.
# Source it behind lib.bash; setup_file calls ssh_up, teardown_file ssh_down.

SSHD=$(PATH=$PATH:/usr/sbin command -v sshd)

ssh_port() {
	local port
	for port in $(shuf -i 20000-32000 -n 50); do
		! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || continue
		echo "$port" && return
	done
	return 1
}

# SSHD_MORE: a line more for its configuration.
# Nodes one, two and three are addresses of this machine; which it was comes over
# as an environment variable that sshd takes.
ssh_up() {
	[ -n "$SSHD" ] || skip "sshd is not installed"
	[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
	local d=$BATS_FILE_TMPDIR port
	port=$(ssh_port)
	mkdir -m 700 "$d/.ssh" "$d/locks"
	ssh-keygen -q -t ed25519 -N '' -f "$d/host"
	ssh-keygen -q -t ed25519 -N '' -f "$d/user"
	cp "$d/user.pub" "$d/authorized"
	cat >"$d/sshd_config" <<-END
		Port $port
		ListenAddress 127.0.0.1
		ListenAddress 127.0.0.2
		ListenAddress 127.0.0.3
		HostKey $d/host
		AuthorizedKeysFile $d/authorized
		PidFile $d/sshd.pid
		StrictModes no
		UsePAM no
		AcceptEnv LAGO_NODE LAGO_LOCKS
		PermitRootLogin yes
		${SSHD_MORE-}
	END
	for node in one:1 two:2 three:3; do
		printf '[127.0.0.%s]:%s %s\n' "${node#*:}" "$port" \
			"$(cat "$d/host.pub")" >>"$d/known"
		printf '%s\n' "Host ${node%:*}" "HostName 127.0.0.${node#*:}" \
			"SetEnv LAGO_NODE=$d/${node%:*} LAGO_LOCKS=$d/locks"
	done >"$d/.ssh/config"
	cat >>"$d/.ssh/config" <<-END
		Host *
		Port $port
		User $(id -un)
		IdentityFile $d/user
		IdentitiesOnly yes
		UserKnownHostsFile $d/known
	END
	"$SSHD" -f "$d/sshd_config" -E "$d/sshd.log" 3>&- || skip "no sshd here"
}

# Nodes one and two have a lago whose lago-run is t/fake/lago-run.
ssh_nodes() {
	local lago
	for lago in "$BATS_FILE_TMPDIR"/{one,two}/lago; do
		mkdir -p "$lago"/{bin,lib/exec}
		cp "$TOP"/lib/exec/{accept,node,lease} "$lago/lib/exec"
		cp "$TOP/t/fake/lago-run" "$lago/bin"
	done
}

ssh_close() {
	local s
	for s in "$BATS_FILE_TMPDIR"/r/lago-ssh.*/*; do
		[ ! -S "$s" ] || ssh -o ControlPath="$s" -O exit x 2>/dev/null
	done
}

ssh_down() {
	local d=$BATS_FILE_TMPDIR
	ssh_close
	[ ! -f "$d/sshd.pid" ] || kill "$(cat "$d/sshd.pid")"
}

# Its configuration is the user's.
ssh_use() {
	export HOME=$BATS_FILE_TMPDIR XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR/r
	mkdir -p "$XDG_RUNTIME_DIR"
}
