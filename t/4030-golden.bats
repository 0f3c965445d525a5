load lib

# t/golden/logs: what programs really printed, and in t/golden/logs.tsv what is
# to be read there.

@test "golden: every log gives what its row in the table says" {
	need jq
	cd "$TOP/t/golden/logs"
	grep -v '^#' ../logs.tsv >"$BATS_TEST_TMPDIR/table"
	cut -f1 "$BATS_TEST_TMPDIR/table" | sed 's/$/.log/' >"$BATS_TEST_TMPDIR/names"
	printf '%s\n' *.log | sort | diff - <(sort "$BATS_TEST_TMPDIR/names")
	tr '\n' '\0' <"$BATS_TEST_TMPDIR/names" | lago-triage -0lj |
		jq -r 'def s: if . == null or . == "" or . == [] then "-"
				elif type == "array" then map(tostring) |
					join(" < ") | gsub("\n"; " ")
				else tostring | gsub("[\t\n]"; " ") end;
			[(.log | rtrimstr(".log")), (.tool | s), (.kind | s),
			(.access | s), (.access_size | s), (.address | s),
			(.signal | s), (.reports | s),
			([(.also // [])[] | .kind] | s), (.top | s),
			(.message | s)] | join("\t")' >"$BATS_TEST_TMPDIR/records"
	awk -F '\t' '
		BEGIN {
			split("log tool kind access size address signal " \
				"reports also top message", name, " ")
		}
		FNR == NR { for (i = 1; i <= 11; i++) is[FNR, i] = $i; next }
		{
			total++
			wrong = 0
			for (i = 1; i <= 11; i++) {
				want = $(i + (i > 1))
				if (want != is[FNR, i]) {
					wrong = 1
					printf "%s: %s is \"%s\", not \"%s\"\n",
						$1, name[i], is[FNR, i], want
				}
			}
			passed += !wrong
		}
		END { printf "%d/%d\n", passed, total }' \
		"$BATS_TEST_TMPDIR/records" "$BATS_TEST_TMPDIR/table" \
		>"$BATS_TEST_TMPDIR/out"
	cat "$BATS_TEST_TMPDIR/out"
	echo "# golden: $(tail -n 1 "$BATS_TEST_TMPDIR/out")" >&3
	run ! grep -q ' is "' "$BATS_TEST_TMPDIR/out"
}

# keys DIR: what is compared, of every log there.
keys() (
	cd "$1" || exit 1
	printf '%s\0' *.log | lago-triage -0lj | jq -c '[.log, .kind, .tool,
		.access, .access_size, .address, .signal, .message, .exception,
		.top, .reports, .bucket, .bucket_exact]'
)

@test "golden: line ends, colours and noise around a report change nothing" {
	need jq
	logs=$TOP/t/golden/logs
	cd "$BATS_TEST_TMPDIR"
	mkdir crlf colour noise
	keys "$logs" >want
	cd "$logs"
	LC_ALL=C awk -v to="$BATS_TEST_TMPDIR" '
		function noise_end() {
			if (noise != "")
				printf "\n%c%c \377 ***\n", 0, 0 >noise
			close(crlf); close(colour); close(noise)
		}
		FNR == 1 {
			noise_end()
			crlf = to "/crlf/" FILENAME
			colour = to "/colour/" FILENAME
			noise = to "/noise/" FILENAME
			printf "a%cb \377\200 #0 \303 ==\n\n", 0 >noise
		}
		{
			printf "%s\r\n", $0 >crlf
			printf "\033[1;31m%s\033[0m\033[K\n", $0 >colour
			print >noise
		}
		END { noise_end() }' ./*.log
	cd "$BATS_TEST_TMPDIR"
	for form in crlf colour noise; do
		keys "$form" | diff want -
	done
}

@test "golden: whatever happens to a log, its record holds together" {
	run "$TOP/t/unit/golden-test" "$TOP/share/rules" "$TOP"/t/golden/logs/*.log
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "golden: of several reports the fatal one is the verdict" {
	need jq
	cd "$TOP/t/golden/logs"
	of() {
		cat "$@" >"$BATS_TEST_TMPDIR/both"
		lago-triage -lj "$BATS_TEST_TMPDIR/both" | jq -c \
			'[.kind, .top[0], .reports, (.also | map(.kind))]'
	}
	[ "$(of ubsan-several.log asan-heap_read.log)" = \
		'["heap-buffer-overflow","heap_read",4,["undefined-shift","integer-overflow","index-out-of-bounds"]]' ]
	[ "$(of asan-heap_read.log asan-null_write.log)" = \
		'["heap-buffer-overflow","heap_read",2,["null-dereference"]]' ]
	[ "$(of tsan-race.log valgrind-uninit.log)" = \
		'["data-race","look",2,["use-of-uninitialized-value"]]' ]
	# More than are kept are counted.
	for _ in 1 2 3 4 5 6 7 8 9; do cat ubsan-several.log; done >"$BATS_TEST_TMPDIR/many"
	lago-triage -lj "$BATS_TEST_TMPDIR/many" >"$BATS_TEST_TMPDIR/record" || true
	[ "$(jq -c '[.reports, (.also | length)]' "$BATS_TEST_TMPDIR/record")" = '[27,15]' ]
}

@test "golden: a linker's stub without a name makes no other bucket" {
	need jq
	bucket() {
		lago-triage -lj "$1" | jq -r '[.bucket, .top[0]] | join(" ")'
	}
	cd "$BATS_TEST_TMPDIR"
	log=$TOP/t/golden/logs/asan-use_after_free.log
	want=$(bucket "$log")
	# The first frame is the caller, through a stub in the same program.
	awk 'sub(/^    #0 .* in use_after_free .*/, "&") && !done++ {
			print "    #0 0x555555580000  (/tmp/golden/asan+0x2c000)"
			stack = 1
		}
		/^$/ { stack = 0 }
		stack && match($0, /#[0-9]+/) {
			n = substr($0, RSTART + 1, RLENGTH - 1) + 1
			sub(/#[0-9]+/, "#" n)
		}
		{ print }' "$log" >stub
	grep -q '#0.*asan+0x2c000' stub
	[ "$(bucket stub)" = "$want" ]
	# One of a module that has no names at all is a place of its own.
	sed 's|(/tmp/golden/asan+0x2c000)|(/opt/lib/libblob.so+0x2c000)|' stub >blob
	[ "$(bucket blob)" != "$want" ]
}

@test "golden: exceptions and places of programs that are no C" {
	need jq
	cd "$TOP/t/golden/logs"
	grep -v '^#' ../places.tsv | tee "$BATS_TEST_TMPDIR/want" | cut -f1 |
		sed 's/$/.log/' | tr '\n' '\0' | lago-triage -0lj |
		jq -r '[(.log | rtrimstr(".log")), .exception // "-",
			.crash_line // "-", .thread // "-",
			([.stacks[].role] | join(" ") |
				if . == "" then "-" else . end)] | @tsv' \
			>"$BATS_TEST_TMPDIR/is"
	diff "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/is"
}

# What an edit above changes: line and column of every place, addresses.
moved() {
	sed -E 's/(\.(rs|go|py|java|js|swift|lua|cs|rb|php|vm))([:(])([0-9]+)/\1\39\4/g
		s/(", line |\.cs:line |\.swift, line |on line )/\17/
		s/ \+0x([0-9a-f]+)/ +0x7\1/; s/(goroutine|thread) 1 /\1 31 /' "$1"
}

@test "golden: a bug stays in its bucket when lines are moved" {
	need jq
	cd "$TOP/t/golden/logs"
	mkdir "$BATS_TEST_TMPDIR/moved"
	mapfile -t logs < <(grep -v '^#' ../places.tsv | cut -f1 |
		sed 's/$/.log/')
	for log in "${logs[@]}"; do
		moved "$log" >"$BATS_TEST_TMPDIR/moved/$log"
	done
	lago-triage -lj "${logs[@]}" | jq -r '[.log, .bucket] | @tsv' \
		>"$BATS_TEST_TMPDIR/want"
	cd "$BATS_TEST_TMPDIR/moved"
	lago-triage -lj "${logs[@]}" | jq -r '[.log, .bucket] | @tsv' \
		>"$BATS_TEST_TMPDIR/is"
	diff "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/is"
}
