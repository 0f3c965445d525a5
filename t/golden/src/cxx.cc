// Bugs that need C++: cxx NAME runs one.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#define BUG __attribute__((noinline)) void

volatile int zero, one = 1;
void *volatile sink;

namespace bugs
{

struct Base {
	virtual ~Base()
	{
	}
	virtual int act(int n)
	{
		return n;
	}
	int value = 1;
};

struct Left : Base {
	int act(int n) override
	{
		return n + 1;
	}
	int left = 2;
};

struct Right : Base {
	int act(int n) override
	{
		return n + 2;
	}
	long right[4] = {3};
};

struct Oops {
	int code;
};

namespace
{
struct ParseError : std::runtime_error {
	using std::runtime_error::runtime_error;
};
} // namespace

template <typename T> struct Box {
	T v[4];
	__attribute__((noinline)) T at(int i) const
	{
		return v[i];
	}
};

BUG
throws()
{
	throw std::runtime_error("no such thing: 42");
}
BUG
throws_own()
{
	throw ParseError("line 3: unexpected ')'");
}
BUG
throws_plain()
{
	throw Oops{3};
}
BUG
throws_int()
{
	throw 42;
}
BUG
throws_out_of_range()
{
	std::vector<int> v(3);
	zero = v.at(3 + one);
}
BUG
throws_in_noexcept() noexcept
{
	throw std::logic_error("noexcept");
}
BUG
terminates()
{
	std::terminate();
}
BUG
rethrows()
{
	throw;
}
BUG
joinable()
{
	std::thread t([] {
		for (;;)
			std::this_thread::yield();
	});
}
BUG
null_string()
{
	const char *volatile p = nullptr;
	std::string s(p);
	sink = &s;
}
BUG
index()
{
	std::vector<int> v(3);
	zero = v[3 + one];
}
BUG
front()
{
	std::vector<int> v;
	zero = v.front();
}

struct Pure {
	Pure()
	{
		helper();
	}
	virtual ~Pure()
	{
	}
	__attribute__((noinline)) void helper()
	{
		act();
	}
	virtual void act() = 0;
};
struct Impure : Pure {
	void act() override
	{
		zero = 1;
	}
};
BUG
pure()
{
	Pure *p = new Impure;
	sink = p;
}

BUG
container()
{
	std::vector<char> v(10);
	v.reserve(100);
	zero = v.data()[20 * one];
}
BUG
mismatch()
{
	char *p = (char *)malloc(16);
	delete p;
}
BUG
mismatch_array()
{
	int *p = new int[4];
	sink = p;
	delete (int *)sink;
}
BUG
sized()
{
	Base *p = new Right;
	sink = p;
	operator delete(sink, (size_t)8 * one);
}
BUG
use_deleted()
{
	Left *p = new Left;
	delete p;
	zero = p->act(1);
}
BUG
bad_cast()
{
	Base *p = new Left;
	Right *r = static_cast<Right *>(p);
	zero = r->act(1);
}
BUG
bad_method()
{
	Base *volatile p = (Base *)calloc(1, sizeof(Right));
	zero = p->act(1);
}
BUG
wrong_function()
{
	int (*volatile f)(int) = (int (*)(int))(void *)bugs::container;
	f(1);
}
BUG
lambda()
{
	auto deref = [](const int *p) __attribute__((noinline))
	{
		return *p;
	};
	zero = deref((const int *)(long)zero);
}
BUG
templated()
{
	auto *b = new Box<std::pair<int, std::string>>;
	delete b;
	zero = b->at(one).first;
}
BUG
operators()
{
	struct Table {
		int *v;
		__attribute__((noinline)) int operator[](int i)
		{
			return v[i];
		}
	} t{(int *)(long)zero};
	zero = t[one];
}

struct {
	const char *name;
	void (*run)();
} list[] = {
#define B(name)             \
	{                   \
#name, name \
	}
    B(throws), B(throws_own), B(throws_plain), B(throws_int),
    B(throws_out_of_range), B(throws_in_noexcept), B(terminates), B(rethrows),
    B(joinable), B(null_string), B(index), B(front), B(pure), B(container),
    B(mismatch), B(mismatch_array), B(sized), B(use_deleted), B(bad_cast),
    B(bad_method), B(wrong_function), B(lambda), B(templated), B(operators)};

__attribute__((noinline)) void
middle_fn(void (*run)())
{
	run();
	zero = 0;
}

} // namespace bugs

__attribute__((noinline)) static void
outer_fn(const char *name)
{
	for (auto &b : bugs::list)
		if (strcmp(b.name, name) == 0)
			bugs::middle_fn(b.run);
	zero = 0;
}

int
main(int argc, char **argv)
{
	outer_fn(argc > 1 ? argv[1] : "");
	return 0;
}
