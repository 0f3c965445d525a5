load lib

sources() {
	cat >a.c <<'END'
#include <stdlib.h>
struct node { struct node *next; int v; };
static inline __attribute__((always_inline)) int
deref(struct node *n)
{
	return n->next->v + abs(n->v);
}
static inline __attribute__((always_inline)) int
walk(struct node *n, int depth)
{
	int sum = 0;
	while (depth--)
		sum += deref(n);
	return sum;
}
__attribute__((noinline)) int
outer(struct node *n, int k)
{
	if (k > 3) return walk(n, k) + walk(n->next, k + 1);
	return deref(n);
}
int
main(int argc, char **argv)
{
	struct node n = {0, argc};
	(void)argv;
	return outer(&n, argc);
}
END
	cat >b.cc <<'END'
#include <map>
#include <string>
#include <vector>
namespace shop {
template <typename T, int N> struct shelf {
	std::vector<T> items;
	__attribute__((noinline)) T &at(size_t i) {
		auto pick = [&](size_t k) -> T & { return items[k * N]; };
		return pick(i);
	}
};
}
int main(int argc, char **argv) {
	shop::shelf<std::map<std::string, int>, 3> s;
	s.items.resize(2);
	s.at(argc)[argv[0]] = 7;
	return s.items.size();
}
END
}

# like_llvm MODULE FUNCTION...: the same frames as llvm-symbolizer, at every
# instruction.
like_llvm() {
	local module=$1 f
	shift
	for f; do
		objdump -d --no-show-raw-insn --disassemble="$f" "$module"
	done | sed -n 's/^ *\([0-9a-f]*\):.*/0x\1/p' >"$module.at"
	[ "$(wc -l <"$module.at")" -gt 20 ]
	llvm-symbolizer --no-demangle --obj="$PWD/$module" <"$module.at" |
		sed 's/:0:[0-9]*$/:0:0/' >"$module.llvm"
	"$TOP/t/unit/symbols-test" "$PWD/$module" <"$module.at" |
		sed 's/:0:[0-9]*$/:0:0/' >"$module.ours"
	diff "$module.llvm" "$module.ours"
}

@test "symbols: inlined frames, lines and columns as llvm-symbolizer has them" {
	need llvm-symbolizer objdump clang
	cd "$BATS_TEST_TMPDIR"
	sources
	for cc in gcc clang; do
		command -v "$cc" || continue
		$cc -g -O1 -o "$cc" a.c
		like_llvm "$cc" main outer
		$cc -g -O2 -gdwarf-4 -no-pie -fno-pie -o "$cc-nopie" a.c
		like_llvm "$cc-nopie" main outer
		$cc -g -O2 -static -o "$cc-static" a.c
		like_llvm "$cc-static" main outer
		strip -o "$cc-stripped" "$cc"
		"$TOP/t/unit/symbols-test" "$cc-stripped" <"$cc.at" |
			sort -u >names
		[ "$(grep -c -v '^$\|^??' names)" -eq 0 ]
		strip -g -o "$cc-bare" "$cc"
		"$TOP/t/unit/symbols-test" "$cc-bare" <"$cc.at" >names
		grep -x outer names
		[ "$(grep -c 'a\.c' names)" -eq 0 ]
	done
}

@test "symbols: C++ templates and lambdas as llvm-symbolizer has them" {
	need llvm-symbolizer objdump clang++
	cd "$BATS_TEST_TMPDIR"
	sources
	clang++ -g -O1 -o b b.cc
	like_llvm b main "$(nm b | awk '/5shelf.*2atEm/ { print $3; exit }')"
}

# whole SOURCE: a program of three files, and functions of it.
planted=(next_value null_read inlined heap_read divides walk plant
	plantlib_reads in_thread free_write sorts)
whole() {
	local to=$1
	shift
	"$@" -w -pthread -o "$to" "$TOP/t/plant/plant.c" "$TOP/t/plant/small.c" \
		"$TOP/t/plant/plantlib.c"
}

# same OTHER MODULE: as llvm-symbolizer has it of MODULE, ours has it of OTHER,
# which is the same program.
same() {
	like_llvm "$2" "${planted[@]}"
	"$TOP/t/unit/symbols-test" "$PWD/$1" <"$2.at" |
		sed 's/:0:[0-9]*$/:0:0/' >"$1.ours"
	diff "$2.llvm" "$1.ours"
}

@test "symbols: split debug information, in files of its own or in a package" {
	need llvm-symbolizer objdump clang gcc
	cd "$BATS_TEST_TMPDIR"
	for cc in gcc clang; do
		for v in 4 5; do
			"$cc" -w -O2 -g -gdwarf-$v -gsplit-dwarf -pthread -c \
				"$TOP"/t/plant/{plant,small,plantlib}.c
			"$cc" -pthread -o $cc$v plant.o small.o plantlib.o
			like_llvm $cc$v "${planted[@]}"
			# There is something in what is not in the program.
			[ "$(grep -c 'plant[.]c' $cc$v.ours)" -gt \
				"$(wc -l <$cc$v.at)" ]
			# GNU dwp packs version 4 only.
			[ $v = 5 ] || ! command -v dwp || {
				cp $cc$v $cc$v.packed
				dwp -e $cc$v -o $cc$v.packed.dwp
				mkdir away
				mv ./*.dwo away
				same $cc$v.packed $cc$v.packed
				diff $cc$v.ours $cc$v.packed.ours
				rm -r away
			}
		done
	done
}

@test "symbols: separate and compressed debug information" {
	need llvm-symbolizer objdump objcopy gcc strip readelf
	cd "$BATS_TEST_TMPDIR"
	whole full gcc -O2 -g -Wl,--build-id=sha1
	same full full
	objcopy --only-keep-debug full away.debug
	# .gnu_debuglink: beside it or in .debug
	objcopy --strip-all --add-gnu-debuglink=away.debug full linked
	same linked full
	mkdir .debug
	mv away.debug .debug
	same linked full
	mv .debug/away.debug kept
	# The cache of debuginfod's clients, by build id; never the network.
	strip -o bare full
	id=$(readelf -n full | sed -n 's/.*Build ID: //p')
	mkdir -p "cache/$id" "home/.cache/debuginfod_client/$id" \
		"empty/$id"
	cp kept "cache/$id/debuginfo"
	DEBUGINFOD_CACHE_PATH=$PWD/cache DEBUGINFOD_URLS=http://127.0.0.1:1 \
		same bare full
	cp kept "home/.cache/debuginfod_client/$id/debuginfo"
	env -u XDG_CACHE_HOME HOME="$PWD/home" "$TOP/t/unit/symbols-test" \
		"$PWD/bare" <full.at | sed 's/:0:[0-9]*$/:0:0/' | diff full.llvm -
	: >"empty/$id/debuginfo"
	DEBUGINFOD_CACHE_PATH=$PWD/empty "$TOP/t/unit/symbols-test" \
		"$PWD/bare" <full.at >none
	[ "$(grep -c 'plant[.]c' none)" -eq 0 ]
	for how in zlib zlib-gnu; do
		objcopy --compress-debug-sections=$how full $how
		same $how full
	done
	# Whether zstd can be read is libelf's; the names are there anyway.
	if objcopy --compress-debug-sections=zstd full zstd; then
		"$TOP/t/unit/symbols-test" "$PWD/zstd" <full.at >found
		grep -x null_read found
	fi
}

@test "symbols: other linkers and less debug information" {
	need llvm-symbolizer objdump clang gcc ld.lld
	cd "$BATS_TEST_TMPDIR"
	whole lld clang -O2 -g -no-pie -fno-pie -ffunction-sections \
		-fuse-ld=lld -Wl,--gc-sections
	same lld lld
	whole lto clang -O2 -g -flto -fuse-ld=lld
	same lto lto
	whole one gcc -O2 -g1
	same one one
	whole lines clang -O2 -gline-tables-only
	same lines lines
}

@test "symbols: names of Rust, and of C++ without a mangled one" {
	need gcc g++
	cd "$BATS_TEST_TMPDIR"
	cat >names.c <<-'END'
	int legacy(int a) __asm__("_ZN4shop5shelf4find17h0123456789abcdefE");
	int legacy(int a) { return a * 3; }
	int v0(int a) __asm__("_RNvNtCs1234_4shop5shelf4sell");
	int v0(int a) { return a * 4; }
	int main(void) { return 0; }
	END
	gcc -O1 -o names names.c
	nm names | awk '/ (_ZN4shop|_RNv)/ { print "0x" $1 }' | sort |
		"$TOP/t/unit/symbols-test" -d "$PWD/names" >found
	diff found - <<<$'shop::shelf::find\nshop::shelf::sell'
	cat >local.cc <<-'END'
	volatile int sink;
	namespace { struct box { __attribute__((noinline)) int open(int n)
		{ sink = n; return n + sink; } }; }
	int main(int argc, char **) {
		auto twice = [](int n) __attribute__((always_inline))
			{ sink = n; return n * sink; };
		return box().open(argc) + twice(argc);
	}
	END
	g++ -O1 -g -o local local.cc
	objdump -d --no-show-raw-insn local | sed -n 's/^ *\([0-9a-f]*\):.*/0x\1/p' |
		"$TOP/t/unit/symbols-test" -d "$PWD/local" | sort -u >found
	grep -x '(anonymous namespace)::box::open(int)' found
	grep -x 'main::{lambda}::operator()\|main::<lambda(int)>::operator()' found
}

@test "symbols: memo, build ids, replaced files, what is no ELF file" {
	need clang
	cd "$BATS_TEST_TMPDIR"
	echo 'int first(int a) { return a * 3; } int main(void) { return 0; }' >1.c
	echo 'int unused; int second(int a) { return a * 4 + unused; }
		int main(void) { return 0; }' >2.c
	clang -g -Wl,--build-id=sha1 -o one 1.c
	clang -g -Wl,--build-id=sha1 -o two 2.c
	mkfifo fifo
	echo text >text
	head -c 5000 one >"cut"
	run "$TOP/t/unit/symbols-test" -s "$(nm one | awk '/ first/ { print $1 }')" \
		"$(nm two | awk '/ second/ { print $1 }')"
	echo "$output"
	[ "$status" -eq 0 ]
}
