/* Rows of a query as records: names and order are those of its columns. */
#ifndef LAGO_STORE_ROWS_H
#define LAGO_STORE_ROWS_H

struct fail;
struct out;
struct sqlite3_stmt;
struct store;

/* The fields of the current row, without the end of the record. */
void rows_put(struct out *o, struct sqlite3_stmt *q);

/* All rows of a query (or NULL, an error of store_query): their number or -1. */
long rows_print(
    struct store *s, struct out *o, struct sqlite3_stmt *q, struct fail *f);

#endif
