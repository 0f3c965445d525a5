/*
 * Delivering: the last artefacts, the rest of the triage, the minimal corpus,
 * one reduced input of each bug.  Each step has a part of the budget; what is
 * missing at its end is what the next call begins with.
 */
#ifndef LAGO_RUN_FINISH_H
#define LAGO_RUN_FINISH_H

struct life;

int finish_go(struct life *l);

#endif
