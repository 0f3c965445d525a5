/*
 * Nodes on which everything fails get no more runs for a while.
 *
 * A run that is lost for the first time speaks against its node; lost again, on
 * whatever node, it speaks against itself.  One that fuzzes or is done speaks
 * for its node.  So many passes with failures and none with a success
 * (`failures`) set the node aside for a time (`aside`), a line of events; after
 * it the next failure does so again.  lago-node revive ends it and forgets.
 *
 * jobs/.failing has the counts, lines NODE TAB COUNT TAB TIME.  It is lost
 * without harm.
 */
#ifndef LAGO_CLUSTER_ASIDE_H
#define LAGO_CLUSTER_ASIDE_H

#include <stdint.h>

struct fail;
struct home;
struct node;
struct nodes;
struct policy;
struct store;

void aside_read(struct nodes *nodes, const struct home *h);

/* After all runs were judged: from failed, worked and reason of the nodes; tell
 * is called for those that are set aside now. */
int aside_judge(struct nodes *nodes, const struct home *h, struct store *s,
    const struct policy *p, int64_t now,
    void (*tell)(const struct node *node, void *arg), void *arg,
    struct fail *f);

#endif
