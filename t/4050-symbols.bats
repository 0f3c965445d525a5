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
