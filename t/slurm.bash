# A real slurmctld and slurmds on 127.0.0.1, of this user and with nothing
# of the machine's own Slurm: their ports, files and configuration are the test's.
# Source it behind lib.bash; setup_file calls slurm_up, each test slurm_need,
# teardown_file slurm_down.
PATH=$PATH:/usr/sbin

# slurm_free N: so many ports that nobody listens on.
slurm_free() {
	local port n=$1
	for port in $(shuf -i 20000-32000 -n 100); do
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
		echo "$port"
		n=$((n - 1))
		[ "$n" -gt 0 ] || return 0
	done
	return 1
}

slurm_conf() { # PORT of the controller, then of each node
	local d=$BATS_FILE_TMPDIR/slurm
	cat <<-END
		ClusterName=lago
		SlurmctldHost=$(uname -n)(127.0.0.1)
		SlurmctldPort=$1
		SlurmUser=$(id -un)
		SlurmdUser=$(id -un)
		AuthType=auth/none
		CredType=cred/none
		CommunicationParameters=NoInAddrAny
		StateSaveLocation=$d/state
		SlurmdSpoolDir=$d/spool-%n
		SlurmctldPidFile=$d/slurmctld.own
		SlurmdPidFile=$d/%n.own
		SlurmctldLogFile=$d/slurmctld.log
		SlurmdLogFile=$d/%n.log
		MailProg=/bin/true
		ProctrackType=proctrack/linuxproc
		SchedulerType=sched/builtin
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core_Memory
		SchedulerParameters=sched_interval=1,batch_sched_delay=0
		SlurmdParameters=config_overrides
		ReturnToService=2
		KillWait=5
		MessageTimeout=5
		SlurmctldTimeout=10
		SlurmdTimeout=20
		InactiveLimit=0
	END
	local n
	for n in 1 2 3 4; do
		shift
		echo "NodeName=s$n NodeHostname=$(uname -n) NodeAddr=127.0.0.1" \
			"Port=$1 CPUs=2 RealMemory=8000 Feature=f$n State=UNKNOWN"
	done
	echo "PartitionName=fuzz Nodes=s[1-3] Default=YES MaxTime=INFINITE State=UP"
	echo "PartitionName=apart Nodes=s4 MaxTime=INFINITE State=UP"
	echo "PartitionName=short Nodes=s[1-3] MaxTime=10 State=UP"
}

slurm_daemon() { # NAME COMMAND...
	local d=$BATS_FILE_TMPDIR/slurm name=$1
	shift
	setsid "$@" -f "$d/slurm.conf" -D </dev/null >"$d/$name.out" 2>&1 3>&- &
	echo $! >"$d/$name.pid"
	disown # what is killed is nobody's news
}

slurm_controller() {
	slurm_daemon slurmctld slurmctld
}

slurm_nodes() { # that can take jobs
	sinfo -h -p fuzz -N -o %T | grep -cx 'idle\|mixed\|allocated'
}

slurm_ready() {
	[ "$(slurm_nodes)" -eq 3 ]
}

# Or 1, and why not for slurm_need.
slurm_up() {
	local p d=$BATS_FILE_TMPDIR/slurm n
	for p in slurmctld slurmd sbatch squeue srun; do
		command -v "$p" >/dev/null && continue
		echo "no Slurm here ($p)" >"$BATS_FILE_TMPDIR/no-slurm"
		return 1
	done
	mkdir -p "$d/state" "$d"/spool-s{1,2,3,4}
	: >"$d/cgroup.conf"
	case $(slurmd -V) in
	*\ 2[0-2].*) ;;
	*) echo CgroupPlugin=disabled >"$d/cgroup.conf" ;; # wants a hierarchy
	esac
	# shellcheck disable=SC2046 # a list of numbers
	slurm_conf $(slurm_free 5) >"$d/slurm.conf"
	export SLURM_CONF=$d/slurm.conf
	slurm_controller
	for n in s1 s2 s3 s4; do
		slurm_daemon $n slurmd -N $n
	done
	for n in $(seq 300); do
		! slurm_ready 2>/dev/null || return 0
		[ -d "/proc/$(cat "$d/slurmctld.pid")" ] || break
		sleep 0.1
	done
	slurm_down
	echo "Slurm does not run here: $(grep -hi error "$d"/{slurmctld,s1}.out |
		tail -n 1)" >"$BATS_FILE_TMPDIR/no-slurm"
	return 1
}

slurm_need() {
	[ ! -e "$BATS_FILE_TMPDIR/no-slurm" ] ||
		skip "$(cat "$BATS_FILE_TMPDIR/no-slurm")"
}

slurm_down() {
	local d=$BATS_FILE_TMPDIR/slurm n
	[ -f "$d/slurm.conf" ] || return 0
	scancel -Q -u "$(id -u)" 2>/dev/null || :
	for n in $(seq 100); do
		[ -n "$(squeue -h 2>/dev/null)" ] || break
		sleep 0.1
	done
	for n in "$d"/*.pid; do
		kill -KILL "$(cat "$n")" 2>/dev/null || :
	done
	return 0
}
