# What is a bundle and what is not: lago-submit -N checks and writes nothing.
load lib

setup() {
	need bsdtar zip
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w" || return
	mkdir -p good/corpus libexec/driver
	cp "$(type -P true)" libexec/driver/afl
	export LAGO_LIBEXEC=$PWD/libexec
	cp "$(type -P true)" good/target
	echo seed >good/corpus/one
}

# pack NAME FORMAT: an archive of a good target and of what the mtree lines on
# standard input say, which may be things that no file system holds.
pack() {
	{
		echo '#mtree'
		echo './target type=file mode=0755 content=good/target'
		cat
	} >members
	bsdtar -P -c --format "$2" -f "$1" @members
}

# poke FILE OFFSET BYTES: overwrite bytes, as printf escapes.
poke() {
	# shellcheck disable=SC2059 # escapes are meant
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# offset FILE BYTES: where they lie last.
offset() {
	LC_ALL=C grep -aobF "$2" "$1" | tail -n 1 | cut -d: -f1
}

accepts() {
	run --separate-stderr lago-submit -N -D afl "$@"
	echo "$* -> $status: $stderr"
	[ "$status" -eq 0 ]
}

# refuses STATUS PATTERN BUNDLE: that status, one line that matches, and
# nothing written.
refuses() {
	local files
	files=$(find . | sort)
	run --separate-stderr lago-submit -D afl "$3"
	echo "$3 -> $status: $stderr"
	[ "$status" -eq "$1" ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	# shellcheck disable=SC2053 # a pattern
	[[ $stderr == $2 ]]
	[ "$files" = "$(find . | sort)" ]
	[ ! -e "$LAGO_HOME" ]
}

@test "every kind of archive, in both shapes of tar and compressed (D01: zip without directory entries)" {
	local format
	(cd good && zip -qr ../all.zip . && zip -qrD ../plain.zip .)
	accepts all.zip
	accepts plain.zip
	for format in ustar gnutar pax newc odc 7zip; do
		bsdtar -c --format $format -f a.$format -C good .
		accepts a.$format
	done
	for format in gzip bzip2 xz zstd; do
		bsdtar -c --$format -f a.$format -C good target corpus
		accepts a.$format
	done
}

@test "a corpus may be empty or absent: one line says so" {
	rm good/corpus/one
	bsdtar -cf empty.tar -C good .
	accepts empty.tar
	[[ $stderr == *"no seeds, the corpus is empty" ]]
	bsdtar -cf none.tar -C good target
	accepts none.tar
}

@test "an archive that is cut anywhere is refused (D03)" {
	local form size cut
	head -c 20000 /dev/urandom >good/corpus/noise
	(cd good && zip -qr ../a.zip .)
	bsdtar -cf a.tar -C good .
	for form in gzip bzip2 xz zstd; do
		bsdtar -c --$form -f a.$form -C good .
	done
	bsdtar -c --format 7zip -f a.7z -C good .
	bsdtar -c --format newc -f a.cpio -C good .
	for form in zip tar gzip bzip2 xz zstd 7z cpio; do
		accepts a.$form
		size=$(stat -c %s a.$form)
		[ $form != tar ] || size=$((size / 2))
		[ $form != cpio ] || size=$((size - 600))
		for cut in 0 1 100 $((size / 2)) $((size - 1)); do
			head -c "$cut" a.$form >cut.$form
			refuses 65 "*cut.$form*" cut.$form
		done
	done
}

@test "what is no bundle: no file, a directory, no archive, no target" {
	refuses 66 "*cannot open 'none.zip': No such file*" none.zip
	refuses 66 "*'good': not a regular file" good
	mkfifo fifo
	refuses 66 "*'fifo': not a regular file" fifo
	echo text >text
	refuses 65 "*'text': neither zip, 7z, tar nor cpio*" text
	(cd good && zip -qr ../a.zip corpus)
	refuses 65 "*'a.zip': no target: *" a.zip
	printf '#mtree\n./x type=file content=good/target\n' >a.mtree
	refuses 65 "*neither zip*" a.mtree
	gzip -c a.zip >a.zip.gz
	refuses 65 "*'a.zip.gz': *" a.zip.gz
	gzip -c a.zip | gzip >b.gz
	refuses 65 "*'b.gz': *" b.gz
}

@test "target is a program of this machine (D08: without its Unix mode too)" {
	local e
	chmod 644 good/target
	(cd good && zip -qrX ../mode.zip .)
	accepts mode.zip
	printf '#!/bin/sh\nexit 0\n' >good/target
	bsdtar -cf script.tar -C good .
	accepts script.tar
	printf '#!/none/sh\n' >good/target
	bsdtar -cf a.tar -C good .
	refuses 65 "*'target' is a script whose interpreter '/none/sh'*" a.tar
	printf '#!/bin/sh\r\n' >good/target
	bsdtar -cf a.tar -C good .
	refuses 65 "*'target' is a script with CR LF*" a.tar
	: >good/target
	bsdtar -cf a.tar -C good .
	refuses 65 "*'target' is empty" a.tar
	echo text >good/target
	bsdtar -cf a.tar -C good .
	refuses 65 "*'target' is not a program*" a.tar
	for e in "4 \\001 ." "5 \\002 *byte?order" "18 \\377\\177 *another" \
		"16 \\001\\000 *object" "16 \\004\\000 *not?a?program"; do
		# shellcheck disable=SC2086 # three words
		set -- $e
		cp "$(type -P true)" good/target
		poke good/target "$1" "$2"
		bsdtar -cf a.tar -C good .
		[ "$3" = . ] || refuses 65 "$3*" a.tar
	done
	head -c 40 "$(type -P true)" >good/target
	bsdtar -cf a.tar -C good .
	refuses 65 "*'target' is a truncated program" a.tar
	rm good/target
	mkdir good/target
	bsdtar -cf a.tar -C good .
	refuses 65 "*'target' is a directory" a.tar
	touch good/target/x
	(cd good && zip -qrD ../a.zip .)
	refuses 65 "*'target' is a directory" a.zip
	rm -r good/target
	ln -s corpus/one good/target
	bsdtar -cf a.tar -C good .
	refuses 65 "*'target' is a link*" a.tar
}

@test "other builds beside target, and a driver, must be programs too" {
	echo text >good/target.san
	bsdtar -cf a.tar -C good .
	refuses 65 "*'target.san' is not a program*" a.tar
	rm good/target.san
	echo text >good/driver
	bsdtar -cf a.tar -C good .
	refuses 65 "*'driver' is not a program*" a.tar
	rm good/driver
	mkdir good/provision.sh
	bsdtar -cf a.tar -C good .
	refuses 65 "*'provision.sh' is not a regular file" a.tar
	rm -r good/corpus good/provision.sh
	echo text >good/corpus
	bsdtar -cf a.tar -C good .
	refuses 65 "*'corpus' is not a directory" a.tar
}

@test "names stay inside: no '..', not absolute, not twice, not below a file" {
	local format long
	for format in zip pax newc; do
		pack a $format <<<'./corpus/../../x type=file content=good/target'
		refuses 65 "*'./corpus/../../x' has '..' in it" a
	done
	bsdtar -P -cf abs.tar "$PWD/good/target"
	refuses 65 "*is absolute" abs.tar
	(cd good && zip -q ../abs.zip target corpus/one)
	poke abs.zip $(($(offset abs.zip corpus/one))) "/orpus/one"
	poke abs.zip $(($(LC_ALL=C grep -aobF corpus/one abs.zip |
		cut -d: -f1))) "/orpus/one"
	refuses 65 "*'/orpus/one' is absolute" abs.zip
	bsdtar -cf one.tar -C good target
	bsdtar -cf two.tar @one.tar -C good ./target
	refuses 65 "*'target' is there twice" two.tar
	pack a pax <<-EOF
		./corpus/a/b type=file content=good/corpus/one
	EOF
	bsdtar -cf b.tar -s ',^corpus/one$,corpus/a,' @a -C good corpus/one
	refuses 65 "*'corpus/a' is there as a directory too" b.tar
	long=$(printf '%0260d' 0)
	pack a pax <<<"./corpus/$long type=file content=good/target"
	refuses 65 "*is too long or too deep" a
	long=$(printf 'd/%.0s' {1..120})
	pack a pax <<<"./corpus/${long}x type=file content=good/target"
	refuses 65 "*is too long or too deep" a
}

@test "links are kept when they lead inside, through other links too" {
	local l
	mkdir good/lib
	ln -s ../target good/lib/t
	ln -s lib/t good/u
	ln -s lib good/again
	ln -s later good/dangling
	bsdtar -cf a.tar -C good .
	accepts a.tar
	(cd good && zip -qry ../a.zip .)
	accepts a.zip
	for l in /etc/passwd ../x again/../../x out; do
		ln -sfn "$l" good/out
		bsdtar -cf a.tar -C good .
		refuses 65 "*the link 'out' leads out of the bundle, or in a circle: to '$l'" a.tar
		(cd good && zip -qry ../b.zip .)
		refuses 65 "*the link 'out' leads out*" b.zip
		rm b.zip
	done
	ln -sfn corpus good/out
	bsdtar -cf a.tar -C good .
	bsdtar -cf b.tar -s ',^corpus/,out/,' @a.tar -C good corpus/one
	refuses 65 "*'out/one' lies below a link" b.tar
	rm good/out
	ln good/corpus/one good/corpus/two
	bsdtar -cf a.tar -C good target corpus
	accepts a.tar
}

@test "devices, fifos, sockets are refused" {
	local type
	for type in "char device=native,1,3" "block device=native,8,0" fifo; do
		pack a pax <<<"./corpus/x mode=0644 type=$type"
		refuses 65 "*'./corpus/x' is a *" a
	done
	pack a newc <<<"./corpus/x mode=0644 type=char device=native,1,3"
	refuses 65 "*'./corpus/x' is a device" a
}

@test "names: any bytes below corpus/, UTF-8 elsewhere, alike in every locale" {
	local bytes=$'\xff\xfe\n\x1b[1m' locale
	mkdir names
	cp -r good/. names
	echo x >"names/corpus/$bytes"
	bsdtar -cf bytes.tar -C names .
	(cd names && zip -qr ../bytes.zip .)
	mv "names/corpus/$bytes" "names/$bytes"
	bsdtar -cf top.tar -C names .
	echo x >"good/caf$(printf '\303\251')"
	bsdtar -cf utf8.tar -C good .
	bsdtar -c --format 7zip -f utf8.7z -C good .
	(cd good && zip -qr ../utf8.zip .)
	for locale in C C.UTF-8; do
		export LC_ALL=$locale
		accepts bytes.tar
		accepts bytes.zip
		accepts utf8.tar
		accepts utf8.7z
		accepts utf8.zip
		refuses 65 "*is not UTF-8*" top.tar
		[[ $stderr != *$'\x1b'* ]]
	done
}

@test "a zip whose directory and members disagree is refused" {
	local at
	(cd good && zip -q0 ../a.zip corpus/one target)
	cp a.zip b.zip
	poke b.zip "$(offset b.zip corpus/one)" "corpus/two"
	refuses 65 "*'corpus/two' has another name*" b.zip
	cp a.zip b.zip
	printf x | cat - a.zip >b.zip
	refuses 65 "*something before its first member" b.zip
	printf x >>a.zip
	refuses 65 "*central directory is missing or cut" a.zip
	(cd good && zip -qe -P x ../enc.zip target)
	refuses 65 "*'target' is encrypted" enc.zip
	# One member says it is smaller than it is.
	(cd good && zip -qX ../small.zip target && zip -qX ../small.zip corpus/one)
	at=$(offset small.zip corpus/one)
	poke small.zip $((at - 22)) '\001'
	refuses 65 "*'corpus/one' has another name, method or size*" small.zip
}

@test "100,000 members are accepted in little memory, one more than the limit is not" {
	{
		echo '#mtree'
		echo './target type=file mode=0755 content=good/target'
		seq -f './corpus/%06g type=file mode=0644 size=0' 100000
	} >members
	bsdtar -c --format zip -f many.zip @members
	# 400 MB of address space, its libraries included
	run --separate-stderr bash -c '
		ulimit -v 400000
		lago-submit -N -D afl many.zip'
	[ "$status" -eq 0 ] || [ -n "$LAGO_ASAN" ]
	bsdtar -czf many.tgz @members
	mkdir "$LAGO_HOME"
	echo bundle_members=100001 >"$LAGO_HOME/config"
	accepts many.tgz
	echo bundle_members=100000 >"$LAGO_HOME/config"
	for f in many.zip many.tgz; do
		run --separate-stderr lago-submit -D afl $f
		[ "$status" -eq 65 ]
		[[ $stderr == *"more than 100000 members"* ]]
	done
	[ "$(ls "$LAGO_HOME")" = config ]
}

@test "a bomb is refused: what it declares, what it really holds, what is nested" {
	local -a at
	local f
	truncate -s 11G good/corpus/zeros # needs no space
	bsdtar -cf sparse.tar -C good .
	refuses 65 "*more than 10737418240 bytes expanded*" sparse.tar
	(cd good && bsdtar -cf ../x_seed_corpus.tar corpus)
	rm good/corpus/zeros
	mv x_seed_corpus.tar good/target_seed_corpus.tar
	bsdtar -cf nested.tar -C good .
	refuses 65 "*'target_seed_corpus.tar': more than 10737418240 bytes*" \
		nested.tar
	rm good/target_seed_corpus.tar
	# A zip whose directory declares 4 GiB three times.
	for f in a b c; do echo $f >good/corpus/$f; done
	(cd good && zip -qX0 ../declared.zip target corpus/[abc])
	# before each member and in the directory
	mapfile -t at < <(LC_ALL=C grep -aobF corpus/ declared.zip | cut -d: -f1)
	poke declared.zip $((at[0] - 8)) '\376\377\377\377'
	poke declared.zip $((at[1] - 8)) '\376\377\377\377'
	poke declared.zip $((at[2] - 8)) '\376\377\377\377'
	poke declared.zip $((at[3] - 22)) '\376\377\377\377'
	poke declared.zip $((at[4] - 22)) '\376\377\377\377'
	poke declared.zip $((at[5] - 22)) '\376\377\377\377'
	refuses 65 "*more than 10737418240 bytes expanded*" declared.zip
	# What adds up, or comes compressed.
	head -c 3000000 /dev/zero | tee good/corpus/a >good/corpus/b
	mkdir "$LAGO_HOME"
	echo bundle_bytes=5000000 >"$LAGO_HOME/config"
	bsdtar -c --zstd -f sum.tzst -C good .
	(cd good && zip -qr ../sum.zip .)
	for f in sum.tzst sum.zip; do
		run --separate-stderr lago-submit -D afl $f
		[ "$status" -eq 65 ]
		[[ $stderr == *"more than 5000000 bytes expanded"* ]]
	done
	[ "$(ls "$LAGO_HOME")" = config ]
}

@test "an archive that asks for gigabytes of memory is refused without taking them" {
	[ -z "$LAGO_ASAN" ] || skip "ASan needs the address space"
	# A cpio whose first name is 3.7 GB long, zeros, well compressed.
	{
		printf '070701%s' 00000001 000081a4 00000000 00000000 00000001 \
			00000000 00000000 00000000 00000000 00000000 00000000 \
			e0000000 00000000 | sed 's/070701//2g'
		head -c 1500000000 /dev/zero
	} | zstd -q >a.zst
	run bash -c 'ulimit -v 3000000; lago-submit -N -D afl a.zst'
	echo "$output"
	[ "$status" -eq 65 ]
	[[ $output == *"'a.zst': "*"memory" ]]
}

@test "target.conf: every key of afl-multicore, and nothing wrong in it (D09)" {
	local c good='"input": "./corpus", "output": "./results",
		"target": "./target", "cmdline": "-q @@"'
	conf() {
		printf '%s' "$1" >good/target.conf
		bsdtar -cf a.tar -C good .
	}
	conf "{ \"session\": \"demo\", $good, \"timeout\": \"200+\",
		\"mem_limit\": \"none\", \"qemu\": false, \"afl_margs\": \"-T x\",
		\"dirty\": false, \"dumb\": false, \"dict\": \"./demo.dict\",
		\"master_instances\": 1, \"interactive\": false,
		\"fuzzer\": \"afl-fuzz\", \"file\": \"@@\",
		\"environment\": [\"AFL_PERSISTENT=0\"] }"
	accepts a.tar
	while IFS='|' read -r c pattern; do
		conf "$c"
		refuses 65 "*'target.conf': $pattern*" a.tar
	done <<-EOF
		{ "input": |not JSON
		|not JSON
		[1]|not a JSON object
		{ ${good//$'\n'/ }, "mystery": 1 }|unknown key 'mystery'
		{ ${good//$'\n'/ }, "qemu": "no" }|key 'qemu' has the wrong type
		{ ${good//$'\n'/ }, "timeout": "soon" }|key 'timeout' must be
		{ ${good//$'\n'/ }, "environment": ["A"] }|key 'environment' must be
		{ ${good//$'\n'/ }, "dict": 1 }|key 'dict' has the wrong type
		{ "input": "./corpus" }|key 'output' is missing
		{ "output": "/tmp" }|key 'output' must be './results', not '/tmp'
	EOF
	conf "{ $good, \"dict\": \"../x\" }"
	refuses 65 "*'target.conf': dict='../x' is not valid" a.tar
	conf "{ $good }"
	accepts -x cpus=1 a.tar
	[ "$output" = $'\ta\ta\tafl' ]
}

@test "job file: known keys, values in range, no key twice, not too large" {
	while IFS='|' read -r line pattern; do
		printf '%b' "$line" >good/job
		bsdtar -cf a.tar -C good .
		refuses 65 "*'a.tar': 'job'$pattern" a.tar
	done <<-'EOF'
		cpu=2\n|: unknown key 'cpu'
		cpus=0\n|: cpus='0' is not valid
		memory=1e9\n|: memory='1e9' is not valid
		deadline=-5\n|: deadline='-5' is not valid
		name=../x\n|: name='../x' is not valid
		cpus=1\ncpus=2\n|: line 2: key 'cpus' twice
		just words\n|: line 1 is not key=value
		env.A-B=1\n|: line 1: bad key 'env.A-B'
	EOF
	{ yes tag=x || true; } 2>/dev/null | head -n 20000 >good/job
	bsdtar -cf a.tar -C good .
	refuses 65 "*'job' has more than 10000 lines" a.tar
	head -c 2000000 /dev/zero >good/job
	bsdtar -cf a.tar -C good .
	refuses 65 "*'job' is larger than 1048576 bytes" a.tar
}
