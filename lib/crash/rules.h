/*
 * The tables of share/rules that people edit: frames that say nothing about a
 * bug, severity.  Read once; a rule that cannot be read is an error (78)
 * naming file and line.
 */
#ifndef LAGO_CRASH_RULES_H
#define LAGO_CRASH_RULES_H

struct fail;
struct rules;

/* dir NULL: rules/ in paths_share(). */
struct rules *rules_load(const char *dir, struct fail *f);
void rules_free(struct rules *r); /* NULL is fine */

#endif
