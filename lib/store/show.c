#include "store/show.h"

#include <sqlite3.h>

#include "base/buf.h"
#include "base/plain.h"
#include "store/pick.h"
#include "store/store.h"

int
show_json(struct store *s, const struct pick *p, const struct buf *record,
    struct buf *b, struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f,
	    "SELECT json_set(?1, '$.job', ?2, '$.run', ?2 || '.' || ?3, "
	    "'$.bug', nullif(?4, ''), '$.state', (SELECT state FROM bug WHERE "
	    "id = ?4), '$.note', (SELECT note FROM bug WHERE id = ?4), "
	    "'$.path', format('jobs/%d/runs/%d/crashes/%s', ?2, ?3, ?5))",
	    "tiitt", record->p, (int64_t)p->job, (int64_t)p->run, p->bug,
	    p->sha);

	if (q == NULL || store_row(s, q, f) != 1)
		return -1;
	plain_add_json(b, (const char *)sqlite3_column_text(q, 0),
	    (size_t)sqlite3_column_bytes(q, 0));
	buf_addc(b, '\n');
	store_done(q);
	return 0;
}
