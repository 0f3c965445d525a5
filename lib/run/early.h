/*
 * A fuzzer that dies of a unit of its own corpus dies of it at every start.
 * What it names as its last one at two deaths in a row, and is in the corpus or
 * among the seeds, goes to quarantine/.
 */
#ifndef LAGO_RUN_EARLY_H
#define LAGO_RUN_EARLY_H

struct instance;
struct life;

/* It has ended; its log is still there. */
void early_death(struct life *l, struct instance *in);

#endif
