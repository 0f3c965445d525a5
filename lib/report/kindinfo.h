/* What a kind of bug is, for people: the table share/rules/kinds. */
#ifndef LAGO_REPORT_KINDINFO_H
#define LAGO_REPORT_KINDINFO_H

struct fail;
struct kindinfo;

struct kindinfo_row {
	const char *kind, *cwe, *what, *help; /* cwe: a number, or NULL */
};

/* 78 for a line that is no row. */
struct kindinfo *kindinfo_load(struct fail *f);
void kindinfo_free(struct kindinfo *k); /* NULL is fine */

/* A row in any case; for a kind that the table does not have, its name. */
struct kindinfo_row kindinfo_find(const struct kindinfo *k, const char *kind);

#endif
