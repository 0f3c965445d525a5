#include "plant.h"

#include <assert.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define APART __attribute__((noinline))
#define WITHIN static inline __attribute__((always_inline))

static volatile int sink, zero, eight = 8;
static volatile intptr_t bad = 0x414141414000;
static int *volatile none;
int global_table[8];

/* So that no call is the last thing that a function does. */
#define KEEP(x) sink += (int)(intptr_t)(x)

struct node {
	struct node *next;
	int fill[30], value;
};

WITHIN int
value_of(const struct node *n)
{
	return n->value;
}

WITHIN int
next_value(const struct node *n)
{
	int v = value_of(n->next);

	return v + n->fill[3];
}

APART static void
null_read(void)
{
	struct node n = {0};

	KEEP(&n);
	KEEP(next_value(&n));
}

APART static void
null_write(void)
{
	*none = 3;
	KEEP(none);
}

APART static void
wild_read(void)
{
	KEEP(*(int *)bad);
}

WITHIN void
set_value(struct node *n, int v)
{
	n->value = v;
}

APART static void
wild_write(void)
{
	set_value((struct node *)bad, 5);
	KEEP(1);
}

/* The machine does not tell this address. */
APART static void
far_read(void)
{
	KEEP(*(int *)(bad << 16));
}

APART static void
call_null(void)
{
	int (*volatile f)(int) = 0;

	KEEP(f(3));
}

APART static void
call_wild(void)
{
	int (*f)(int) = (int (*)(int))bad;

	KEEP(f(4));
}

APART static void
call_far(void)
{
	int (*f)(int) = (int (*)(int))(bad << 16);

	KEEP(f(4));
}

/* Data: mapped, but no code. */
APART static void
call_data(void)
{
	int (*volatile f)(int) = (int (*)(int))(intptr_t)global_table;

	KEEP(f(4));
}

APART static void
heap_write(void)
{
	char *p = malloc((size_t)eight);

	p[eight] = 1;
	KEEP(p);
}

WITHIN int
at_index(const int *p, int i)
{
	return p[i];
}

APART static void
heap_read(void)
{
	int *p = calloc((size_t)eight, sizeof(*p));

	KEEP(at_index(p, eight + 1));
	KEEP(p);
}

APART static void
heap_before(void)
{
	int *p = calloc((size_t)eight, sizeof(*p));

	KEEP(p[zero - 1]);
	KEEP(p);
}

APART static void
drop(void *p)
{
	free(p);
	KEEP(p);
}

APART static void
free_read(void)
{
	struct node *volatile n = calloc(1, sizeof(*n));

	drop(n);
	KEEP(value_of(n));
}

APART static void
free_write(void)
{
	struct node *volatile n = calloc(1, sizeof(*n));

	drop(n);
	set_value(n, 4);
	KEEP(n);
}

APART static void
free_twice(void)
{
	void *volatile p = malloc(40);

	drop(p);
	drop(p);
	KEEP(p);
}

APART static void
free_inside(void)
{
	char *volatile p = malloc(4000);

	drop(p + 24);
	KEEP(p);
}

APART static void
fill(char *p, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = (char)i;
	KEEP(p);
}

APART static void
stack_write(void)
{
	char room[16];

	fill(room, eight * 8);
	KEEP(room[eight]);
}

APART static void
global_read(void)
{
	KEEP(at_index(global_table, eight + 1));
}

APART static int *
keep_scope(void)
{
	int *volatile p;

	{
		int inner[4] = {eight};
		p = inner;
		KEEP(p[1]);
	}
	KEEP(*p);
	return 0;
}

static void
scope(void)
{
	KEEP(keep_scope());
}

APART static int
deeper(int n)
{
	volatile char room[300];

	room[n % 300] = (char)n;
	return deeper(n + 1) + room[(n + 1) % 300];
}

static void
recursion(void)
{
	KEEP(deeper(1));
}

APART static int even(int n);

APART static int
odd(int n)
{
	volatile char room[200];

	room[n % 200] = (char)n;
	return even(n + 1) + room[0];
}

APART static int
even(int n)
{
	volatile char room[100];

	room[n % 100] = (char)n;
	return odd(n + 1) + room[0];
}

static void
recursion_of_two(void)
{
	KEEP(odd(1));
}

APART static void
aborts(void)
{
	abort();
}

APART static void
asserts(void)
{
	assert(eight == 9);
	KEEP(1);
}

WITHIN int
ratio(int a, int b)
{
	return a / b;
}

APART static void
divides(void)
{
	KEEP(ratio(eight, zero));
}

APART static void
traps(void)
{
	if (eight == 8)
		__builtin_trap();
	KEEP(1);
}

APART static void
overlap(void)
{
	char room[64] = {0};

	memcpy(room + zero, room + eight, (size_t)eight * 2);
	KEEP(room[eight]);
}

APART static void
negative(void)
{
	char room[64] = {0};

	memmove(room, room + eight, (size_t)(zero - 1));
	KEEP(room[eight]);
}

APART static void
copies(void)
{
	char *p = malloc(4);

	strcpy(p, "four letters and more");
	KEEP(p);
}

/* The crash is in the C library. */
APART static void
length_of_wild(void)
{
	KEEP(strlen((char *)bad));
}

/* In the code of the kernel's that is mapped into each process. */
APART static void
tells_time(void)
{
	KEEP(clock_gettime(CLOCK_MONOTONIC, (struct timespec *)bad));
}

static void *
in_thread(void *arg)
{
	set_value(arg, 4);
	KEEP(arg);
	return 0;
}

APART static void
thread(void)
{
	pthread_t t;

	pthread_create(&t, 0, in_thread, (void *)bad);
	pthread_join(t, 0);
}

static void *
thread_aborts(void *arg)
{
	KEEP(arg);
	aborts();
	return 0;
}

APART static void
abort_in_thread(void)
{
	pthread_t t;

	pthread_create(&t, 0, thread_aborts, 0);
	pthread_join(t, 0);
}

APART static void
library(void)
{
	KEEP(plantlib_reads((int *)bad, eight));
}

APART static void
library_divides(void)
{
	KEEP(plantlib_reads(global_table, zero));
}

APART static void
opened(void)
{
	char path[4096], *slash;
	int (*f)(int *, int);
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 20);
	void *lib;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return;
	strcpy(slash, "/opened.so");
	lib = dlopen(path, RTLD_NOW);
	if (lib == NULL)
		return;
	*(void **)&f = dlsym(lib, "plantlib_reads");
	KEEP(f((int *)bad, 3));
}

static int
compare(const void *a, const void *b)
{
	const int *const *x = a, *const *y = b;

	return **x - **y;
}

APART static void
sorts(void)
{
	int one = 1, two = 2, *v[] = {&two, &one, (int *)bad, &two};

	qsort(v, 4, sizeof(v[0]), compare);
	KEEP(v[0]);
}

static void
on_user(int sig)
{
	KEEP(sig);
	null_write();
}

APART static void
in_handler(void)
{
	signal(SIGUSR1, on_user);
	raise(SIGUSR1);
	KEEP(1);
}

APART static void
past_the_end(void)
{
	char name[] = "/tmp/plantXXXXXX";
	int fd = mkstemp(name);
	char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	unlink(name);
	KEEP(p[4096]);
	close(fd);
}

APART static void
sends(void)
{
	raise(SIGSEGV);
	KEEP(1);
}

APART static void
wrong_call(void)
{
	syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), SIGSYS);
	KEEP(1);
}

/* Machine code that nobody knows: mov [rax], eax after xor eax, eax. */
APART static void
made_code(void)
{
#if defined(__x86_64__)
	static const unsigned char code[] = {
	    0x55, 0x48, 0x89, 0xe5, 0x31, 0xc0, 0x89, 0x00, 0x5d, 0xc3};
#else
	static const unsigned char code[] = {0, 0, 0, 0};
#endif
	void *p = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int (*f)(void);

	memcpy(p, code, sizeof(code));
	*(void **)&f = p;
	KEEP(f());
}

APART static int
last(int *p)
{
	return *p + 1;
}

/* A tail call, with optimisation. */
APART static int
tail(int n)
{
	KEEP(n);
	return last((int *)bad + n);
}

static void
tail_call(void)
{
	KEEP(tail(3));
}

APART static void
huge(void)
{
	volatile size_t n = (size_t)-1 / 2 + (size_t)eight;

	KEEP(malloc(n));
	asserts();
}

WITHIN void
level_three(int *p)
{
	*p = 7;
}

WITHIN void
level_two(int *p)
{
	if (eight > 3)
		level_three(p + 1);
	KEEP(p);
}

WITHIN void
level_one(int *p)
{
	level_two(p + 1);
	KEEP(p);
}

APART static void
inlined(void)
{
	level_one((int *)bad);
	KEEP(1);
}

static const struct {
	const char *name;
	void (*plant)(void);
} bugs[] = {{"null-read", null_read}, {"null-write", null_write},
    {"wild-read", wild_read}, {"wild-write", wild_write},
    {"far-read", far_read}, {"call-null", call_null}, {"call-wild", call_wild},
    {"call-far", call_far}, {"call-data", call_data},
    {"heap-write", heap_write}, {"heap-read", heap_read},
    {"heap-before", heap_before}, {"free-read", free_read},
    {"free-write", free_write}, {"free-twice", free_twice},
    {"free-inside", free_inside}, {"stack-write", stack_write},
    {"global-read", global_read}, {"scope", scope}, {"recursion", recursion},
    {"recursion-of-two", recursion_of_two}, {"abort", aborts},
    {"assert", asserts}, {"divide", divides}, {"trap", traps},
    {"overlap", overlap}, {"negative", negative}, {"copy", copies},
    {"length", length_of_wild}, {"vdso", tells_time}, {"thread", thread},
    {"thread-abort", abort_in_thread}, {"library", library},
    {"library-divide", library_divides}, {"opened", opened}, {"sort", sorts},
    {"handler", in_handler}, {"bus", past_the_end}, {"raise", sends},
    {"sys", wrong_call}, {"made-code", made_code}, {"tail", tail_call},
    {"huge", huge}, {"inlined", inlined}};

int
plant(const char *name)
{
	for (size_t i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++)
		if (strcmp(name, bugs[i].name) == 0)
			bugs[i].plant();
	return sink == 0;
}

int
plant_is(const char *path, const char *name)
{
	char line[100];
	FILE *fp = fopen(path, "r");

	if (fp == NULL)
		return 0;
	if (fgets(line, sizeof(line), fp) == NULL)
		line[0] = '\0';
	fclose(fp);
	line[strcspn(line, " \n")] = '\0';
	return strcmp(line, name) == 0;
}
