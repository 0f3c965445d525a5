#!/bin/sh
# heavy.sh DIR: makes DIR/heavy, an ASan target in C++ of a size that real ones
# have (over 20 MB, most of it debug information): 12 formats that are instances of
# the same templates, a bug in each by the second byte of the input.
set -eu
cd "$1"
cat >heavy.hh <<'END2'
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

template <int N> struct Key {
	std::string name;
	bool operator<(const Key &o) const { return name < o.name; }
};
template <int N> struct Value {
	std::variant<int, std::string, std::vector<Key<N>>> v;
	std::shared_ptr<Value> next;
};
template <int N> struct Format {
	std::map<Key<N>, std::vector<Value<N>>> values;
	std::unordered_map<std::string, std::function<int(Format &, char)>> act;
	std::regex words{"([a-z]+)[ =:]+([0-9a-fx]+)(;.*)?"};
	std::vector<int> numbers = {1, 2, 3};
	std::unique_ptr<Value<N>> last{new Value<N>};
	volatile int *none = nullptr;

	Format() {
		act["h"] = [](Format &f, char c) {
			return f.template each<std::vector<int>>(f.numbers,
			    [c](auto *p) { return p[c]; });
		};
		act["u"] = [](Format &f, char) {
			auto *old = f.last.get();
			f.last.reset();
			return static_cast<int>(old->v.index());
		};
		act["n"] = [](Format &f, char) { return *f.none; };
		act["t"] = [](Format &f, char) -> int {
			return f.values.at(Key<N>{"there is none"}).size();
		};
	}
	template <class T, class F> int each(T &t, F f) {
		int sum = 0;
		std::for_each(t.begin(), t.end(),
		    [&](int &i) { sum += f(&i); });
		return sum;
	}
	int parse(const std::string &text) {
		std::istringstream in(text.substr(2));
		for (std::string line; std::getline(in, line);) {
			std::smatch m;
			if (std::regex_match(line, m, words))
				values[Key<N>{m[1]}].push_back(
				    Value<N>{m[2].str(), nullptr});
		}
		auto it = act.find(text.substr(1, 1));
		return it == act.end() ? 0 : it->second(*this, 40);
	}
};
END2
cat >main.cc <<'END2'
#include <fstream>
#include <iterator>
#include <string>
extern int (*const formats[12])(const std::string &);
int
main(int argc, char **argv)
{
	std::ifstream in(argv[argc - 1]);
	std::string text{std::istreambuf_iterator<char>(in), {}};
	return text.size() < 2 ? 0 : formats[text[0] % 12](text) & 0;
}
END2
for n in 0 1 2 3 4 5 6 7 8 9 10 11; do
	printf '#include "heavy.hh"\nint parse%d(const std::string &t)\n{ return Format<%d>().parse(t); }\n' \
		$n $n >f$n.cc
	echo "f$n.cc"
done | xargs -P "$(nproc)" -I{} clang++ -std=c++17 -g -O1 \
	-fno-omit-frame-pointer -fsanitize=address -c {}
for n in 0 1 2 3 4 5 6 7 8 9 10 11; do
	echo "int parse$n(const std::string &);"
done >list.hh
{
	echo '#include <string>'
	cat list.hh
	echo 'extern int (*const formats[12])(const std::string &);'
	echo 'int (*const formats[12])(const std::string &) = {'
	sed 's/int \(parse[0-9]*\).*/\1,/' list.hh
	echo '};'
} >list.cc
clang++ -std=c++17 -g -O1 -fno-omit-frame-pointer -fsanitize=address \
	-o heavy main.cc list.cc f[0-9]*.o
