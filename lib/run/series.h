/*
 * stats.tsv: a line every ten seconds of what the instances say about
 * themselves, lago-records(5).
 */
#ifndef LAGO_RUN_SERIES_H
#define LAGO_RUN_SERIES_H

#include <stdint.h>

struct instance;
struct life;

#define SERIES_INTERVAL 10.0 /* seconds */

void series_start(struct life *l);
void series_tick(struct life *l); /* at most a line in the interval */
/* An instance ended: its last words. */
void series_ended(struct life *l, struct instance *in);
void series_last(struct life *l); /* the line that stays */
void series_free(struct life *l);

int64_t series_execs(const struct life *l); /* -1: nobody knows */
int64_t series_edges(const struct life *l);

#endif
