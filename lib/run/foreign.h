/*
 * What others found for this run: foreign/SHA256.  There from the start is the
 * corpus that its target has and what the job's other shards have found; those
 * are seeds.  What comes while it runs is put into incoming/SHA256, each file
 * whole, and is given to the fuzzer here: into the directory that its driver
 * names, as id:NNNNNN,lago, numbers without holes.
 */
#ifndef LAGO_RUN_FOREIGN_H
#define LAGO_RUN_FOREIGN_H

struct life;

#define FOREIGN_DIR "foreign"
#define FOREIGN_INCOMING "incoming"

/* Behind collect_start and the driver's probe. */
void foreign_start(struct life *l);
/* Once a second: what has come, seldom much. */
void foreign_tick(struct life *l);

#endif
