/*
 * Whether an input may still show a bug, as fast as its target allows: AFL++'s
 * fork server and the way the run ends; else a late fork server (exec.h) and
 * what is printed, when that shows the bug as a fresh process does; else a
 * fresh process.  Several at a time are processes, each with its own.
 */
#ifndef LAGO_REDUCE_TRIER_H
#define LAGO_REDUCE_TRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct fail;
struct oracle;
struct trier;

enum trier_answer {
	TRIER_NO,
	TRIER_LIKE,  /* perhaps; surely when trier_is_sure() */
	TRIER_STRAY, /* it crashes in another way */
	TRIER_STOP,  /* a signal came for us */
	TRIER_BROKEN /* it cannot be run any more */
};

struct trier_opts {
	struct oracle *oracle;	/* which is used for its target, opened */
	const char *dir, *file; /* private; name of the input in it */
	const int *cpu;
	size_t cpus, workers;
	unsigned tries, votes; /* votes of so many tries must show it */
	double limit;	       /* seconds a try */
	bool server;	       /* the target has AFL++'s fork server */
};

/* p[0..n) shows the bug.  NULL never: it can always be run by fresh processes.
 * Candidates are never longer than it. */
struct trier *trier_open(const struct trier_opts *o, const void *p, size_t n);
void trier_close(struct trier *t);

enum trier_answer trier_try(struct trier *t, const void *p, size_t n);
/* How many at a time are worth it; and that: the number of the first that is
 * LIKE, -1 for none; *other is another answer, of number *which. */
size_t trier_width(const struct trier *t);
int trier_several(struct trier *t, const struct buf *const *v, size_t n,
    enum trier_answer *other, size_t *which);

bool trier_is_sure(const struct trier *t); /* LIKE is a fresh verdict */
void trier_limit(struct trier *t, double limit);
uint64_t trier_count(const struct trier *t);  /* tries */
const char *trier_way(const struct trier *t); /* for a person */

#endif
