/*
 * Two crashes compared by their stacks (crash/similarity.h), each a crash or
 * bug of a home, or a file with saved output.
 */
#ifndef LAGO_REPORT_ALIKE_H
#define LAGO_REPORT_ALIKE_H

struct alike;
struct fail;
struct home;
struct store;

struct alike *alike_new(struct fail *f); /* NULL on error */
void alike_free(struct alike *a);	 /* NULL is fine */

/* The one or the other side (0, 1): 66 when it is not there, 65 when there is
 * no crash in it. */
int alike_log(struct alike *a, int side, const char *path, struct fail *f);
int alike_crash(struct alike *a, int side, struct store *s,
    const struct home *h, const char *id, struct fail *f);

double alike_similarity(const struct alike *a); /* 0 to 1 */

#endif
