#include "store/rows.h"

#include <sqlite3.h>

#include "base/out.h"
#include "store/store.h"

void
rows_put(struct out *o, sqlite3_stmt *q)
{
	const char *name;
	int i;

	for (i = 0; i < sqlite3_column_count(q); i++) {
		name = sqlite3_column_name(q, i);
		switch (sqlite3_column_type(q, i)) {
		case SQLITE_NULL:
			out_text(o, name, NULL);
			break;
		case SQLITE_INTEGER:
			out_int(o, name, sqlite3_column_int64(q, i));
			break;
		case SQLITE_FLOAT:
			out_real(o, name, sqlite3_column_double(q, i), 2);
			break;
		default:
			out_bytes(o, name,
			    (const char *)sqlite3_column_text(q, i),
			    (size_t)sqlite3_column_bytes(q, i));
		}
	}
}

long
rows_print(struct store *s, struct out *o, sqlite3_stmt *q, struct fail *f)
{
	long n = 0;
	int r;

	if (q == NULL)
		return -1;
	while ((r = store_row(s, q, f)) == 1) {
		rows_put(o, q);
		out_end(o);
		n++;
	}
	return r < 0 ? -1 : n;
}
