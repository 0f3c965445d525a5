/*
 * A control group (version 2) with a memory limit, for a process and all that
 * it starts: exact, and it counts what a sanitizer's address space cannot.  It
 * is made beside or above our own group, wherever we may: as root, or in what a
 * service manager has delegated.
 */
#ifndef LAGO_TARGET_CGROUP_H
#define LAGO_TARGET_CGROUP_H

#include <stdint.h>

struct cgroup {
	char *path, *home; /* NULL: none; where we were before */
	int events;
};
#define CGROUP_INIT            \
	{                      \
		NULL, NULL, -1 \
	}

/* A new group, limited to so much; path stays NULL where there is none to be
 * had. */
void cgroup_make(struct cgroup *c, uint64_t bytes);
/* This process goes into it. */
void cgroup_enter(struct cgroup *c);
/* Processes that the kernel killed in it for memory. */
uint64_t cgroup_kills(const struct cgroup *c);
/* This process, its last one, leaves and removes it. */
void cgroup_leave(const struct cgroup *c);
/* Once nothing lives in it. */
void cgroup_remove(struct cgroup *c);

#endif
