/*
 * One lago-triage that stays: it is started at the first input and given more
 * as they come, so it proves its fast mode once.  What it was given and has not
 * answered is taken back when it ends.
 */
#ifndef LAGO_RUN_TRIAGER_H
#define LAGO_RUN_TRIAGER_H

#include <stddef.h>

#include "run/life.h"

struct found;

struct triager {
	enum life_build build;
	int tries;
	struct task *task; /* NULL: not running */
	int feed;
	size_t read;  /* of what it printed */
	size_t total; /* inputs since it was started */
	double idle;  /* since when; monotonic */
	struct found **given;
	size_t n;
};

/* How many more it takes now. */
size_t triager_room(const struct triager *t);
/* -1: it cannot be started.  One that was dropped meanwhile is no error. */
int triager_give(struct life *l, struct triager *t, struct found *f);
/* Whose record the line is; NULL: nobody's. */
typedef struct found *triager_take(
    struct life *l, const struct triager *t, const char *p, size_t n);
typedef void triager_back(struct life *l, struct found *f);
/* take() gets each new record; when it has ended, back() gets all that it has
 * not answered. */
void triager_tick(
    struct life *l, struct triager *t, triager_take *take, triager_back *back);
/* No more inputs: it ends by itself. */
void triager_close(struct triager *t);
void triager_release(struct life *l, struct triager *t);

#endif
