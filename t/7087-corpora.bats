# The corpora of targets: what a job leaves for the next one.
load lib
load home

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p bin "$LAGO_HOME"
	cp "$TOP"/bin/lago "$TOP"/bin/lago-{dispatch,import} \
		"$TOP/t/fake/lago-run" bin
	export LAGO_LIBEXEC="$TOP/lib" LAGO_SHARE="$TOP/share"
	PATH=$PWD/bin:$PATH
	echo 'local local 8 8192' >"$LAGO_HOME/nodes"
}

sha() { # TEXT
	printf %s "$1" | sha256sum | cut -c 1-64
}

shas() { # TEXT...
	local t
	for t; do sha "$t"; done | sort
}

# job ID [KEY=VALUE...]: of a target that has a name; it runs.
job() {
	local id=$1
	shift
	fake_job "$id" cpus=1 memory=100 named=1 build=b1 "$@"
	echo wait >"$LAGO_HOME/jobs/$id/bundle.zip"
	lago-import -q
	lago-dispatch -q
	RUN=$LAGO_HOME/jobs/$id/runs/1
}

# put DIR TEXT...: files of the run.
put() {
	local dir=$1 t
	mkdir -p "$RUN/$dir"
	shift
	for t; do printf %s "$t" >"$RUN/$dir/$(sha "$t")"; done
}

over() { # ID: it ends
	touch "$LAGO_HOME/jobs/$1/end"
	ended() {
		lago-dispatch >>said
		grep -qx state=done "$LAGO_HOME/jobs/$1/runs/1/run"
	}
	wait_for ended "$1"
}

kept() { # what the target has
	(cd "$LAGO_HOME/corpus/png" && find . -maxdepth 1 -name '????????????*' -printf '%f\n') | sort
}

set_of() { # NAME
	sed 1d "$LAGO_HOME/corpus/png/sets/$1"
}

@test "corpora: the minimal corpus of a job is where the next one begins" {
	job 1
	[ ! -e "$RUN/foreign" ]
	put queue a b c
	put corpus a b
	echo tuples=100 >"$RUN/more"
	over 1
	[ "$(kept)" = "$(shas a b)" ]
	[ "$(set_of b1.libfuzzer)" = "$(shas a b)" ]
	# a run without a minimal corpus leaves all it found
	job 2
	[ "$(ls "$RUN/foreign")" = "$(shas a b)" ]
	put queue d
	over 2
	[ "$(kept)" = "$(shas a b d)" ]
	[ "$(set_of b1.libfuzzer)" = "$(shas a b)" ]
	# and what is in no set yet is there for the next too
	job 3
	[ "$(ls "$RUN/foreign")" = "$(shas a b d)" ]
	put corpus b d
	over 3
	[ "$(kept)" = "$(shas a b d)" ]
	[ "$(set_of b1.libfuzzer)" = "$(shas b d)" ]
}

@test "corpora: off, no name, a related target, names that lead out" {
	job 1
	put corpus a
	over 1
	job 2 corpus_reuse=0
	[ ! -e "$RUN/foreign" ]
	put corpus x
	over 2
	job 3 named=0
	[ ! -e "$RUN/foreign" ]
	put corpus x
	over 3
	[ "$(kept)" = "$(sha a)" ]
	job 4 target=jpg corpus_from=tiff,png
	[ "$(ls "$RUN/foreign")" = "$(sha a)" ]
	put corpus j
	over 4
	[ "$(kept)" = "$(sha a)" ]
	[ -f "$LAGO_HOME/corpus/jpg/$(sha j)" ]
	job 5 target=.. corpus_from=..,.,/etc
	[ ! -e "$RUN/foreign" ]
	put corpus evil
	over 5
	[ ! -e "$LAGO_HOME/$(sha evil)" ]
	[ ! -e "$LAGO_HOME/sets" ]
}

@test "corpora: a set that covers less does not follow; quarantine is a build's" {
	job 1
	put corpus a b c
	echo tuples=100 >"$RUN/more"
	over 1
	# a broken build that ends early
	job 2 build=b2
	put corpus a
	put quarantine b
	echo tuples=10 >"$RUN/more"
	over 2
	grep -q "^2.1	corpus	.*covers 10 of 100" said
	[ ! -e "$LAGO_HOME/corpus/png/sets/b2.libfuzzer" ]
	[ "$(set_of b1.libfuzzer)" = "$(shas a b c)" ]
	# what crashes there is not given to it again, but to others
	job 3 build=b2
	[ "$(ls "$RUN/foreign")" = "$(shas a c)" ]
	put corpus a c
	echo tuples=95 >"$RUN/more"
	over 3
	[ "$(set_of b2.libfuzzer)" = "$(shas a c)" ]
	job 4 build=b3
	[ "$(ls "$RUN/foreign")" = "$(shas a b c)" ]
	# the same build must cover all that it did
	put corpus a
	over 4
	job 5 build=b2
	put corpus a
	echo tuples=94 >"$RUN/more"
	over 5
	grep -q "^5.1	corpus	.*covers 94 of 95" said
}

@test "corpora: the shards of a job together; inputs of no set leave in time" {
	job 1 shards=2
	put corpus a b
	RUN=$LAGO_HOME/jobs/1/runs/2
	put corpus b c
	over 1
	[ "$(set_of b1.libfuzzer)" = "$(shas a b c)" ]
	cd "$LAGO_HOME/corpus/png"
	awk '{ $2 -= 31 * 86400 } 1' OFS='\t' added >old && mv old added
	cd "$BATS_TEST_TMPDIR"
	job 2
	put corpus a
	over 2
	[ "$(kept)" = "$(sha a)" ]
}

@test "corpora: a pass killed before the rows is repeated" {
	job 1
	put corpus a b
	echo tuples=100 >"$RUN/more"
	over 1
	rm -r "$LAGO_HOME/corpus"
	sqlite3 "$LAGO_HOME/lago.db" "UPDATE job SET state = 'running'"
	sqlite3 "$LAGO_HOME/lago.db" "UPDATE run SET state = 'running', watched = 1"
	lago-dispatch -q
	[ "$(kept)" = "$(shas a b)" ]
	[ "$(set_of b1.libfuzzer)" = "$(shas a b)" ]
	[ "$(sqlite3 "$LAGO_HOME/lago.db" "SELECT state FROM job")" = "done" ]
}

@test "corpora: another home's are taken in, each input for what it is" {
	job 1
	put corpus a b
	over 1
	mv "$LAGO_HOME" other
	printf evil >"other/corpus/png/$(sha c)"
	mkdir other/corpus/.hidden
	mkdir -p "$LAGO_HOME"
	echo 'local local 8 8192' >"$LAGO_HOME/nodes"
	lago-import other
	lago-import other
	[ "$(kept)" = "$(shas a b)" ]
	[ "$(set_of b1.libfuzzer)" = "$(shas a b)" ]
	[ "$(wc -l <"$LAGO_HOME/corpus/png/added")" -le 4 ]
	# a copy is a home like the first
	cp -a other copy
	rm copy/lago.db*
	rm "copy/corpus/png/$(sha c)"
	LAGO_HOME=$PWD/copy
	lago-import -a
	job 2
	[ "$(ls "$RUN/foreign")" = "$(shas a b)" ]
}
