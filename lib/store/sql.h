/* The files of share/sql, carried by the programs. */
#ifndef LAGO_STORE_SQL_H
#define LAGO_STORE_SQL_H

struct sql_text {
	const char *name; /* of the file, without .sql */
	const char *text;
};

/* Sorted by name, ended by a NULL name. */
extern const struct sql_text sql_texts[];

#endif
