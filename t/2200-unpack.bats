# Unpacking: what arrives on the disk, and what never does.
load lib

setup() {
	need bsdtar zip
	mkdir "$BATS_TEST_TMPDIR/w"
	cd "$BATS_TEST_TMPDIR/w" || return
	mkdir -p good/corpus
	cp "$(type -P true)" good/target
	echo seed >good/corpus/one
}

unpack() { # BUNDLE [MEMBER [BYTES]]
	rm -rf dir in
	run "$TOP/t/unit/job-test" unpack "$1" dir in "${2:-target}" ${3:+"$3"}
	echo "$output"
}

hash() {
	sha256sum "$@" | cut -d' ' -f1 | sort -u
}

@test "files arrive with their bytes; programs executable; seeds named by SHA-256" {
	local form
	printf '#!/bin/sh\n' >good/provision.sh
	mkdir -p good/lib good/corpus/deep
	echo text >good/lib/data
	cp good/corpus/one good/corpus/deep/same
	head -c 200000 /dev/urandom >good/corpus/deep/other
	: >good/corpus/empty
	chmod 644 good/target good/provision.sh
	ln -s lib/data good/link
	ln good/lib/data good/lib/hard
	(cd good && zip -qryX ../a.zip .)
	bsdtar -cf a.tar -C good .
	bsdtar -c --format 7zip -f a.7z -C good .
	bsdtar -c --zstd -f a.tzst -C good .
	for form in zip tar 7z tzst; do
		umask 077
		unpack a.$form
		[ "$status" -eq 0 ]
		[ "$output" = "2 seeds" ]
		diff -r --no-dereference good dir
		[ "$(stat -c %a dir/target dir/provision.sh dir/lib/data dir/lib |
			xargs)" = "755 755 644 755" ]
		[ "$(hash good/corpus/one good/corpus/deep/other)" = \
			"$(find in -type f -printf '%f\n' | sort)" ]
		[ "$(hash in/*)" = "$(find in -type f -printf '%f\n' | sort)" ]
	done
}

@test "set-id bits, other modes and owners do not arrive" {
	printf '#mtree\n%s\n%s\n%s\n' \
		'./target type=file mode=06777 uid=0 content=good/target' \
		'./x type=file mode=0000 content=good/corpus/one' \
		'./d type=dir mode=07000' >members
	bsdtar -cf a.tar @members
	unpack a.tar
	[ "$status" -eq 0 ]
	[ "$(stat -c %a dir/target dir/x dir/d | xargs)" = "755 644 755" ]
	[ "$(stat -c %u dir/target)" = "$(id -u)" ]
}

@test "a quota stops it: 74, never more on the disk" {
	head -c 300000 /dev/urandom >good/corpus/large
	bsdtar -cf a.tar -C good .
	unpack a.tar target 100000
	[ "$status" -eq 74 ]
	[[ $output == *"'a.tar': larger than the space or number of files allowed" ]]
	[ "$(find dir -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')" \
		-le 100000 ]
}

@test "an OSS-Fuzz build: the seeds of the chosen target from its archives" {
	mkdir -p a/sub b
	echo 1 >a/sub/one
	echo 2 >a/two
	ln -s /etc/passwd a/link
	echo 3 >b/three
	printf '#!/bin/sh\n' >good/a_fuzzer
	cp good/a_fuzzer good/b_fuzzer
	rm -r good/target good/corpus
	(cd a && zip -qr ../good/a_fuzzer_seed_corpus.zip sub two)
	bsdtar -czf good/a_fuzzer_seed_corpus.tar.gz -C b .
	(cd b && zip -qr ../good/b_fuzzer_seed_corpus.zip .)
	(cd good && zip -qr ../a.zip .)
	unpack a.zip a_fuzzer
	[ "$output" = "3 seeds" ]
	[ "$(hash a/sub/one a/two b/three)" = "$(ls in)" ]
	unpack a.zip b_fuzzer
	[ "$(hash b/three)" = "$(ls in)" ]
	[ -x dir/a_fuzzer ]
	# Links that lead out are refused in there too.
	bsdtar -cf good/a_fuzzer_seed_corpus.tar -C a .
	(cd good && zip -qr ../b.zip .)
	unpack b.zip a_fuzzer
	[ "$status" -eq 65 ]
	[[ $output == *"'a_fuzzer_seed_corpus.tar': the link 'link' leads out"* ]]
}

@test "seeds that provision.sh left: no link is followed, no fifo opened" {
	bsdtar -cf a.tar -C good .
	unpack a.tar
	mkdir out late
	echo secret >out/secret
	rm -r dir/corpus
	ln -s ../out dir/corpus
	run "$TOP/t/unit/job-test" seeds dir late target
	[ "$output" = "0 seeds" ]
	rm dir/corpus
	mkdir dir/corpus
	ln -s ../../out/secret dir/corpus/link
	ln -s ../../out dir/corpus/dir
	mkfifo dir/corpus/fifo
	echo new >dir/corpus/new
	run "$TOP/t/unit/job-test" seeds dir late target
	[ "$output" = "1 seeds" ]
	[ "$(ls late)" = "$(hash dir/corpus/new)" ]
}
