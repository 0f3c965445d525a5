/*
 * A crash as a report of CASR (ispras/casr), which casr-cli shows and
 * casr-cluster reads: one JSON object, on one line.
 */
#ifndef LAGO_REPORT_CASREP_H
#define LAGO_REPORT_CASREP_H

struct buf;
struct facts;
struct kindinfo;

void casrep_add(
    const struct facts *x, const struct kindinfo *kinds, struct buf *b);

#endif
