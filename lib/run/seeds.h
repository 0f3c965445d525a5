/*
 * The start check: the empty input and every seed run once where replays run.
 * All fail alike: the build is bad.  One that crashes, hangs or eats memory
 * goes to quarantine/ and into the records, never to a fuzzer.
 */
#ifndef LAGO_RUN_SEEDS_H
#define LAGO_RUN_SEEDS_H

struct life;

int seeds_check(struct life *l);

#endif
