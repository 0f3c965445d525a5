/*
 * Which CPUs, and whose.
 *
 * A job claims a core by flock(2) on a file named by the core's number, so two
 * jobs of one machine never share one.  The directory of these files is
 * $LAGO_LOCKS, else /run/lock/lago, else (where that can neither be made nor
 * entered) /tmp/lago-locks: mode 1777, the files 0666, so that all users of
 * the machine see each other's claims.  A lock ends with the last descriptor
 * of it: give the descriptors to the keeper, which alone inherits them.
 */
#ifndef LAGO_TARGET_CPUS_H
#define LAGO_TARGET_CPUS_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct fail;

struct cpus {
	int *v; /* ascending, each once */
	size_t n;
};

/* Those that this process may run on. */
int cpus_allowed(struct cpus *c, struct fail *f);
/* A list as taskset(1) has it, "0-3,8"; 64 when it is not one, or when it
 * names a CPU that this process may not run on. */
int cpus_parse(struct cpus *c, const char *list, struct fail *f);
void cpus_format(const struct cpus *c, struct buf *b);
void cpus_release(struct cpus *c);

struct cpus_claim {
	struct cpus cpus;
	int *fd; /* the lock of cpus.v[i]; closed on exec */
};

/*
 * Claim n of the given ones, lowest numbers first.  75 when fewer are free: at
 * once (wait 0), or after so many seconds (below 0: for ever; a signal of
 * base/sig.h ends the waiting, 75).  Nothing is held after a failure, nor
 * between two tries.  73 when no lock directory can be had, 64 when n exceeds
 * what was given.
 */
int cpus_claim(struct cpus_claim *claim, const struct cpus *from, size_t n,
    double wait, struct fail *f);
/* Close our descriptors: free only when the keeper's are closed too. */
void cpus_unclaim(struct cpus_claim *claim);
/* How many of these could be claimed now; -1 as cpus_claim. */
int cpus_free(const struct cpus *from, struct fail *f);

#endif
