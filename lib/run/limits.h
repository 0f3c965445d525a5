/* Disk and memory of a run, against its job's settings and the machine. */
#ifndef LAGO_RUN_LIMITS_H
#define LAGO_RUN_LIMITS_H

#include <stdint.h>

struct life;

/* Before fuzzing: set aside what delivering the results will need. */
void limits_reserve(struct life *l);
/* Measures, with a stats line; ends the largest instance when the run uses more
 * memory than the job has. */
void limits_measure(struct life *l);
/* Once a second; -1 and life_fail when the disk's quota is used up or the
 * machine's disk full: the reserve is freed then. */
int limits_tick(struct life *l);

uint64_t limits_rss(const struct life *l); /* MiB, as measured last */
uint64_t limits_disk(const struct life *l);

#endif
