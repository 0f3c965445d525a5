load lib

make_quiet() {
	make -s -C "$TOP" "$@" DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/opt/lago
}

@test "install: everything, and uninstall leaves nothing" {
	make_quiet install
	cd "$BATS_TEST_TMPDIR/root/opt/lago"
	for file in bin/lago lib/lago/engine/local lib/lago/driver/afl \
		lib/lago/exec/accept lib/lago/exec/keeper lib/lago/exec/node lib/lago/exec/pack \
		lib/lago/exec/reach share/man/man7/lago.7 \
		share/lago/cron/crontab share/lago/rules \
		share/bash-completion/completions/lago; do
		[ -e "$file" ] || { echo "no $file"; false; }
	done
	run find . -name '*.[cdo]' -o -name '*.h'
	[ "$(grep -v share/lago/examples <<<"$output")" = "" ]
	cd "$TOP"
	make_quiet uninstall
	run find "$BATS_TEST_TMPDIR/root" ! -type d
	[ "$output" = "" ]
}

@test "install: a copied installation runs from where it is" {
	make_quiet install
	mv "$BATS_TEST_TMPDIR/root/opt/lago" "$BATS_TEST_TMPDIR/moved"
	cd "$BATS_TEST_TMPDIR"
	PATH=$BATS_TEST_TMPDIR/moved/bin:$PATH
	[ "$(command -v lago-submit)" = "$BATS_TEST_TMPDIR/moved/bin/lago-submit" ]
	examples
	id=$(lago-submit -t 6 -P 1 -m 1000 "$EXAMPLES/chunk-libfuzzer.zip" | cut -f1)
	timeout 120 lago-dispatch -q -i 0.5 -x drain=1
	lago-import -q
	[ "$(lago-crashes -j | jq -s length)" -ge 1 ]
	run lago-status -j "$id"
	[[ $output == *'"state":"done"'* ]]
}
