/*
 * How a home wants its queue run: keys of its config, lago-dispatch(1).
 */
#ifndef LAGO_CLUSTER_POLICY_H
#define LAGO_CLUSTER_POLICY_H

#include <stdint.h>

struct fail;
struct home;

struct policy {
	int64_t free;	  /* MiB, below it nothing starts */
	int64_t lease;	  /* seconds, as the others */
	int64_t ageing;	  /* of waiting for a point of priority, 0: none */
	int64_t patience; /* until a node is kept free for what fits nowhere */
	int64_t aside;	  /* that a failing node gets nothing; 0: never */
	int64_t failures; /* one after another until then */
	char *weights;	  /* OWNER:NUMBER,... */
};

/* 78. */
int policy_read(struct policy *p, const struct home *h, struct fail *f);
void policy_release(struct policy *p);

#endif
