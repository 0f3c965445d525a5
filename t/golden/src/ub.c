/* Undefined behaviour: ub NAME... runs one after the other. */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUG __attribute__((noinline)) static void

volatile int zero, one = 1, most = INT_MAX;
volatile unsigned umost = UINT_MAX;
void *volatile sink;
static int table[4];

BUG
add(void)
{
	zero = most + one;
}
BUG
subtract(void)
{
	zero = -most - 2 * one;
}
BUG
multiply(void)
{
	zero = most * (one + 1);
}
BUG
negate(void)
{
	int volatile least = INT_MIN;
	zero = -least;
}
BUG
unsigned_add(void)
{
	umost = umost + (unsigned)one;
}
BUG
divide(void)
{
	one = one / zero;
}
BUG
divide_least(void)
{
	int volatile least = INT_MIN;
	zero = least / -one;
}
BUG
shift_far(void)
{
	zero = one << (31 + one);
}
BUG
shift_negative(void)
{
	zero = one << -one;
}
BUG
shift_out(void)
{
	zero = most << one;
}
BUG
index_far(void)
{
	zero = table[3 + one];
}
BUG
null_load(void)
{
	int *volatile p = NULL;
	zero = *p;
}
BUG
null_store(void)
{
	int *volatile p = NULL;
	*p = one;
}
struct pair {
	int a, b;
};
BUG
null_member(void)
{
	struct pair *volatile p = NULL;
	zero = p->b;
}
BUG
misaligned(void)
{
	char *p = malloc(16);

	memset(p, 0, 16);
	zero = *(int *)(p + one);
}
BUG
bool_value(void)
{
	bool b;

	memset(&b, 3 * one, sizeof(b));
	zero = b;
}
__attribute__((noinline)) static int
no_value(int n)
{
	if (n > 1)
		return n;
	__builtin_unreachable();
}
BUG
unreachable(void)
{
	zero = no_value(one);
}
BUG
vla(void)
{
	int v[-one];
	sink = v;
}
BUG
float_cast(void)
{
	volatile double d = 1e20;
	zero = (int)d;
}
BUG
implicit(void)
{
	volatile unsigned char c = (unsigned char)0;
	c = (unsigned char)umost + 0;
	volatile int n = -one;
	c = n;
	zero = c;
}
BUG
pointer_far(void)
{
	char *volatile p = (char *)~(uintptr_t)0;

	sink = p + one;
}
BUG
null_offset(void)
{
	char *volatile p = NULL;
	sink = p + one;
}
__attribute__((nonnull, noinline)) static void
wants(void *p)
{
	sink = p;
}
BUG
null_argument(void)
{
	void *volatile p = NULL;
	wants(p);
}
__attribute__((returns_nonnull, noinline)) static void *
gives(void)
{
	void *volatile p = NULL;
	return p;
}
BUG
null_return(void)
{
	sink = gives();
}
BUG
builtin(void)
{
	zero = __builtin_clz((unsigned)zero);
}
BUG
object_size(void)
{
	struct pair p = {1, 2};
	sink = &p;
	zero = ((volatile struct pair *)((char *)&p + 4))->b;
}
static int
two(int a, int b)
{
	return a + b;
}
BUG
function_type(void)
{
	void (*volatile f)(void) = (void (*)(void))two;
	f();
}
BUG
assume(void)
{
#ifdef __clang__
	__builtin_assume(one == 2);
#endif
}
BUG
alignment(void)
{
	char *volatile p = (char *)16 + one;
	sink = __builtin_assume_aligned(p, 16);
}

static const struct bug {
	const char *name;
	void (*run)(void);
} bugs[] = {
#define B(name)             \
	{                   \
#name, name \
	}
    B(add), B(subtract), B(multiply), B(negate), B(unsigned_add), B(divide),
    B(divide_least), B(shift_far), B(shift_negative), B(shift_out),
    B(index_far), B(null_load), B(null_store), B(null_member), B(misaligned),
    B(bool_value), B(unreachable), B(vla), B(float_cast), B(implicit),
    B(pointer_far), B(null_offset), B(null_argument), B(null_return),
    B(builtin), B(object_size), B(function_type), B(assume), B(alignment)};

__attribute__((noinline)) static void
middle_fn(const struct bug *b)
{
	b->run();
	sink = NULL;
}

int
main(int argc, char **argv)
{
	for (int k = 1; k < argc; k++)
		for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++)
			if (strcmp(bugs[i].name, argv[k]) == 0)
				middle_fn(&bugs[i]);
	return 0;
}
