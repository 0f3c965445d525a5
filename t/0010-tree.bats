load lib

@test "tree: the top level holds what it should and nothing else" {
	cd "$TOP"
	run git ls-files
	[ "$status" -eq 0 ] || skip "no git checkout"
	run bash -c 'git ls-files | cut -d/ -f1 | sort -u | grep -v "^\."'
	[ "$output" = "$(printf '%s\n' COPYING Makefile README bin lib man share t)" ]
}

@test "tree: folders of lib depend downwards only" {
	cd "$TOP/lib"
	run awk '
		BEGIN {
			n = split("base:0 store:1 job:1 target:1 symbols:1 " \
			    "crash:2 replay:3 reduce:4 corpus:5 report:6 " \
			    "run:6 cluster:6 exec:7", pair, " ")
			for (i = 1; i <= n; i++) {
				split(pair[i], p, ":")
				level[p[1]] = p[2]
			}
		}
		/^#include "/ {
			split(substr(FILENAME, 3), from, "/")
			split($2, to, /["\/]/)
			if (!(to[2] in level) || level[to[2]] > level[from[1]])
				print FILENAME ": " $0
		}' ./*/*.[ch]
	[ "$output" = "" ] || { echo "$output"; false; }
}

@test "tree: foo.c exports only names that begin with foo_" {
	cd "$TOP/lib"
	for object in [!e]*/*.o; do
		name=$(basename "$object" .o)
		nm -g --defined-only "$object" | awk -v name="$name" -v o="$object" '
			$3 != "" && index($3, name "_") != 1 && $3 != name &&
			    $3 !~ /^__/ { print o ": " $3; bad = 1 }
			END { exit bad }' || bad=1
	done
	[ -z "${bad-}" ]
}

@test "tree: programs are hardened" {
	for program in "$TOP"/bin/lago-*[!cd]; do
		[ -x "$program" ] && [ "${program##*.}" = "$program" ] || continue
		head -c 4 "$program" | grep -q ELF || continue
		readelf -hld "$program" 2>/dev/null >"$BATS_TEST_TMPDIR/elf"
		grep -q 'Type:.*DYN' "$BATS_TEST_TMPDIR/elf"
		grep -q GNU_RELRO "$BATS_TEST_TMPDIR/elf"
		grep -qE 'BIND_NOW|Flags:.*NOW' "$BATS_TEST_TMPDIR/elf"
		found=1
	done
	[ -n "$found" ]
}

@test "tree: every command has a page, a completion and a place in lago(7)" {
	cd "$TOP"
	for file in bin/lago-*.c; do
		name=$(basename "$file" .c)
		[ -f "man/$name.1" ] || { echo "no man/$name.1"; bad=1; }
		grep -q "Xr $name 1" man/lago.7 || { echo "$name not in lago.7"; bad=1; }
	done
	[ -z "${bad-}" ]
}

@test "tree: lint finds nothing" {
	need mandoc shellcheck clang-format cppcheck
	clang-format --version | grep -q 'version 14\.' ||
		skip "lint is judged by the tools of Debian 12"
	run "$TOP/t/lint"
	echo "$output"
	[ "$status" -eq 0 ]
}
