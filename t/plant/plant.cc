#include "plant.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

#define APART __attribute__((noinline))

namespace {

volatile int sink, zero, eight = 8;
volatile intptr_t bad = 0x414141414000;

template <typename T> void
keep(const T &x)
{
	sink = sink + (int)(intptr_t)&x;
}

int *
bad_pointer()
{
	return (int *)bad;
}

}

namespace shop {

struct item {
	std::string name;
	int price = 0;
};

template <typename T, int N> class shelf {
public:
	APART T &
	at(size_t i)
	{
		auto pick = [&](size_t k) -> T & { return items[k * N]; };
		T &found = pick(i);
		keep(found);
		return found;
	}
	APART int
	price_of(size_t i)
	{
		int v = at(i).price;
		keep(v);
		return v;
	}
	std::vector<T> items;
};

struct shape {
	virtual ~shape() {}
	virtual int area() const = 0;
	virtual int edge() const { return 1; }
};

struct named {
	virtual ~named() {}
	virtual int letters() { return 3; }
	int count = 4;
};

struct square : shape, named {
	int side = 3;
	int *where = nullptr;
	int area() const override { return side * side; }
	APART int
	letters() override
	{
		int v = *where + side;
		keep(v);
		return v;
	}
};

/* Its constructor calls what only a derived class has. */
struct hasty : shape {
	hasty() { call(this); }
	APART static void
	call(const hasty *h)
	{
		keep(h->area());
	}
};
struct done : hasty {
	int area() const override { return 1; }
};

class guard {
public:
	explicit guard(int *p) : p_(p) {}
	~guard() { *p_ = 3; }
private:
	int *p_;
};

class maker {
public:
	APART explicit maker(int *p) : first_(*p) { keep(first_); }
	int first_;
};

struct money {
	int *amount;
	APART operator int() const { int v = *amount; keep(v); return v; }
	APART bool
	operator<(const money &o) const
	{
		bool less = *amount < *o.amount;
		keep(less);
		return less;
	}
	APART int
	operator()(int n) const
	{
		int v = amount[n];
		keep(v);
		return v;
	}
	APART int operator[](int n) const { int v = amount[n]; keep(v); return v; }
};

}

namespace {

struct refused : std::runtime_error {
	using std::runtime_error::runtime_error;
};

APART void
thrown()
{
	throw refused("no more of it");
}

APART void
thrown_inside() noexcept
{
	if (eight == 8)
		throw std::logic_error("where none may be");
	keep(eight);
}

APART void
range()
{
	std::vector<int> v(3);

	keep(v.at((size_t)eight));
}

APART void
index()
{
	shop::shelf<shop::item, 3> s;

	s.items.resize(2);
	keep(s.price_of((size_t)bad));
}

APART void
vector_write()
{
	std::vector<int> v(4);

	v[(size_t)eight] = 3;
	keep(v);
}

APART void
vector_moved()
{
	std::vector<int> v(4);
	int *first = &v[0];

	for (int i = 0; i < 1000; i++)
		v.push_back(i);
	*first = 5;
	keep(v);
}

APART int
virtual_call(shop::shape *s)
{
	int v = s->edge();

	keep(v);
	return v;
}

APART void
no_object()
{
	void *room = calloc(1, sizeof(shop::square));

	keep(virtual_call((shop::shape *)room));
}

APART void
wild_object()
{
	intptr_t room[40];

	for (auto &r : room)
		r = bad;
	keep(virtual_call((shop::shape *)room));
}

APART void
deleted_object()
{
	shop::shape *s = new shop::square;

	delete s;
	keep(virtual_call(s));
}

APART int
letters_of(shop::named *n)
{
	int v = n->letters();

	keep(v);
	return v;
}

APART void
second_base()
{
	shop::square s;

	s.where = bad_pointer();
	keep(letters_of(&s));
}

APART void
pure()
{
	shop::done d;

	keep(d);
}

template <typename T> APART T
sum(const T *p)
{
	T v = p[1];

	keep(v);
	return v;
}

template <typename T, typename... More> APART T
sum(const T *p, const More *...more)
{
	T v = p[0] + (T)sum(more...);

	keep(v);
	return v;
}

APART void
variadic()
{
	int one[2] = {};
	long two[2] = {};

	keep(sum(one, two, (const char *)bad));
}

APART void
lambda()
{
	auto inner = [](int *p) APART { int v = *p; keep(v); return v; };
	auto outer = [&](auto *p) APART { int v = inner(p); keep(v); return v; };

	keep(outer(bad_pointer()));
}

APART void
function()
{
	std::function<int(int)> f = [p = bad_pointer()](int n) {
		return p[n];
	};

	keep(f(eight));
}

APART void
empty_function()
{
	std::function<int(int)> f;

	keep(f(eight));
}

APART void
sorted()
{
	std::vector<int *> v;

	for (int i = 0; i < 20; i++)
		v.push_back(i == 7 ? bad_pointer() : new int(i));
	std::sort(v.begin(), v.end(),
	    [](const int *a, const int *b) { return *a < *b; });
	keep(v);
}

APART void
sorted_money()
{
	std::map<shop::money, int> m;
	int one = 1;

	m[shop::money{&one}] = 1;
	m[shop::money{bad_pointer()}] = 2;
	keep(m);
}

APART void
converted()
{
	shop::money m{bad_pointer()};

	keep((int)m);
}

APART void
called()
{
	shop::money m{bad_pointer()};

	keep(m(eight));
}

APART void
subscript()
{
	shop::money m{bad_pointer()};

	keep(m[eight]);
}

APART void
made()
{
	shop::maker m(bad_pointer());

	keep(m);
}

APART void
unmade()
{
	shop::guard g(bad_pointer());

	keep(g);
}

APART void
unwound()
{
	try {
		shop::guard g(bad_pointer());
		keep(g);
		thrown();
	} catch (const refused &r) {
		keep(r);
	}
}

APART void
no_cast()
{
	shop::square s;
	shop::shape &base = s;

	keep(dynamic_cast<shop::done &>(base));
}

APART void
unique()
{
	std::unique_ptr<shop::item> p;

	if (eight == 3)
		p.reset(new shop::item);
	p->price = 3;
	keep(p);
}

APART void
mismatch()
{
	int *volatile p = new int[4];

	delete p;
	keep(p);
}

APART void
thread_throws()
{
	std::thread t([] { thrown(); });

	t.join();
}

APART void
thread_writes()
{
	std::thread t([](int *p) { *p = 1; keep(p); }, bad_pointer());

	t.join();
}

APART void
string_of_null()
{
	const char *volatile p = nullptr;

	keep(std::string(p));
}

APART void
too_much()
{
	volatile size_t n = (size_t)-1 / 32;

	keep(std::vector<int>(n));
}

const struct {
	const char *name;
	void (*plant)();
} bugs[] = {{"throw", thrown}, {"noexcept", thrown_inside}, {"range", range},
    {"index", index}, {"vector-write", vector_write},
    {"vector-moved", vector_moved}, {"no-object", no_object},
    {"wild-object", wild_object}, {"deleted-object", deleted_object},
    {"second-base", second_base}, {"pure", pure}, {"variadic", variadic},
    {"lambda", lambda}, {"function", function},
    {"empty-function", empty_function}, {"sorted", sorted},
    {"sorted-money", sorted_money}, {"converted", converted},
    {"called", called}, {"subscript", subscript}, {"made", made},
    {"unmade", unmade}, {"unwound", unwound}, {"no-cast", no_cast},
    {"unique", unique}, {"mismatch", mismatch},
    {"thread-throw", thread_throws}, {"thread-write", thread_writes},
    {"string-null", string_of_null}, {"too-much", too_much}};

/* Before main: the input is the last argument. */
struct early {
	early()
	{
		char line[8192];
		FILE *fp = fopen("/proc/self/cmdline", "r");
		size_t n = fp ? fread(line, 1, sizeof(line) - 1, fp) : 0;
		const char *path;

		if (fp)
			fclose(fp);
		line[n] = '\0';
		if (n < 2)
			return;
		path = (const char *)memrchr(line, '\0', n - 1);
		if (path && plant_is(path + 1, "static"))
			*bad_pointer() = 3;
		keep(line);
	}
} early;

}

int
plant_cxx(const char *name)
{
	for (auto &bug : bugs)
		if (std::strcmp(name, bug.name) == 0)
			bug.plant();
	return sink == 0;
}
