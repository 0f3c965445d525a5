/* A shared library, linked and opened: it does what it is asked. */
#include "plant.h"

static inline int
sum_of(const int *p, int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++)
		sum += p[i];
	return sum;
}

__attribute__((noinline)) static int
average(const int *p, int n)
{
	return sum_of(p, n) / n;
}

int
plantlib_reads(int *p, int n)
{
	int v = average(p, n);

	return v + (p ? p[0] : 0);
}
