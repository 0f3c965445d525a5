package main

/*
#include <stdlib.h>

static int __attribute__((noinline))
c_store(int *p, int n)
{
	*p = n;
	return n;
}

static int __attribute__((noinline))
c_abort(void)
{
	abort();
}
*/
import "C"

import "unsafe"

func unsafeAt(at uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&at))
}

//go:noinline
func cgoSegv(n int) int { return int(C.c_store(nil, C.int(n))) }

//go:noinline
func cgoAbort(n int) int { return int(C.c_abort()) }
