/* What the directory of a run says about it. */
#ifndef LAGO_RUN_SUMMARY_H
#define LAGO_RUN_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

struct fail;

struct summary {
	char state[16], reason[16];
	double seconds;	      /* of fuzzing */
	int64_t execs, edges; /* -1: unknown */
	uint64_t corpus, crashes, bugs;
};
int summary_read(int dir, struct summary *s, struct fail *f);

/* How many bugs it found that the records of another run directory (NULL: none)
 * do not have. */
size_t summary_news(int dir, const char *known);

#endif
