/*
 * One crash input of each bug made smaller: while the fuzzing goes on, when
 * nothing waits to be triaged, behind the fuzzers and in a small part of their
 * time; at the end what is left.  The results are reduced/SHA256 of the
 * original.
 */
#ifndef LAGO_RUN_LIVEREDUCE_H
#define LAGO_RUN_LIVEREDUCE_H

struct life;

void livereduce_tick(struct life *l);
/* Ends what is under way, with what there is of it. */
void livereduce_stop(struct life *l);
/* All that have no reduced form yet, by then (monotonic). */
void livereduce_all(struct life *l, double end);
void livereduce_free(struct life *l);

#endif
