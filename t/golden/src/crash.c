/* One bug a function: crash NAME runs it, called by middle_fn and outer_fn. */
#include <sys/mman.h>

#include <assert.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif

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
	char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(f), 0);

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

	((size_t *)p)[-1] = 0x1010 | 2;
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

BUG
smash_free_list(void)
{
	char *volatile p = malloc(24), *volatile q = malloc(24);

	free(p);
	free(q);
	memset(q, 'A', 16);
	sink = malloc(24);
	sink = malloc(24);
}

BUG
top_size(void)
{
	char *volatile p = malloc(24);

	memset(p, 'A', 40);
	sink = malloc(5000);
}

BUG
big_double_free(void)
{
	char *volatile p = malloc(2000), *volatile q = malloc(2000);

	free(p);
	free(p);
	sink = q;
}

BUG
bad_realloc(void)
{
	char *volatile p = malloc(64);

	sink = realloc(p + 8, 128);
}

BUG
copy_string(void)
{
	char v[8];

	strcpy(v, (char *)getenv("LONG"));
	sink = v;
}

BUG
percent_n(void)
{
	char format[16] = "%n";
	int n;

	sink = format;
	printf(format, &n);
}

BUG
usable_size(void)
{
	char *volatile p = malloc(16);

	zero = (int)malloc_usable_size(p + one);
}

BUG
alignment(void)
{
	sink = aligned_alloc((size_t)3 * (size_t)one, 16);
}

BUG
array_overflow(void)
{
	sink = reallocarray(NULL, (size_t)-one, 2);
}

BUG
page_overflow(void)
{
	sink = pvalloc((size_t)-one);
}

BUG
join_overlap(void)
{
	char v[32] = "overlap";

	sink = v;
	strcat(v, v + one);
}

BUG
all_memory(void)
{
	for (;;) {
		char *p = malloc((size_t)16 << 20);
		memset(p, 1, (size_t)16 << 20);
		sink = p;
	}
}

BUG
pointer_pair(void)
{
	char *volatile p = malloc(16), *volatile q = malloc(16);

	zero = p < q;
}

static void *
in_thread(void *arg)
{
	((void (*)(void))arg)();
	return NULL;
}

BUG
thread_write(void)
{
	pthread_t t;

	pthread_create(&t, NULL, in_thread, (void *)heap_write);
	pthread_join(t, NULL);
}

BUG
poisoned(void)
{
	char *p = malloc(64);

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
	__asan_poison_memory_region(p, 64);
#endif
	zero = p[8 * one];
}

static int even(int n);

__attribute__((noinline)) static int
odd(int n)
{
	char v[100];

	sink = v;
	return even(n + 1) + v[0];
}

__attribute__((noinline)) static int
even(int n)
{
	char v[200];

	sink = v;
	return odd(n + 1) + v[0];
}

BUG
two_recursion(void)
{
	zero = even(0);
}

BUG
exits(void)
{
	exit(3);
}

BUG
bad_pair(void)
{
	heap_read();
	stack_read();
	heap_write();
}

BUG
uninit_twice(void)
{
	uninit_stack();
	uninit();
}

BUG
uninit_write(void)
{
	char *p = malloc(16);

	zero = (int)write(1, p, (size_t)one * 8);
	zero = 0;
}

struct node {
	struct node *next;
	char *name;
};

BUG
leak_list(void)
{
	struct node *list = NULL;

	for (int i = 0; i < 3; i++) {
		struct node *n = calloc(1, sizeof(*n));
		n->next = list;
		n->name = malloc(10);
		list = n;
	}
	sink = (char *)list;
	sink = NULL;
}

BUG
thread_null(void)
{
	pthread_t t;

	pthread_create(&t, NULL, in_thread, (void *)null_write);
	pthread_join(t, NULL);
}

BUG
header_write(void)
{
	char *volatile p = malloc(16);

	memset(p - 16, 'A', 16);
	free(p);
}

BUG
string_overlap(void)
{
	char v[32] = "overlap";

	sink = v;
	strcpy(v, v + one);
}

static const struct bug {
	const char *name;
	void (*run)(void);
} bugs[] = {
#define B(name)             \
	{                   \
#name, name \
	}
    B(heap_read), B(heap_write), B(heap_underflow), B(use_after_free),
    B(double_free), B(bad_free), B(stack_read), B(stack_write),
    B(stack_underflow), B(dynamic_stack), B(global_read), B(use_after_return),
    B(use_after_scope), B(copy_overlap), B(negative_size), B(copy_too_much),
    B(string_too_long), B(recursion), B(huge_malloc), B(calloc_overflow),
    B(null_read), B(null_write), B(wild_read), B(wild_write), B(high_write),
    B(null_call), B(wild_call), B(readonly_write), B(divide), B(illegal),
    B(bus), B(trap), B(abort_here), B(assert_here), B(leak), B(uninit),
    B(uninit_stack), B(chunk_size), B(munmap_chunk), B(smash), B(fortified),
    B(smash_free_list), B(top_size), B(big_double_free), B(bad_realloc),
    B(copy_string), B(percent_n), B(usable_size), B(alignment),
    B(array_overflow), B(page_overflow), B(join_overlap), B(all_memory),
    B(pointer_pair), B(thread_write), B(poisoned), B(two_recursion), B(exits),
    B(bad_pair), B(uninit_twice), B(uninit_write), B(leak_list), B(thread_null),
    B(header_write),
    B(string_overlap)};

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
