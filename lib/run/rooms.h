/* Working directories for instances and replays, and what all of them find in
 * their environment. */
#ifndef LAGO_RUN_ROOMS_H
#define LAGO_RUN_ROOMS_H

struct life;
struct strs;

/* work/kind/number, with the bundle's entries linked in. */
int rooms_make(struct life *l, const char *kind, unsigned number);
/* PATH, HOME, TMPDIR and LANG, where env has none. */
void rooms_env(const struct life *l, struct strs *env);

#endif
