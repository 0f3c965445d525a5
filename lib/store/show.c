#include "store/show.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/plain.h"
#include "job/home.h"
#include "store/pick.h"
#include "store/repro.h"
#include "store/store.h"

/* JSON text of a string, as it stands between the quotes, without what only
 * JSON needs.  NUL and other control characters stay escapes. */
static void
add_json(struct buf *b, const char *json)
{
	struct buf text = BUF_INIT;
	size_t n = strlen(json);

	if (n >= 2 && json[0] == '"') {
		json++;
		n -= 2;
	}
	for (; n > 0; json++, n--) {
		if (n > 1 && json[0] == '\\' && strchr("\"/", json[1])) {
			json++;
			n--;
		} else if (n > 1 && json[0] == '\\') {
			buf_addc(&text, *json++);
			n--;
		}
		buf_addc(&text, *json);
	}
	plain_add(b, buf_str(&text), text.len);
	buf_release(&text);
}

/* The value at a path of the record, empty for null and absent; true when there
 * is one. */
static int
value(
    struct store *s, const struct buf *record, const char *path, struct buf *b)
{
	sqlite3_stmt *q = store_query(s, NULL,
	    "SELECT ?1 -> ?2 WHERE json_type(?1, ?2) != 'null'", "tt",
	    record->p, path);
	int found = q != NULL && store_row(s, q, NULL) == 1;

	buf_reset(b);
	if (found) {
		add_json(b, (const char *)sqlite3_column_text(q, 0));
		store_done(q);
	}
	return found;
}

static void __attribute__((format(printf, 3, 4)))
line(struct buf *b, const char *name, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = mem_strdup("?");
	va_end(ap);
	buf_addf(b, "%-12s %s\n", name, text);
	free(text);
}

/* The frames of a stack at a path of the record. */
static int
frames(struct store *s, const struct buf *record, const char *path,
    struct buf *b, struct fail *f)
{
	sqlite3_stmt *q = store_query(s, f,
	    "SELECT coalesce(value -> '$.fn', value -> '$.raw', ''), "
	    "coalesce(value ->> '$.file', value ->> '$.mod'), CASE WHEN "
	    "value ->> '$.file' IS NOT NULL THEN coalesce(':' || "
	    "(value ->> '$.line'), '') || coalesce(':' || "
	    "(value ->> '$.col'), '') ELSE coalesce('+' || "
	    "(value ->> '$.off'), '') END, coalesce(value ->> '$.i', key), "
	    "value -> '$.ign' = 'true' FROM json_each(?1, ?2) WHERE "
	    "type = 'object' LIMIT 64",
	    "tt", record->p, path);
	const char *text;
	int i, r = -1;

	while (q != NULL && (r = store_row(s, q, f)) == 1) {
		buf_adds(b, sqlite3_column_int(q, 4) ? "    (#" : "    #");
		for (i = 3; i != 4; i = i == 3 ? 0 : i == 2 ? 4 : i + 1) {
			text = (const char *)sqlite3_column_text(q, i);
			if (text == NULL)
				continue;
			if (i < 2)
				buf_addc(b, ' ');
			add_json(b, strcmp(text, "null") == 0 ? "?" : text);
		}
		buf_adds(b, sqlite3_column_int(q, 4) ? ")\n" : "\n");
	}
	return r;
}

static int
stacks(struct store *s, const struct buf *record, struct buf *b, struct fail *f)
{
	struct buf role = BUF_INIT;
	char path[64];
	int i, rc;

	buf_adds(b, "stack:\n");
	rc = frames(s, record, "$.frames", b, f);
	for (i = 0; rc == 0 && i < 16; i++) {
		snprintf(path, sizeof(path), "$.stacks[%d].role", i);
		if (!value(s, record, path, &role))
			break;
		buf_addf(b, "%s:\n", buf_str(&role));
		snprintf(path, sizeof(path), "$.stacks[%d].frames", i);
		rc = frames(s, record, path, b, f);
	}
	buf_release(&role);
	return rc;
}

static void
what(struct store *s, const struct buf *record, struct buf *b)
{
	static const struct {
		const char *name, *path[4];
	} lines[] = {{"kind", {"$.kind", "$.access", "$.access_size", NULL}},
	    {"severity", {"$.severity", "$.severity_reason", NULL}},
	    {"clusterfuzz", {"$.crash_type", NULL}},
	    {"address", {"$.address", NULL}},
	    {"signal", {"$.signal_name", NULL}},
	    {"message", {"$.message", NULL}},
	    {"reproduced", {"$.reproduced", "$.replays", NULL}},
	    {"status", {"$.exit_status", NULL}},
	    {"found by", {"$.origin", "$.finder", "$.artefact", NULL}}};
	struct buf v = BUF_INIT, all = BUF_INIT;
	size_t i, k;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		buf_reset(&all);
		for (k = 0; lines[i].path[k] != NULL; k++)
			if (value(s, record, lines[i].path[k], &v))
				buf_addf(&all, "%s%s",
				    all.len == 0 ? ""
				    : strcmp(lines[i].name, "reproduced") == 0
					? " of "
					: " ",
				    buf_str(&v));
		if (all.len > 0)
			line(b, lines[i].name, "%s", all.p);
	}
	buf_release(&v);
	buf_release(&all);
}

static void
bug_lines(struct store *s, const struct pick *p, struct buf *b)
{
	sqlite3_stmt *q = store_query(s, NULL,
	    "SELECT state, crashes, note FROM bug WHERE id = ?1", "t", p->bug);
	struct buf note = BUF_INIT;
	const char *text;

	if (q == NULL || store_row(s, q, NULL) != 1)
		return;
	line(b, "bug", "%s in %s, %d crash input%s", p->bug, p->project,
	    sqlite3_column_int(q, 1), sqlite3_column_int(q, 1) == 1 ? "" : "s");
	line(b, "state", "%s", sqlite3_column_text(q, 0));
	text = (const char *)sqlite3_column_text(q, 2);
	if (text != NULL && *text != '\0') {
		plain_add(&note, text, strlen(text));
		line(b, "note", "%s", buf_str(&note));
	}
	store_done(q);
	buf_release(&note);
}

/* A file of the run, when it is there. */
static void
file_line(const struct home *h, const struct pick *p, const char *name,
    const char *dir, struct buf *b)
{
	char *path = mem_printf(
	    "%s/jobs/%ld/runs/%ld/%s/%s", h->path, p->job, p->run, dir, p->sha);
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		line(b, name, "%s (%lld bytes)", path, (long long)st.st_size);
	free(path);
}

const char *
show_build(const struct buf *record, struct buf *word)
{
	const char *builds[] = {"san", "cmplog", "laf", "cov"};
	const char *dot;
	size_t i;

	if (json_text(record->p, record->len, "$.judge", word)) {
		dot = strrchr(word->p, '.');
		dot = dot == NULL ? word->p : dot + 1;
		for (i = 0; i < sizeof(builds) / sizeof(builds[0]); i++)
			if (strcmp(dot, builds[i]) == 0)
				return builds[i];
	}
	return "target";
}

int
show_text(struct store *s, const struct home *h, const struct pick *p,
    const struct buf *record, struct buf *b, struct fail *f)
{
	struct buf word = BUF_INIT;
	char *input;
	int rc;

	line(b, "crash", "%s", p->sha);
	if (p->bug[0] != '\0')
		bug_lines(s, p, b);
	line(b, "run", "%ld.%ld", p->job, p->run);
	what(s, record, b);
	file_line(h, p, "input", "crashes", b);
	file_line(h, p, "reduced", "reduced", b);
	file_line(h, p, "output", "reports", b);
	if ((rc = stacks(s, record, b, f)) != 0)
		return rc;
	input = mem_printf(
	    "%s/jobs/%ld/runs/%ld/crashes/%s", h->path, p->job, p->run, p->sha);
	buf_adds(b, "in the unpacked bundle:\n    ");
	rc = repro_line(h, p->job, show_build(record, &word), input, b, f);
	buf_addc(b, '\n');
	free(input);
	buf_release(&word);
	return rc;
}

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
