/* One bug a function: crash NAME runs it, called by middle_fn and outer_fn. */
#include <sys/mman.h>

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUG __attribute__((noinline)) static void

volatile int zero, one = 1, big = 100;
volatile char *volatile sink;
char global[8] = "global";

BUG
heap_read(void)
{
	char *p = malloc(10);

	zero = p[9 + one];
	free(p);
}

BUG
heap_write(void)
{
	int *p = malloc(16);

	p[4 * one] = 7;
	free(p);
}

BUG
heap_underflow(void)
{
	long *p = malloc(16);

	p[-one] = 7;
	free(p);
}

BUG
use_after_free(void)
{
	long *p = malloc(16);

	free(p);
	p[one] = 7;
}

BUG
double_free(void)
{
	char *volatile p = malloc(16);

	free(p);
	free(p);
}

BUG
bad_free(void)
{
	char *volatile p = malloc(16);

	free(p + one);
}

BUG
stack_read(void)
{
	char v[8] = "stack";

	sink = v;
	zero = v[7 + one];
}

BUG
stack_write(void)
{
	int v[4] = {0};

	sink = (char *)v;
	v[4 * one] = 7;
}

BUG
stack_underflow(void)
{
	char v[32] = "stack";

	sink = v;
	zero = v[-one];
}

BUG
dynamic_stack(void)
{
	char v[8 * one];

	sink = v;
	v[8 * one] = 7;
}

BUG
global_read(void)
{
	zero = global[7 + one];
}

BUG
keep_local(void)
{
	char v[16] = "gone";

	sink = v;
}

BUG
use_after_return(void)
{
	keep_local();
	sink[one] = 7;
}

BUG
use_after_scope(void)
{
	{
		char v[16] = "scope";
		sink = v;
	}
	sink[one] = 7;
}

BUG
copy_overlap(void)
{
	char v[32] = "overlap";

	sink = v;
	memcpy(v, v + one, (size_t)big / 10);
}

BUG
negative_size(void)
{
	char v[32] = "negative";

	sink = v;
	memmove(v, v + one, (size_t)-one);
}

BUG
copy_too_much(void)
{
	char *p = malloc(10);

	memset(p, 0, (size_t)big);
	sink = p;
	free(p);
}

BUG
string_too_long(void)
{
	char *p = malloc(4);

	strcpy(p, "string");
	sink = p;
	free(p);
}

static int
deeper(int n)
{
	char v[256];

	sink = v;
	v[0] = (char)n;
	return deeper(n + 1) + v[0];
}

BUG
recursion(void)
{
	zero = deeper(0);
}

BUG
huge_malloc(void)
{
	sink = malloc((size_t)one << 60);
}

BUG
calloc_overflow(void)
{
	sink = calloc((size_t)-one, 2);
}

BUG
null_read(void)
{
	zero = *(volatile int *)(long)zero;
}

BUG
null_write(void)
{
	((volatile int *)(long)zero)[4] = 7;
}

BUG
wild_read(void)
{
	zero = *(volatile int *)(0x414141410000 + zero);
}

BUG
wild_write(void)
{
	*(volatile int *)(0x414141410000 + zero) = 7;
}

BUG
high_write(void)
{
	*(volatile int *)(0x4141414141414141 + zero) = 7;
}

BUG
null_call(void)
{
	((void (*)(void))(long)zero)();
}

BUG
wild_call(void)
{
	((void (*)(void))(0x414141410000 + zero))();
}

BUG
readonly_write(void)
{
	*(volatile char *)"constant" = 7;
}

BUG
divide(void)
{
	zero = one / zero;
}

BUG
illegal(void)
{
	__asm__ volatile("ud2");
}

BUG
bus(void)
{
	FILE *f = tmpfile();
	char *p =
	    mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(f), 0);

	zero = p[one];
}

BUG
trap(void)
{
	__asm__ volatile("int3");
}

BUG
abort_here(void)
{
	abort();
}

BUG
assert_here(void)
{
	assert(one == 2 && "one is two");
}

BUG
leak(void)
{
	sink = malloc(100);
	sink = malloc(200);
	sink = NULL;
}

BUG
uninit(void)
{
	int *p = malloc(16);

	if (p[one])
		puts("not zero");
	free(p);
}

BUG
uninit_stack(void)
{
	int v[4];

	sink = (char *)v;
	if (v[one])
		puts("not zero");
}

BUG
chunk_size(void)
{
	char *volatile p = malloc(24), *volatile q = malloc(2000);
	char *volatile r = malloc(24);

	memset(p, 'A', 40);
	free(q);
	free(r);
}

BUG
munmap_chunk(void)
{
	char *volatile p = malloc(1 << 20);

	((size_t *)p)[-1] = 0x1001 | 2;
	free(p);
}

BUG
smash(void)
{
	char v[8];

	memset(v, 'A', (size_t)big);
	sink = v;
}

BUG
fortified(void)
{
	char v[8];
	size_t n = (size_t)big;

	memcpy(v, global, n);
	sink = v;
}

static const struct bug {
	const char *name;
	void (*run)(void);
} bugs[] = {
#define B(name) {#name, name}
    B(heap_read), B(heap_write), B(heap_underflow), B(use_after_free),
    B(double_free), B(bad_free), B(stack_read), B(stack_write),
    B(stack_underflow), B(dynamic_stack), B(global_read), B(use_after_return),
    B(use_after_scope), B(copy_overlap), B(negative_size), B(copy_too_much),
    B(string_too_long), B(recursion), B(huge_malloc), B(calloc_overflow),
    B(null_read), B(null_write), B(wild_read), B(wild_write), B(high_write),
    B(null_call), B(wild_call), B(readonly_write), B(divide), B(illegal),
    B(bus), B(trap), B(abort_here), B(assert_here), B(leak), B(uninit),
    B(uninit_stack), B(chunk_size), B(munmap_chunk), B(smash), B(fortified)};

__attribute__((noinline)) static void
middle_fn(const struct bug *b)
{
	b->run();
	zero = 0;
}

__attribute__((noinline)) static void
outer_fn(const char *name)
{
	for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++)
		if (strcmp(bugs[i].name, name) == 0)
			middle_fn(&bugs[i]);
	zero = 0;
}

int
main(int argc, char **argv)
{
	outer_fn(argc > 1 ? argv[1] : "");
	return 0;
}
