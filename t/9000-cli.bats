load lib

# Rules for all commands.  The list is the folder.
commands() {
	local file
	for file in "$TOP"/bin/lago-*.c; do
		basename "$file" .c
	done
}

@test "cli: -h is the usage on stdout, 0; -V names versions" {
	for command in lago $(commands); do
		run --separate-stderr "$command" -h
		[ "$status" -eq 0 ]
		[[ $output == usage:* ]]
		[ -z "$stderr" ]
		run --separate-stderr "$command" -V
		[ "$status" -eq 0 ]
		[[ $output == lago* ]]
		[ -z "$stderr" ]
	done
}

@test "cli: a bad option is 64 and the usage on stderr" {
	for command in $(commands); do
		run --separate-stderr "$command" -'?'
		[ "$status" -eq 64 ]
		[ -z "$output" ]
		[[ $stderr == *usage:* ]]
	done
	run --separate-stderr lago nothing-like-this
	[ "$status" -eq 64 ]
	[ -z "$output" ]
	[ -n "$stderr" ]
}

@test "cli: a full disk at stdout is 74, not success" {
	for command in $(commands); do
		run bash -c "$command -h >/dev/full"
		[ "$status" -eq 74 ]
		run bash -c "$command -V >&-"
		[ "$status" -eq 74 ]
	done
}

@test "cli: closed standard input is no operand and no crash" {
	for command in $(commands); do
		run bash -c "timeout 20 $command -H '$BATS_TEST_TMPDIR/none' <&-"
		[ "$status" -lt 124 ] || { echo "$command: $status"; false; }
	done
}

@test "cli: options in the usage, the page and the program are the same" {
	local bad=
	for command in $(commands); do
		file=$TOP/man/$command.1
		used=$("$command" -h | grep -oE -- '(^|[[ ])-[0-9A-Za-z]+' |
			grep -oE '[0-9A-Za-z]' | sort -u | tr -d '\n')
		paged=$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$file" |
			grep -oE 'Fl [0-9A-Za-z]+' | sed 's/Fl //' |
			grep -oE '[0-9A-Za-z]' | sort -u | tr -d '\n')
		parsed=$(grep -oE '"[0-9A-Za-z]",( \.| KEY)' "$TOP/bin/$command.c" |
			cut -c 2 | sort -u | tr -d '\n')
		for extra in h V; do
			parsed=$(printf '%s%s' "$parsed" "$extra" |
				grep -oE . | sort -u | tr -d '\n')
			paged=$(printf '%s%s' "$paged" "$extra" |
				grep -oE . | sort -u | tr -d '\n')
			used=$(printf '%s%s' "$used" "$extra" |
				grep -oE . | sort -u | tr -d '\n')
		done
		[ "$used" = "$paged" ] && [ "$paged" = "$parsed" ] || {
			echo "$command: usage $used, page $paged, program $parsed"
			bad=1
		}
	done
	[ -z "$bad" ]
}

@test "cli: a letter takes the argument that lago(7) gives it" {
	local bad=
	for command in $(commands); do
		while read -r letter word; do
			grep -qE "^\.It Fl $letter Ar ${word%%=*}( |$)" \
				"$TOP/man/lago.7" || {
				echo "$command: -$letter $word is not in lago(7)"
				bad=1
			}
		done < <("$command" -h | grep -oE -- '\[-[0-9A-Za-z] [A-Za-z]+' |
			tr -d '[-')
	done
	[ -z "$bad" ]
}

@test "cli: every page lints and has its sections" {
	need mandoc
	for page in "$TOP"/man/*; do
		mandoc -T lint -W warning "$page"
	done
	for command in $(commands); do
		for section in 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			grep -q "^\.Sh $section" "$TOP/man/$command.1"
		done
	done
}

@test "cli: lago runs its commands and finds their pages" {
	need man
	run --separate-stderr lago status -h
	[ "$status" -eq 0 ]
	[[ $output == *lago-status* ]]
	run --separate-stderr env MANPAGER=cat lago help submit
	[ "$status" -eq 0 ]
	[[ $output == *bundle* ]]
	run --separate-stderr lago help no-such-page
	[ "$status" -eq 66 ]
	run --separate-stderr lago help ../../etc/passwd
	[ "$status" -eq 66 ]
}

@test "cli: completion offers commands, options and ids" {
	run bash -c '
		. "$TOP/share/completion/lago"
		COMP_WORDS=(lago sub) COMP_CWORD=1; _lago; echo "${COMPREPLY[@]}"
		COMP_WORDS=(lago-submit -) COMP_CWORD=1; _lago; echo "${COMPREPLY[@]}"
		COMP_WORDS=(lago-crashes show -f s) COMP_CWORD=3; _lago; echo "${COMPREPLY[@]}"'
	[[ ${lines[0]} == submit ]]
	[[ " ${lines[1]} " == *" -D "* ]]
	[[ ${lines[2]} == sarif ]]
}
