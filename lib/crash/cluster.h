/*
 * Stacks that are alike, in groups: complete linkage, so that no two of a
 * cluster are CLUSTER_DISTANCE or more apart (1 - similarity_of()).
 *
 *	n = cluster_add(c, v, nv);	// for each stack, in any order
 *	...
 *	cluster_settle(c);
 *	cluster_of(c, n);		// from 1, by first appearance
 *
 * Equal stacks are one.  A new one is compared only with those that have
 * enough of the first CLUSTER_TOP frames in common to be near at all, and what
 * is near is linked: the clusters of stacks that are linked are worked out
 * once, at the end, and are those of all stacks compared with all.  Where more
 * than CLUSTER_LINKED stacks are linked, which a deep recursion may do, their
 * clusters are worked out when it is found, and closed: what comes later joins
 * the nearest of them, or stays outside; CLUSTER_KNOWN stacks stand for each.
 */
#ifndef LAGO_CRASH_CLUSTER_H
#define LAGO_CRASH_CLUSTER_H

#include <stddef.h>
#include <stdint.h>

struct similarity_frame;

#define CLUSTER_DISTANCE 0.3

enum { CLUSTER_TOP = 16, CLUSTER_LINKED = 512, CLUSTER_KNOWN = 32 };

struct cluster;

struct cluster *cluster_new(void);
void cluster_free(struct cluster *c); /* NULL is fine */

/* The number of the stack, from 0; equal ones have the same.  1 to
 * SIMILARITY_FRAMES frames, which are copied. */
size_t cluster_add(
    struct cluster *c, const struct similarity_frame *v, size_t n);

/* More may be added behind it: they join, or are clusters of their own. */
void cluster_settle(struct cluster *c);
unsigned cluster_of(const struct cluster *c, size_t stack);

#endif
