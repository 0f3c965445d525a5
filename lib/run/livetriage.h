/*
 * Triage while the fuzzing goes on: new crash inputs go to a lago-triage that
 * stays, below the keeper and behind the fuzzers; each record is appended to
 * crashes.jsonl, what the target printed is copied to reports/.
 *
 * One try finds the bucket.  The first inputs of each (bucket, exact bucket)
 * are tried as often as the job says then; their second record replaces the
 * first.
 */
#ifndef LAGO_RUN_LIVETRIAGE_H
#define LAGO_RUN_LIVETRIAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct found;
struct life;

/* Reads the records there are; before collect_start. */
int livetriage_start(struct life *l);
/* To be triaged, unless a record of it is there. */
void livetriage_add(struct life *l, struct found *f);
/* What its fuzzer printed when it found it. */
void livetriage_trace(
    struct life *l, const struct found *f, const struct buf *text);
void livetriage_tick(struct life *l);
bool livetriage_busy(const struct life *l); /* inputs are being run */
/* Until all is done, or that moment (monotonic). */
void livetriage_drain(struct life *l, double end);
void livetriage_free(struct life *l);

uint64_t livetriage_bugs(const struct life *l);
uint64_t livetriage_untriaged(const struct life *l);

/* The smallest input that reproduces, of each bug.  The caller frees the list,
 * not what is in it. */
size_t livetriage_best(const struct life *l, struct found ***best);

#endif
