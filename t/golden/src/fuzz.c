/* libFuzzer: -DWHAT=function chooses what an input that begins with FUZZ does. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

volatile int zero, one = 1;
void *volatile sink;

__attribute__((noinline)) static void
overflow(const uint8_t *p, size_t n)
{
	char *copy = malloc(n);

	memcpy(copy, p, n);
	zero = copy[n * (size_t)one];
	free(copy);
}

__attribute__((noinline)) static void
hang(const uint8_t *p, size_t n)
{
	while (one)
		zero = p[n - 1];
}

__attribute__((noinline)) static void
eat(const uint8_t *p, size_t n)
{
	for (;;) {
		char *v = malloc(16 << 20);
		memset(v, p[n - 1], 16 << 20);
		sink = v;
	}
}

__attribute__((noinline)) static void
huge(const uint8_t *p, size_t n)
{
	(void)p;
	sink = malloc(n << 30);
}

__attribute__((noinline)) static void
leak(const uint8_t *p, size_t n)
{
	(void)p;
	sink = malloc(n);
	sink = NULL;
}

__attribute__((noinline)) static void
overwrite(const uint8_t *p, size_t n)
{
	((uint8_t *)p)[n - 1] ^= 1;
}

__attribute__((noinline)) static void
leave(const uint8_t *p, size_t n)
{
	(void)p;
	exit((int)n);
}

__attribute__((noinline)) static void
die(const uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	abort();
}

__attribute__((noinline)) static void
slow(const uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	sleep(3);
}

__attribute__((noinline)) static void
fault(const uint8_t *p, size_t n)
{
	*(volatile uint8_t *)(long)zero = p[n - 1];
}

__attribute__((noinline)) static void
ends(const uint8_t *p, size_t n)
{
	(void)p;
	fprintf(stderr, "fuzz.c:%zu: giving up\n", n);
	_exit(1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n >= 4 && memcmp(p, "FUZZ", 4) == 0)
		WHAT(p, n);
	return 0;
}
