load lib

setup() {
	need bsdtar zip sqlite3
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w" || return
	mkdir -p good/corpus libexec/driver
	touch libexec/driver/{afl,libfuzzer}
	chmod +x libexec/driver/*
	export LAGO_LIBEXEC=$PWD/libexec
	echo seed >good/corpus/one
	fuzzer good/target libfuzzer
	(cd good && zip -qr ../png.zip .)
}

# fuzzer PATH KIND: a program with the marks of such a build.
fuzzer() {
	local mark='ERROR: libFuzzer: LLVMFuzzerTestOneInput'
	[ "$2" = libfuzzer ] || mark=__AFL_SHM_ID
	{ cat "$(type -P true)" && echo "$mark"; } >"$1"
	chmod +x "$1"
}

submits() {
	run --separate-stderr lago-submit "$@"
	echo "$output $stderr"
	[ "$status" -eq 0 ]
}

key() { # JOB KEY
	sed -n "s/^$2=//p" "$LAGO_HOME/jobs/$1/job"
}

# All that is in jobs/, but for .next.
jobs() {
	find "$LAGO_HOME/jobs" -mindepth 1 -maxdepth 1 ! -name .next \
		-printf '%f\n' | sort -n | xargs
}

sql() {
	sqlite3 "$LAGO_HOME/lago.db" "$@"
}

@test "a bundle becomes a job: its id, its files, its row" {
	submits -D libFuzzer -P 4 -m 512 -t 10m -p 7 -g ci -g png png.zip
	[ "$output" = $'1\tpng\tpng\tlibfuzzer' ]
	[ -z "$stderr" ]
	cmp png.zip "$LAGO_HOME/jobs/1/bundle.zip"
	run cut -d= -f1,2 "$LAGO_HOME/jobs/1/job"
	[ "$(printf '%s\n' "${lines[@]:0:8}" | xargs)" = "driver=libfuzzer \
name=png target=png project=png cpus=4 memory=512 disk=20480 deadline=600" ]
	[ "$(key 1 tag | xargs)" = "ci png" ]
	[ "$(key 1 bundle)" = bundle.zip ]
	[ "$(key 1 sha256)" = "$(sha256sum <png.zip | cut -d' ' -f1)" ]
	[ "$(key 1 member)-$(key 1 shape)-$(key 1 named)" = target-lagopus-0 ]
	[ "$(jobs)" = "1" ]
	[ "$(sql 'SELECT id, name, driver, cpus, memory, deadline, priority,
		state FROM job')" = "1|png|libfuzzer|4|512|600|7|queued" ]
	[ "$(sql 'SELECT * FROM tag ORDER BY 2' | xargs)" = "1|ci 1|png" ]
}

@test "the same name in the same second gives another id (D06), -j -q -N, ids piped on" {
	submits -j png.zip png.zip
	[ "$(jq -r .id <<<"$output" | xargs)" = "1 2" ]
	[ "$(jq -r .driver <<<"${lines[0]}")" = libfuzzer ]
	submits -q png.zip
	[ -z "$output$stderr" ]
	submits -N png.zip
	[ "$output" = $'\tpng\tpng\tlibfuzzer' ]
	[ "$(jobs)" = "1 2 3" ]
	run --separate-stderr bash -c 'printf "png.zip\tx\npng.zip\n" | lago-submit'
	[ "$status" -eq 0 ]
	[ "$(cut -f1 <<<"$output" | xargs)" = "4 5" ]
	run --separate-stderr bash -c 'printf "png.zip\0" | lago-submit -0'
	[ "$(cut -f1 <<<"$output")" = 6 ]
	[ "$(sql 'SELECT count(*) FROM job')" = 6 ]
}

@test "many at once: every job has its number, its files and its row" {
	for _ in {1..12}; do
		lago-submit -q png.zip &
	done
	wait
	[ "$(jobs)" = "$(seq 12 | xargs)" ]
	[ "$(sql 'SELECT count(*), max(id) FROM job')" = "12|12" ]
}

@test "a bad bundle among good ones: they are queued, its status is the end's" {
	echo text >bad.zip
	run --separate-stderr lago-submit png.zip bad.zip none.zip png.zip
	[ "$status" -eq 65 ]
	[ "$(cut -f1 <<<"$output" | xargs)" = "1 2" ]
	[ "${#stderr_lines[@]}" -eq 2 ]
	[ "$(jobs)" = "1 2" ]
}

@test "names that would escape are refused before anything is written (D05)" {
	local long n
	long=$(printf '%0300d' 0)
	for n in ../x Foo_Bar "a'b" "$long" -x /x 'a b' ''; do
		run --separate-stderr lago-submit -x name="$n" -x cpus= png.zip
		[ -z "$n" ] || [ "$status" -eq 64 ]
	done
	[ "$(key 1 name)" = png ] # '' means the default
	for n in 'target=a/b' 'project=..\/x y' 'tag=a b' 'template=../config' \
		'driver=../afl' 'cpus=0' 'memory=x' 'priority=100' 'mystery=1' \
		'env.A-B=1' 'dict=/etc/passwd' novalue; do
		run --separate-stderr lago-submit -x "$n" png.zip
		echo "$n: $status $stderr"
		[ "$status" -eq 64 ]
	done
	[ "$(jobs)" = "1" ]
	# A bundle's own name is made to fit.
	cp png.zip "Foo_Bar'\"2.ZIP"
	submits "Foo_Bar'\"2.ZIP"
	[ "$output" = $'2\tfoo-bar--2\tFoo_Bar__2\tlibfuzzer' ]
}

@test "blank numbers are the defaults, not 0 (D07)" {
	printf 'cpus=\nmemory=\ndeadline=\n' >good/job
	bsdtar -cf a.tar -C good .
	submits a.tar
	[ "$(key 1 cpus) $(key 1 memory) $(key 1 deadline)" = "2 2048 3600" ]
}

@test "option over job file over target.conf over template over config over default" {
	local k order=
	cat >good/target.conf <<-'EOF'
		{ "input": "./corpus", "output": "./results", "target": "./target",
		  "cmdline": "conf @@", "timeout": "250+", "qemu": true,
		  "environment": ["CONF=1", "BOTH=conf", "AFL_NO_SYNC=1",
		  "ASAN_OPTIONS=conf=1"] }
	EOF
	printf '%s\n' args='job @@' cpus=5 memory=600 env.BOTH=job tag=job \
		env.ASAN_OPTIONS=job=1 env.AFL_TMPDIR=/x owner=other >good/job
	mkdir -p "$LAGO_HOME/templates"
	printf '%s\n' args=template timeout=9 cpus=3 memory=300 retries=1 \
		provision_timeout=77 tag=template >"$LAGO_HOME/templates/small"
	printf '%s\n' args=config timeout=8 cpus=4 memory=400 retries=9 \
		provision_timeout=88 priority=11 lease=300 template=small >"$LAGO_HOME/config"
	bsdtar -cf a.tar -C good .
	submits -m 700 -g option -x env.ASAN_OPTIONS=option=1 a.tar
	for k in args memory cpus timeout mode provision_timeout retries priority deadline \
		driver template env.CONF env.BOTH env.ASAN_OPTIONS; do
		order+="$k=$(key 1 $k);"
	done
	echo "$order"
	[ "$order" = "args=job @@;memory=700;cpus=5;timeout=0.25;mode=qemu;\
provision_timeout=77;retries=1;priority=11;deadline=3600;driver=afl;template=small;\
env.CONF=1;env.BOTH=job;env.ASAN_OPTIONS=conf=1:job=1:option=1;" ]
	[ "$(key 1 tag | xargs)" = "template job option" ]
	# What is lago's own does not come from a bundle, and is said.
	[ -z "$(key 1 env.AFL_NO_SYNC)$(key 1 env.AFL_TMPDIR)" ]
	[ "$(key 1 owner)" = "$(id -un)" ]
	[[ $stderr == *"owner is lago's own, dropped"* ]]
	submits -x owner=team -x every=1d -x max_age=2h -x needs=big a.tar
	[ "$(sql 'SELECT owner, needs, max_age, every FROM job WHERE id = 2')" = \
		'team|big|7200|86400' ]
	[[ $stderr == *"AFL_NO_SYNC is lago's own, dropped"* ]]
	# Later changes do not reach it.
	echo cpus=1 >"$LAGO_HOME/config"
	[ "$(key 1 cpus)" = 5 ]
}

@test "bad templates and config: 66, 78, and no job" {
	mkdir -p "$LAGO_HOME/templates"
	run --separate-stderr lago-submit -x template=none png.zip
	[ "$status" -eq 66 ]
	echo cpu=1 >"$LAGO_HOME/templates/bad"
	run --separate-stderr lago-submit -x template=bad png.zip
	[ "$status" -eq 78 ]
	[[ $stderr == *"template: unknown key 'cpu'" ]]
	echo cpus=many >"$LAGO_HOME/config"
	run --separate-stderr lago-submit png.zip
	[ "$status" -eq 78 ]
	[[ $stderr == *"config: cpus='many' is not valid" ]]
	[ ! -e "$LAGO_HOME/jobs/1" ]
}

@test "the driver: as asked, the bundle's own, target.conf's, the build's" {
	submits -D afl png.zip
	fuzzer good/target afl
	bsdtar -cf afl.tar -C good .
	submits afl.tar
	cp good/target good/driver
	bsdtar -cf own.tar -C good .
	submits own.tar
	cp "$(type -P true)" good/target
	rm good/driver
	bsdtar -cf plain.tar -C good .
	[ "$(cd "$LAGO_HOME/jobs" && for j in 1 2 3; do key $j driver; done |
		xargs)" = "afl afl bundle" ]
	run --separate-stderr lago-submit plain.tar
	[ "$status" -eq 65 ]
	[[ $stderr == *"'target' shows no fuzzer it was built for"* ]]
	run --separate-stderr lago-submit -D honggfuzz plain.tar
	[ "$status" -eq 69 ]
	[[ $stderr == *"no driver 'honggfuzz'" ]]
	[ "$(jobs)" = "1 2 3" ]
}

@test "an OSS-Fuzz build: -T one target, or a job for each, one copy of the bytes" {
	mkdir build
	fuzzer build/a_fuzzer libfuzzer
	fuzzer build/zlib libfuzzer # by its content
	fuzzer build/jazzer_driver libfuzzer
	fuzzer build/lib.so libfuzzer
	cp "$(type -P true)" build/llvm-symbolizer
	mkdir build/__extra_build
	fuzzer build/__extra_build/c_fuzzer libfuzzer
	(cd good && zip -qr ../build/a_fuzzer_seed_corpus.zip corpus)
	echo '"x"' >build/a_fuzzer.dict
	printf '[libfuzzer]\nmax_len = 9\ntimeout=3\n[asan]\ndetect_leaks=0\n' \
		>build/a_fuzzer.options
	echo someone@example.org >build/a_fuzzer.owners
	(cd build && zip -qr ../build-1.zip .)
	submits build-1.zip
	[ "$(cut -f1,3,4 <<<"$output" | xargs)" = \
		"1 a_fuzzer libfuzzer 2 zlib libfuzzer" ]
	[ "$LAGO_HOME/jobs/1/bundle.zip" -ef "$LAGO_HOME/jobs/2/bundle.zip" ]
	[ "$(key 1 env.ASAN_OPTIONS) $(key 1 timeout) $(key 1 dict) \
$(key 1 member) $(key 1 named) $(key 1 shape)" = \
		"detect_leaks=0 3 a_fuzzer.dict a_fuzzer 1 oss-fuzz" ]
	[ -z "$(key 2 timeout)" ]
	submits -T zlib -x target=inflate build-1.zip
	[ "$(cut -f1,3 <<<"$output" | xargs)" = "3 inflate" ]
	[ "$(key 3 member)" = zlib ]
	run --separate-stderr lago-submit -T none build-1.zip
	[ "$status" -eq 66 ]
	[[ $stderr == *"'build-1.zip': no target 'none'" ]]
	echo nonsense >>build/a_fuzzer.options
	(cd build && zip -qr ../build-1.zip .)
	run --separate-stderr lago-submit build-1.zip
	[ "$status" -eq 65 ]
	[[ $stderr == *"'a_fuzzer.options': line 6 is neither"* ]]
	echo text >build/a_fuzzer
	(cd build && zip -qr ../build-1.zip .)
	run --separate-stderr lago-submit build-1.zip
	[ "$status" -eq 65 ]
	[[ $stderr == *"'a_fuzzer' is not a program"* ]]
	[ "$(jobs)" = "1 2 3" ]
}

@test "what a killed submit left is mended by the next: its row, its directory" {
	submits png.zip
	submits -g lost png.zip
	sql 'DELETE FROM tag WHERE job = 2; DELETE FROM job WHERE id = 2'
	mkdir "$LAGO_HOME/jobs/.new.dead"
	echo x >"$LAGO_HOME/jobs/.new.dead/job"
	touch -d '2 minutes ago' "$LAGO_HOME/jobs/.new.dead"
	submits png.zip
	[ "$(sql 'SELECT id FROM job ORDER BY id' | xargs)" = "1 2 3" ]
	[ "$(sql 'SELECT * FROM tag')" = "2|lost" ]
	[ "$(jobs)" = "1 2 3" ]
}

@test "a home that cannot be written: a clear line, nothing made" {
	echo x >file
	run --separate-stderr lago-submit -H file/home png.zip
	echo "$status $stderr"
	[ "$status" -eq 73 ] || [ "$status" -eq 66 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	run --separate-stderr env -u HOME -u LAGO_HOME lago-submit png.zip
	[ "$status" -eq 78 ]
	mkdir other
	submits -H other png.zip
	[ -f other/jobs/1/job ]
	[ ! -e "$LAGO_HOME" ]
}

@test "killed while it copies: the job is whole or absent, and so is its row" {
	local i pid
	# begun PID: it is at work, or over.
	begun() {
		[ -n "$(find "$LAGO_HOME" -name ".new.*" -newer mark 2>/dev/null)" ] ||
			! kill -0 "$1" 2>/dev/null
	}
	head -c 30000000 /dev/urandom >good/corpus/large
	bsdtar -cf a.tar -C good .
	for i in KILL TERM KILL INT KILL; do
		touch mark
		lago-submit -q a.tar &
		pid=$!
		wait_for begun $pid
		kill -$i $pid || true
		wait $pid || true
	done
	submits a.tar
	for i in $(jobs); do
		case $i in .new.*) continue ;; esac
		cmp a.tar "$LAGO_HOME/jobs/$i/bundle.tar"
		[ "$(key "$i" member)" = target ]
		[ "$(sql "SELECT count(*) FROM job WHERE id = $i")" = 1 ]
	done
}
