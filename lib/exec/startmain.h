/* For what is preloaded into a target: its main is called through the function
 * `ours`, which the file that includes this has, and which calls theirs. */
#ifndef LAGO_EXEC_STARTMAIN_H
#define LAGO_EXEC_STARTMAIN_H

#include <dlfcn.h>

#define PUBLIC __attribute__((visibility("default")))

typedef int main_function(int, char **, char **);
static main_function *theirs, ours;

typedef int start_function(main_function *, int, char **, void (*)(void),
    void (*)(void), void (*)(void), void *);

PUBLIC start_function __libc_start_main;
int
__libc_start_main(main_function *m, int argc, char **argv, void (*init)(void),
    void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	start_function *next;

	*(void **)&next = dlsym(RTLD_NEXT, "__libc_start_main");
	theirs = m;
	return next(ours, argc, argv, init, fini, rtld_fini, stack_end);
}

#endif
