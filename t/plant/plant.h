/*
 * Bugs to be planted in programs, by name: plant("null-write") does not return
 * when the build shows that bug.  What calls plant() makes the chain.
 */
#ifndef PLANT_H
#define PLANT_H

#ifdef __cplusplus
extern "C" {
#endif

/* 0: no such bug, or this build does not show it. */
int plant(const char *name);
int plant_cxx(const char *name); /* those of plant.cc */
/* The first line of a file: for bugs that must come before main. */
int plant_is(const char *path, const char *name);
/* Of the shared libraries, which are plantlib.c. */
int plantlib_reads(int *p, int n);

#ifdef __cplusplus
}
#endif

#endif
