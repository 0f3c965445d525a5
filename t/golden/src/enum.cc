// What only C++ checks: enum values, no return, virtual tables.
#include <cstring>

volatile int one = 1, zero;
void *volatile sink;
enum colour { red, green };

__attribute__((noinline)) static void
enum_value()
{
	colour c;
	int n = 7 * one;
	memcpy(&c, &n, sizeof(c));
	zero = c;
}

__attribute__((noinline)) static int
gives_nothing(int n)
{
	if (n > 1)
		return n;
}
__attribute__((noinline)) static void
no_return()
{
	zero = gives_nothing(one);
}

struct Top {
	int t = 1;
};
struct Middle : virtual Top {
	int m = 2;
};
__attribute__((noinline)) static void
upcast()
{
	Middle *volatile m = nullptr;
	Top *t = m;
	sink = t;
}
__attribute__((noinline)) static void
reference()
{
	int *volatile p = nullptr;
	int &r = *p;
	sink = &r;
}
struct Shape {
	virtual ~Shape()
	{
	}
	virtual int sides()
	{
		return 0;
	}
	long s = 0;
};
struct Square : Shape {
	int sides() override
	{
		return 4;
	}
	long q = 4;
};
struct Circle : Shape {
	int sides() override
	{
		return 0;
	}
	long c = 1;
};
__attribute__((noinline)) static void
vptr()
{
	Shape *volatile s = new Square;
	Circle *c = static_cast<Circle *>(s);
	zero = (int)c->c;
}
__attribute__((noinline)) static void
member_null()
{
	Shape *volatile s = nullptr;
	zero = s->sides();
}

int
main(int argc, char **argv)
{
	const struct {
		const char *name;
		void (*run)();
	} bugs[] = {{"enum_value", enum_value}, {"no_return", no_return},
	    {"upcast", upcast}, {"reference", reference}, {"vptr", vptr},
	    {"member_null", member_null}};
	for (int k = 1; k < argc; k++)
		for (auto &b : bugs)
			if (strcmp(b.name, argv[k]) == 0)
				b.run();
	return 0;
}
